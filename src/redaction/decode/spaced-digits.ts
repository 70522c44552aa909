import type { Hidden } from './hidden.ts'
import { TextBuilder } from './text-builder.ts'

/** Digits that the trigger has seen, and the bytes that they take with their gaps. */
const HEAD_BYTES = 15
/** Longer runs are lists. */
const DIGITS_MAX = 24

/** Digits with a gap between each two, such as `4 1 1 1 …`, from the eighth at `at` on. Only a match of all of them counts. */
export function spacedDigits(bytes: Uint8Array, start: number, end: number, at: number): Hidden {
  const from = at - HEAD_BYTES + 1
  const gap = bytes[at - 1] as number
  let to = at + 1
  while (to + 1 < end && bytes[to] === gap && isDigit(bytes[to + 1] as number)) to += 2
  if (from < start || (to - from) / 2 > DIGITS_MAX || isDigit(to < end ? (bytes[to] as number) : 0))
    return { until: to, text: undefined }
  const text = new TextBuilder(to - from)
  for (let digit = from; digit < to; digit += 2) text.put(bytes[digit] as number, digit, digit + 1)
  const all = text.length
  return {
    until: to,
    text: { bytes: text.bytes, origin: (left, right) => (right - left < all ? undefined : text.origin(left, right)) },
  }
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
