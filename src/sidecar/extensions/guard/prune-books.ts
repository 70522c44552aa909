import type { Books } from './open-books.ts'

/** Holds that are settled, accounts whose window is over and runs that were stopped are kept so long. */
const KEPT_MS = 35 * 86_400_000

/** Forgets what nobody asks for any more. Throws when it can't be written. */
export function pruneBooks({ ledger, rates, approvals, past, stops }: Books, nowMs: number): void {
  for (const book of [ledger, rates, approvals, past, stops]) book.prune(nowMs - KEPT_MS)
}
