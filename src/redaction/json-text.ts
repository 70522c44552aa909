import type { Derived, Match } from './matches.ts'

const BACKSLASH = 0x5c
const QUOTE = 0x22

/**
 * The value with its JSON escapes resolved, of all levels at once: `\u0040`, `\\u0040` and `\\\\u0040` are all `@`, so that JSON in strings in JSON
 * hides nothing. What is no escape stays as it is. Undefined when nothing was resolved.
 */
export function unescapeJson(bytes: Uint8Array, start: number, end: number): Derived | undefined {
  const text = new Uint8Array(end - start)
  const from = new Int32Array(end - start)
  const to = new Int32Array(end - start)
  let write = 0
  let at = start
  let isChanged = false
  while (at < end) {
    const unit = at
    if (bytes[at] !== BACKSLASH) {
      text[write] = bytes[at++] as number
      from[write] = unit
      to[write++] = at
      continue
    }
    let letter = at
    while (letter < end && bytes[letter] === BACKSLASH) letter++
    const code = escapedCode(bytes, letter, end)
    at = code < 0 ? Math.min(letter, end) : letter + (bytes[letter] === 0x75 ? 5 : 1)
    isChanged ||= code >= 0
    for (const byte of code < 0 ? [BACKSLASH] : utf8(code)) {
      text[write] = byte
      from[write] = unit
      to[write++] = at
    }
  }
  if (!isChanged) return undefined
  return {
    bytes: text.subarray(0, write),
    origin: (first, last) => ({ start: from[first] as number, end: to[last - 1] as number }),
  }
}

const SINGLE = new Map([
  [0x6e, 10],
  [0x72, 13],
  [0x74, 9],
  [0x62, 8],
  [0x66, 12],
  [0x2f, 0x2f],
  [QUOTE, QUOTE],
])

/** The character that the escape stands for, or -1. Halves of a surrogate pair count as letters of their own: no rule is about them. */
function escapedCode(bytes: Uint8Array, letter: number, end: number): number {
  if (letter >= end) return -1
  if (bytes[letter] !== 0x75) return SINGLE.get(bytes[letter] as number) ?? -1
  if (letter + 5 > end) return -1
  let code = 0
  for (let i = letter + 1; i < letter + 5; i++) {
    const digit = Number.parseInt(String.fromCharCode(bytes[i] as number), 16)
    if (Number.isNaN(digit)) return -1
    code = code * 16 + digit
  }
  return code
}

/** Never more bytes than the escape has. */
const utf8 = (code: number): number[] => {
  if (code < 0x80) return [code]
  if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)]
  return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]
}

/** Moves the start of a match out of an escape that it would cut in two: what stands behind a backslash belongs to it. */
export function leaveEscapeWhole(bytes: Uint8Array, start: number, match: Match): void {
  if (match.start === start || bytes[match.start - 1] !== BACKSLASH) return
  const letter = bytes[match.start] as number
  if (letter === 0x75) match.start = Math.min(match.end, match.start + 5)
  else if (SINGLE.has(letter)) match.start++
}

const NUMBER_BYTES_MAX = 64
const NUMBER = /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/
const isNumberByte = (byte: number | undefined): boolean =>
  byte !== undefined &&
  ((byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e || byte === 0x65 || byte === 0x45)
const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/**
 * Finds the numbers of JSON among the matches of one value, in ascending order: they are replaced as a whole and by a string, or the text would
 * be no JSON any more. The reader goes through the value once, whatever the number of matches.
 */
export class JsonNumbers {
  readonly #bytes: Uint8Array
  readonly #start: number
  readonly #end: number
  #at: number
  #isInString = false
  /** The first byte that is no blank: undefined until somebody asks. */
  #first: number | undefined

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.#start = this.#at = start
    this.#end = end
  }

  get #isDocument(): boolean {
    if (this.#first === undefined) {
      let at = this.#start
      while (at < this.#end && isSpace(this.#bytes[at])) at++
      this.#first = this.#bytes[at]
    }
    return this.#first === 0x7b || this.#first === 0x5b
  }

  /** The quote to put around the replacement: empty when the match is no number of JSON. Extends the match to the whole number. */
  quoteAround(match: Match): string {
    const bytes = this.#bytes
    for (let at = match.start; at < match.end; at++) if (!isNumberByte(bytes[at])) return ''
    let from = match.start
    let to = match.end
    while (from > this.#start && match.start - from < NUMBER_BYTES_MAX && isNumberByte(bytes[from - 1])) from--
    while (to < this.#end && to - match.end < NUMBER_BYTES_MAX && isNumberByte(bytes[to])) to++
    let before = from - 1
    while (before >= this.#start && isSpace(bytes[before])) before--
    let behind = to
    while (behind < this.#end && isSpace(bytes[behind])) behind++
    if (!this.#isValuePlace(before, behind)) return ''
    if (!NUMBER.test(String.fromCharCode(...bytes.subarray(from, to)))) return ''
    const isNested = this.#isStringAt(from)
    const escapes = isNested || !this.#isDocument ? this.#escapesOfQuote(before, isNested) : 0
    if (escapes < 0) return ''
    match.start = from
    match.end = to
    return '\\'.repeat(escapes) + '"'
  }

  #isValuePlace(before: number, behind: number): boolean {
    if (before < this.#start) return false
    const left = this.#bytes[before]
    const right = behind < this.#end ? this.#bytes[behind] : undefined
    if (
      right !== undefined &&
      right !== 0x2c &&
      right !== 0x7d &&
      right !== 0x5d &&
      right !== BACKSLASH &&
      right !== QUOTE
    )
      return false
    if (left === 0x3a) {
      let key = before - 1
      while (key >= this.#start && isSpace(this.#bytes[key])) key--
      return key >= this.#start && this.#bytes[key] === QUOTE
    }
    return this.#isDocument && (left === 0x2c || left === 0x5b)
  }

  /** Whether the byte stands in a string of the outermost JSON. */
  #isStringAt(position: number): boolean {
    if (!this.#isDocument) return false
    for (; this.#at < position; this.#at++) {
      const byte = this.#bytes[this.#at]
      if (byte === BACKSLASH && this.#isInString) this.#at++
      else if (byte === QUOTE) this.#isInString = !this.#isInString
    }
    return this.#isInString
  }

  /** How many backslashes a quote of the innermost JSON has: as many as the nearest one before, or one level more when that one opens a string. */
  #escapesOfQuote(before: number, isNested: boolean): number {
    const bytes = this.#bytes
    let quote = before
    while (quote >= this.#start && before - quote < 1024 && bytes[quote] !== QUOTE) quote--
    if (quote < this.#start || bytes[quote] !== QUOTE) return isNested ? 1 : -1
    let escapes = 0
    while (quote - escapes > this.#start && bytes[quote - escapes - 1] === BACKSLASH) escapes++
    let next = quote + 1
    while (next < this.#end && isSpace(bytes[next])) next++
    const isClosing = [0x3a, 0x2c, 0x5d, 0x7d].includes(bytes[next] ?? 0)
    const level = isClosing ? escapes : escapes * 2 + 1
    return Math.max(level, isNested ? 1 : 0)
  }
}
