import type { Hidden } from './hidden.ts'

/** How far into each part a value may reach. */
const PART_BYTES_MAX = 64
const PARTS_MAX = 8
/** From the end of a part to its successor's text: `"},{"type":"text","content":"` in JSON in JSON. */
const BETWEEN_BYTES_MAX = 96

interface Part {
  /** Range of the value. */
  readonly from: number
  readonly to: number
  /** Offset in the joined text. */
  readonly place: number
}

/**
 * Strings that stand beside each other as one, from the quote at `at` on: elements of an array, or the texts of a message's parts
 * (`[{"type":"text","text":"4111 1111"},{"type":"text","text":" 1111 1111"}]`). Only what crosses from one into another counts, and each keeps its place.
 */
export function splitParts(bytes: Uint8Array, start: number, end: number, at: number): Hidden {
  const parts: Part[] = []
  let length = 0
  let quote = at
  while (parts.length < PARTS_MAX) {
    const first = nextText(bytes, quote + 1, end)
    if (first < 0) break
    let to = first
    while (to < end && to - first < PART_BYTES_MAX && isInside(bytes[to] as number)) to++
    const last = quote
    quote = to
    while (quote < end && bytes[quote] === BACKSLASH) quote++
    if (isKey(bytes, quote, end) || isList(bytes, beforeEscapes(bytes, start, last), first)) break
    if (parts.length === 0) length = addFirst(bytes, start, at, parts)
    parts.push({ from: first, to, place: length })
    length += to - first
    if (quote >= end || bytes[quote] !== QUOTE) break
  }
  return { until: quote, text: parts.length === 0 ? undefined : joined(bytes, parts, length) }
}

/** The part that ends with the quote at `at`. Most quotes have none behind them that goes on. Returns its length. */
function addFirst(bytes: Uint8Array, start: number, at: number, parts: Part[]): number {
  const to = beforeEscapes(bytes, start, at)
  let from = to
  while (from > start && to - from < PART_BYTES_MAX && isInside(bytes[from - 1] as number)) from--
  parts.push({ from, to, place: 0 })
  return to - from
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const isInside = (byte: number): boolean => byte !== QUOTE && byte !== BACKSLASH && byte >= 0x20

const isKey = (bytes: Uint8Array, quote: number, end: number): boolean =>
  bytes[skipBlanks(bytes, quote + 1, end)] === 0x3a

/** Long numbers on both sides are two values, not one. */
function isList(bytes: Uint8Array, end: number, first: number): boolean {
  for (let i = 0; i < LIST_DIGITS; i++)
    if (!isDigit(bytes[end - 1 - i] as number) || !isDigit(bytes[first + i] as number)) return false
  return true
}

const LIST_DIGITS = 7
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

function joined(bytes: Uint8Array, parts: readonly Part[], length: number): NonNullable<Hidden['text']> {
  const text = new Uint8Array(length)
  for (const { from, to, place } of parts) text.set(bytes.subarray(from, to), place)
  return {
    bytes: text,
    origin(left, right) {
      const ranges = parts.flatMap(({ from, to, place }) => {
        const range = { start: Math.max(from, from + left - place), end: Math.min(to, from + right - place) }
        return range.start < range.end ? [range] : []
      })
      return ranges.length > 1 ? ranges : undefined
    },
  }
}

function beforeEscapes(bytes: Uint8Array, start: number, at: number): number {
  let from = at
  while (from > start && bytes[from - 1] === BACKSLASH) from--
  return from
}

/** Where the text of the next part begins, behind the quote of the one before it; -1 when there is none. */
function nextText(bytes: Uint8Array, from: number, end: number): number {
  const stop = Math.min(end, from + BETWEEN_BYTES_MAX)
  let at = skipBlanks(bytes, from, stop)
  if (bytes[at] === COMMA) {
    at = skipBlanks(bytes, at + 1, stop)
    while (at < stop && bytes[at] === BACKSLASH) at++
    return at < stop && bytes[at] === QUOTE ? at + 1 : -1
  }
  // The next object: its first text or content.
  for (; at < stop; at++) {
    if (bytes[at] !== QUOTE || !isTextKey(bytes, at + 1, stop)) continue
    const value = valueOf(bytes, at + 1, stop)
    if (value >= 0) return value
  }
  return -1
}

const TEXT = new TextEncoder().encode('text')
const CONTENT = new TextEncoder().encode('content')

const isTextKey = (bytes: Uint8Array, at: number, end: number): boolean =>
  hasKey(bytes, at, end, TEXT) || hasKey(bytes, at, end, CONTENT)

const hasKey = (bytes: Uint8Array, at: number, end: number, key: Uint8Array): boolean =>
  bytes[at] === key[0] && at + key.length < end && key.every((byte, i) => bytes[at + i] === byte)

/** Behind `text": "`, of whatever level. */
function valueOf(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && isInside(bytes[at] as number)) at++
  while (at < end && bytes[at] === BACKSLASH) at++
  if (bytes[at] !== QUOTE) return -1
  at = skipBlanks(bytes, at + 1, end)
  if (bytes[at] !== 0x3a) return -1
  at = skipBlanks(bytes, at + 1, end)
  while (at < end && bytes[at] === BACKSLASH) at++
  return at < end && bytes[at] === QUOTE ? at + 1 : -1
}

function skipBlanks(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x0a)) at++
  return at
}
