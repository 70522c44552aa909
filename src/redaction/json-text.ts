import type { Match } from './matches.ts'

const BACKSLASH = 0x5c
const QUOTE = 0x22

/** Behind a backslash. */
const ESCAPE_LETTERS = new Set([...'nrtbf/"'].map((letter) => letter.charCodeAt(0)))

/** Moves the start of a match out of an escape that it would cut in two: what stands behind a backslash belongs to it. */
export function leaveEscapeWhole(bytes: Uint8Array, start: number, match: Match): void {
  if (match.start === start || bytes[match.start - 1] !== BACKSLASH) return
  const letter = bytes[match.start] as number
  if (letter === 0x75) match.start = Math.min(match.end, match.start + 5)
  else if (ESCAPE_LETTERS.has(letter)) match.start++
}

const NUMBER_BYTES_MAX = 64
/** `-?\d+(\.\d+)?([eE][-+]?\d+)?` */
function isNumber(bytes: Uint8Array, from: number, to: number): boolean {
  let at = digitsEnd(bytes, bytes[from] === 0x2d ? from + 1 : from, to)
  if (at > 0 && at < to && bytes[at] === 0x2e) at = digitsEnd(bytes, at + 1, to)
  if (at > 0 && at < to && ((bytes[at] as number) | 0x20) === 0x65) {
    const sign = bytes[at + 1]
    at = digitsEnd(bytes, sign === 0x2d || sign === 0x2b ? at + 2 : at + 1, to)
  }
  return at === to
}

/** End of the digits, or -1 when there is none. */
function digitsEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to && (bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39) at++
  return at === from ? -1 : at
}

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
    if (!isNumber(bytes, from, to)) return ''
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
