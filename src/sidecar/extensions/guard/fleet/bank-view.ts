import type { Known } from './bank.ts'

/** What the parts of a fleet know of the bank. */
export interface BankView {
  /** The bank knows this sidecar, and has been heard within the lease; undefined when not. */
  known(): Known | undefined
  /** Time of the bank, in Unix ms; undefined before it was heard. */
  now(): number | undefined
  /** Goes up with every registration: answers from before it are not to be believed. */
  readonly registrations: number
  /** Sidecars in the fleet, at least 1. */
  readonly nodes: number
  /** Why the bank can't be asked, for people; undefined when it can. */
  readonly away: string | undefined
  /** Why the bank gives nothing of a window that began then (Unix ms), for people; undefined when it does. */
  closedFor(starts: number): string | undefined
  heard(ops: number, now: number): void
  /** The bank is another one, or does not know this sidecar. */
  lost(): void
  /** Another sidecar has the ledger of this one. */
  taken(): void
}
