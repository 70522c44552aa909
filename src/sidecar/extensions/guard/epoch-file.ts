import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Ledger } from '../../../ledger/ledger.ts'

/** Names the books; another one means that what was held under the one before is not in them. */
export interface Epoch {
  readonly id: string
  /** The books are new, or older than they were: what was spent is missing in them. */
  readonly isLost: boolean
}

/**
 * The epoch is in a file beside the ledger, with the latest time that the ledger had booked. A ledger that knows less than that was deleted, or restored from a
 * backup: it gets another epoch, and grants nothing until it is told what was spent.
 */
export function readEpoch(path: string, ledger: Ledger, newId: () => string): Epoch {
  const lastMs = bookedMs(ledger)
  const known = read(path)
  if (known === undefined) {
    // Without the file nothing tells whether the books are whole, but empty ones are new.
    const epoch = { id: newId(), isLost: false }
    writeEpoch(path, epoch.id, lastMs)
    return epoch
  }
  if (lastMs >= known.bookedMs) return { id: known.id, isLost: false }
  // First, so that no crash between the two leaves books that nobody doubts.
  ledger.isRecovering = true
  const epoch = { id: newId(), isLost: true }
  writeEpoch(path, epoch.id, lastMs)
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
