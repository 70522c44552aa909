import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GUARD_MARKER_FILE, guardMarkerText } from '../../../control/guard-marker.ts'
import type { GuardMode } from '../../../control/guard-messages.ts'
import { JOURNAL_FOLDER, journalFileName, parseJournal } from '../../../control/slice-journal.ts'
import type { SliceJournal } from '../../../control/slice-journal.ts'

/** Agents that start from now on know that there are limits. It stays when the sidecar stops: they are denied then. */
export function writeMarker(stateFolder: string, mode: GuardMode): void {
  const file = join(stateFolder, GUARD_MARKER_FILE)
  if (mode === 'off') return rmSync(file, { force: true })
  writeFileSync(`${file}.new`, guardMarkerText({ mode }), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** What a process of this host has written down of its slices; undefined when it can't be believed. */
export function readJournal(stateFolder: string, process: string): SliceJournal | undefined {
  // From an agent: no path.
  if (!/^[\w-]{1,128}$/.test(process)) return undefined
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    const journal = parseJournal(
      readFileSync(join(stateFolder, JOURNAL_FOLDER, journalFileName(process)), 'latin1'),
      boot,
    )
    return journal?.process === process ? journal : undefined
  } catch {
    return undefined
  }
}
