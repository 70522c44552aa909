import type { FleetSlice } from '../../../../ledger/fleet/slice-book.ts'

export interface FleetState {
  readonly node: string
  readonly away: string | undefined
  readonly closed: string | undefined
  readonly epoch: string
  readonly nodes: number
  readonly awaited: number
  readonly heardMsAgo: number | undefined
  readonly drawn: readonly FleetSlice[]
}

/** A bank that waits for a person waits so long, in ms. */
export const FOR_EVER_MS = 1e14

export const TAKEN =
  'another sidecar runs with a copy of the ledger of this one: end one of them, and start the other again with an empty state folder'

/** Why the bank gives nothing of windows that began before it, for people; undefined when it does. `leftMs`: until it opens. */
export function closedBecause(awaited: number, leftMs: number): string | undefined {
  if (awaited > 0)
    return `Redis has lost what it knew, and ${awaited} ${awaited === 1 ? 'sidecar that was there before has' : 'sidecars that were there before have'} not said yet what was spent. It opens by itself when that is said, or the window has ended; a person opens it with POST /api/guard/fleet/open`
  if (leftMs <= 0) return undefined
  if (leftMs > FOR_EVER_MS / 2)
    return 'Redis is empty, and new_bank is operator: open it with POST /api/guard/fleet/open'
  const seconds = Math.ceil(leftMs / 1000)
  return `Redis was found empty, so other sidecars have ${seconds} s more to say what was spent before. Then it opens by itself: try again in ${seconds} s`
}
