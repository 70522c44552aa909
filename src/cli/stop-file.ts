import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** In the state folder: while it is there, everything is stopped (the guard looks for it twice a second, and before it lets anybody in). */
const STOP_FILE = 'STOP'
const OURS = 'spanwarden stop '

export const stopFileIn = (stateFolder: string): string => join(stateFolder, STOP_FILE)

/** Throws when it can't be written. */
export function writeStopFile(stateFolder: string, person: string, reason: string): void {
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 })
  writeFileSync(stopFileIn(stateFolder), `${OURS}(${person}): ${reason}\n`, { mode: 0o600 })
}

/** Only one that `spanwarden stop` has written: others mean what those who put them there know. False when it stays, or there is none. */
export function removeOwnStopFile(stateFolder: string): boolean {
  try {
    if (!readFileSync(stopFileIn(stateFolder), 'utf8').startsWith(OURS)) return false
    rmSync(stopFileIn(stateFolder))
    return true
  } catch {
    return false
  }
}
