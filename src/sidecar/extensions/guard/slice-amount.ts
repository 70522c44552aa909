import type { NanoUsd } from '../../../ledger/nano-usd.ts'

/** A slice is a part of what is left: one in so many, however few processes there are. */
const PARTS_MIN = 160
/** A slice that is more than this part of what is left is none: calls are held for one by one then. */
const SLICE_PARTS_MIN = 16

/**
 * How much a process may spend without asking, when `left` can be held in the tightest of the accounts and `open` slices are open: `asked` at least, or undefined.
 *
 * What processes hold and do not use is out of reach of the others, so it has to be little of the cap. The slice that is opened beside `k` others is 1/160 of what
 * is left, or 1/2(k+1)² when that is less: eight processes have 5 % at most, and any number of them 5 % + Σ 1/2k² for k > 8, less than 12 %, if none used
 * anything and gave nothing back. And near the end, where a slice of some calls is more than a sixteenth of what is left, there are none: each call
 * holds its own bound, and gives back the rest of it when its cost is known.
 */
export function sliceAmount(left: NanoUsd, open: number, asked: NanoUsd): NanoUsd | undefined {
  if (asked > left / SLICE_PARTS_MIN) return undefined
  return Math.max(asked, Math.floor(left / Math.max(PARTS_MIN, 2 * (open + 1) ** 2)))
}
