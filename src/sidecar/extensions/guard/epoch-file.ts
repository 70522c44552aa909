import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Ledger } from '../../../ledger/ledger.ts'
import type { LedgerPlace } from './ledger-place.ts'

/** Names the books; another one means that what was held under the one before is not in them. */
export interface Epoch {
  readonly id: string
  /** Why what was spent is missing in the books: they are new, or older than they were. */
  readonly lost?: string
}

/**
 * The epoch is in a file beside the ledger, with the latest time that the ledger had booked. A ledger that knows less than that was deleted, or restored from a
 * backup: it gets another epoch, and grants nothing until it is told what was spent. So does one whose file is not the one that was written (`place`).
 */
export function readEpoch(path: string, ledger: Ledger, place: LedgerPlace, newId: () => string): Epoch {
  const lastMs = bookedMs(ledger)
  const known = read(path)
  const lost = known !== undefined && lastMs < known.bookedMs ? 'it was deleted, or is older' : place.problem(ledger)
  if (lost === undefined) {
    // Without the file nothing tells whether the books are whole, but empty ones are new.
    if (known !== undefined) return { id: known.id }
    const epoch = { id: newId() }
    writeEpoch(path, epoch.id, lastMs)
    return epoch
  }
  // First, so that no crash in between leaves books that nobody doubts.
  ledger.isRecovering = true
  const epoch = { id: newId(), lost }
  writeEpoch(path, epoch.id, lastMs)
  place.accept(ledger)
  return epoch
}

/** The latest time on disk; what was rolled back is not. */
export function bookedMs({ database }: Ledger): number {
  const value = database.prepare(`SELECT value FROM meta WHERE key = 'clock'`).get()?.['value']
  return typeof value === 'number' ? value : 0
}

/** `booked`: not later than what is on disk in the ledger. */
export function writeEpoch(path: string, id: string, booked: number): void {
  writeFileSync(`${path}.new`, `${JSON.stringify({ epoch: id, booked })}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

function read(path: string): { id: string; bookedMs: number } | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  const [, id, booked] = /^\{"epoch":"([\w-]{1,64})","booked":(\d{1,16})\}\n$/.exec(text) ?? []
  return id === undefined ? undefined : { id, bookedMs: Number(booked) }
}
