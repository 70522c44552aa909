import type { Hidden } from './hidden.ts'
import { TextBuilder } from './text-builder.ts'

/** How far before and behind the break a value may reach. */
const AROUND_BYTES_MAX = 64

/**
 * Two lines as one, around the line break that ends at `at`: a value that somebody's editor has wrapped. Only what crosses the break counts, and not what takes up
 * both of its lines or stands between separators: that is a list.
 */
export function joinedLines(bytes: Uint8Array, start: number, end: number, at: number): Hidden {
  const first = breakStart(bytes, start, at)
  let from = first
  while (from > start && first - from < AROUND_BYTES_MAX && !isLineEnd(bytes[from - 1] as number)) from--
  let to = at + 1
  while (to < end && to - at <= AROUND_BYTES_MAX && !isLineEnd(bytes[to] as number)) to++
  const text = new TextBuilder(to - from)
  text.copy(bytes, from, first)
  const seam = text.length
  text.copy(bytes, at + 1, to)
  const joined = text.bytes

  const origin = (left: number, right: number): { start: number; end: number } | undefined => {
    if (left >= seam || right <= seam) return undefined
    const isList = left === 0 && right === joined.length && joined.indexOf(AT) < 0
    if (isList || isSeparator(joined[left - 1]) || isSeparator(joined[right])) return undefined
    // The window may have cut what stands at its ends.
    if (left === 0 && first - from === AROUND_BYTES_MAX) return undefined
    return text.origin(left, right)
  }
  return { until: at, text: { bytes: joined, seam: { start: first, end: at + 1 }, origin } }
}

const AT = 0x40
const BACKSLASH = 0x5c

const isLineEnd = (byte: number): boolean => byte === 0x0a || byte === 0x0d || byte === BACKSLASH || byte === 0x22
/** Of columns. */
const isSeparator = (byte: number | undefined): boolean =>
  byte === 0x2c || byte === 0x3b || byte === 0x7c || byte === 0x09

/** Where the break begins that ends at `at`: a carriage return belongs to it, and backslashes to their letter. */
function breakStart(bytes: Uint8Array, start: number, at: number): number {
  let from = at
  if (bytes[at] !== 0x0a) while (from > start && bytes[from - 1] === BACKSLASH) from--
  else if (from > start && bytes[from - 1] === 0x0d) from--
  return from
}
