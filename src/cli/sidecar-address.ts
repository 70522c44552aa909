import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'

/** Where the sidecar of a state folder answers, in `<state>/sidecar.json`: for the commands that talk to it. */
export interface SidecarAddress {
  readonly pid: number
  /** URL of the control server. */
  readonly control: string
  /** File with the token that orders need. */
  readonly tokenFile?: string | undefined
}

const SIDECAR_FILE = 'sidecar.json'

export function writeSidecarAddress(stateFolder: string, address: SidecarAddress): void {
  const file = join(stateFolder, SIDECAR_FILE)
  writeFileSync(`${file}.new`, `${JSON.stringify(address)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Undefined when no sidecar has written one, or it can't be read. */
export function readSidecarAddress(stateFolder: string): SidecarAddress | undefined {
  try {
    return shape.parse(JSON.parse(readFileSync(join(stateFolder, SIDECAR_FILE), 'utf8')))
  } catch {
    return undefined
  }
}

/** Unless another sidecar has written its own. */
export function removeSidecarAddress(stateFolder: string, pid: number): void {
  if (readSidecarAddress(stateFolder)?.pid === pid) rmSync(join(stateFolder, SIDECAR_FILE), { force: true })
}

const shape = z.object({ pid: z.int(), control: z.string(), tokenFile: z.string().optional() })
