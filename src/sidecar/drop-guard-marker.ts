import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { GUARD_MARKER_FILE } from '../control/guard-marker.ts'
import type { SidecarConfig } from './config.ts'

/** A configuration without a guard limits nobody: the marker that an earlier one has left would have agents denied. */
export function dropGuardMarker({ extensions, extensionOrder }: SidecarConfig, stateFolder: string): void {
  if (extensionOrder.some((id) => extensions.get(id)?.definition.type === 'guard')) return
  try {
    rmSync(join(stateFolder, GUARD_MARKER_FILE), { force: true })
  } catch {
    // On a disk that can't be written to it stays, and denies.
  }
}
