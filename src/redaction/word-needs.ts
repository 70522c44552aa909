import { ABBREVIATIONS, COUNTS, FILLERS, VERBS } from './key-fillers.ts'
import { isNameByte, keyBytesMax } from './key-gap.ts'
import { ALNUM, CLASS, LETTER } from './subject.ts'

/** What must stand around a word (TRIGGER_WORD) for a rule to find anything there. All that is stated must hold. */
export interface WordNeeds {
  /** A digit within so many bytes before the word's end, or behind it. */
  readonly digits?: readonly [before: number, behind: number]
  /** What leads to a value (keyed-value.ts): the separator behind a key, or a filler. */
  readonly isKey?: boolean
  /** A closing bracket right behind it. */
  readonly isBracketed?: boolean
  /** A blank right before it. */
  readonly isBehindBlank?: boolean
  /** A capital at its start. */
  readonly isCapitalized?: boolean
  /** The letters next to the word, as bits of letterBit; at most NEIGHBOUR_BYTES_MAX bytes away. */
  readonly neighbours?: readonly [before: number, behind: number]
}

export const ANY_LETTER = -1
/** 1 for `a`, 2 for `b`, …; the sign bit for what is no letter. */
export const letterBit = (letter: number): number => {
  const index = (letter | 0x20) - 0x61
  return index >= 0 && index < 26 ? 1 << index : 1 << 31
}
export const NEIGHBOUR_BYTES_MAX = 5

const NEED_INTS = 4
const LETTERS = 26
const NO_DIGITS = -1
const KEY = 1
const BRACKETED = 2
const BEHIND_BLANK = 4
const CAPITALIZED = 8

const flagsOf = (needs: WordNeeds | undefined): number =>
  (needs?.isKey === true ? KEY : 0) |
  (needs?.isBracketed === true ? BRACKETED : 0) |
  (needs?.isBehindBlank === true ? BEHIND_BLANK : 0) |
  (needs?.isCapitalized === true ? CAPITALIZED : 0)

/** The needs of some rules for one word, as numbers. */
export class NeedsOfWord {
  /** For each rule: bytes before and behind in which a digit must be, or NO_DIGITS; letters behind; KEY and the like. */
  readonly #ints: Int32Array
  readonly #letters: number
  /** Whether no need says anything about the letter before. */
  readonly #isAnyLetter: boolean
  /** By letter before: indexes of the needs that allow it. */
  readonly #byLetterBefore: readonly Uint8Array[]

  constructor(word: string, needs: readonly (WordNeeds | undefined)[]) {
    this.#letters = word.length
    this.#ints = Int32Array.from(
      needs.flatMap((one) => [
        one?.digits?.[0] ?? NO_DIGITS,
        one?.digits?.[1] ?? NO_DIGITS,
        one?.neighbours?.[1] ?? ANY_LETTER,
        flagsOf(one),
      ]),
    )
    const before = needs.map((one) => one?.neighbours?.[0] ?? ANY_LETTER)
    this.#isAnyLetter = before.every((letters) => letters === ANY_LETTER)
    this.#byLetterBefore = Array.from({ length: LETTERS + 1 }, (_, letter) => {
      const bit = letter === 0 ? letterBit(0) : 1 << (letter - 1)
      return Uint8Array.from(before.flatMap((letters, i) => ((letters & bit) === 0 ? [] : [i])))
    })
  }

  /** Whether the need with this index, one of those that are likely, is met. */
  isMet(index: number, around: Surroundings): boolean {
    const ints = this.#ints
    const at = index * NEED_INTS
    const behind = ints[at + 2] as number
    if (behind !== ANY_LETTER && (behind & around.letterBehind()) === 0) return false
    const flags = ints[at + 3] as number
    if (flags !== 0 && !around.hasAll(flags, this.#letters)) return false
    const digitBehind = ints[at + 1] as number
    return digitBehind === NO_DIGITS || around.hasDigit(ints[at] as number, digitBehind)
  }

  /** The needs that the letter before the word allows: few of many. */
  likely(around: Surroundings): Uint8Array {
    return this.#byLetterBefore[this.#isAnyLetter ? 0 : indexOfBit(around.letterBefore(this.#letters))] as Uint8Array
  }

  isAnyMet(around: Surroundings): boolean {
    const likely = this.likely(around)
    for (let i = 0; i < likely.length; i++) if (this.isMet(likely[i] as number, around)) return true
    return false
  }
}

/** 0 for what is no letter. */
const indexOfBit = (bit: number): number => (32 - Math.clz32(bit)) & 31

/** What stands around a word, found out when it is asked for and once. */
export class Surroundings {
  #bytes: Uint8Array = new Uint8Array(0)
  #start = 0
  #end = 0
  #at = 0
  #behind = 0
  #before = 0
  #lettersBefore = 0
  #key = 0
  #lettersOfKey = 0
  /** No digit stands in [at, digitFrom); `hasDigitAt`: one stands there. */
  #digitFrom = 0
  #hasDigitAt = false

  /** The word that ends at `at` in the text bytes[start, end). */
  reset(bytes: Uint8Array, start: number, end: number, at: number): void {
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.#at = at
    this.#behind = this.#lettersBefore = this.#lettersOfKey = 0
    this.#digitFrom = at + 1
    this.#hasDigitAt = false
  }

  /** The letter before the word of so many letters. */
  letterBefore(letters: number): number {
    if (this.#lettersBefore === letters) return this.#before
    const first = this.#at - letters
    const stop = Math.max(this.#start, first - NEIGHBOUR_BYTES_MAX + 1)
    let at = first
    while (at > stop && !isLetter(this.#bytes[at] as number)) at--
    this.#lettersBefore = letters
    this.#before = at >= this.#start ? letterBit(this.#bytes[at] as number) : letterBit(0)
    return this.#before
  }

  letterBehind(): number {
    if (this.#behind !== 0) return this.#behind
    const stop = Math.min(this.#end - 1, this.#at + NEIGHBOUR_BYTES_MAX)
    let at = this.#at + 1
    while (at < stop && !isLetter(this.#bytes[at] as number)) at++
    this.#behind = at < this.#end ? letterBit(this.#bytes[at] as number) : letterBit(0)
    return this.#behind
  }

  hasDigit(before: number, behind: number): boolean {
    return this.#hasDigitBehind(behind) || this.#hasDigitBefore(before)
  }

  #hasDigitBehind(max: number): boolean {
    const bytes = this.#bytes
    const stop = Math.min(this.#end, this.#at + 1 + max)
    let at = this.#digitFrom
    if (this.#hasDigitAt) return at < stop
    while (at < stop && !isDigit(bytes[at] as number)) at++
    this.#digitFrom = at
    this.#hasDigitAt = at < stop
    return at < stop
  }

  #hasDigitBefore(max: number): boolean {
    const bytes = this.#bytes
    const stop = Math.max(this.#start, this.#at - max)
    for (let at = this.#at; at >= stop; at--) if (isDigit(bytes[at] as number)) return true
    return false
  }

  /** Of the word of so many letters. */
  hasAll(flags: number, letters: number): boolean {
    const first = this.#at - letters + 1
    if ((flags & BEHIND_BLANK) !== 0 && (first <= this.#start || this.#bytes[first - 1] !== SPACE)) return false
    if ((flags & CAPITALIZED) !== 0 && ((this.#bytes[first] as number) & 0x20) !== 0) return false
    if ((flags & BRACKETED) !== 0 && !this.#isBracketed()) return false
    return (flags & KEY) === 0 || this.#isKey(letters)
  }

  #isBracketed(): boolean {
    const byte = this.#at + 1 < this.#end ? this.#bytes[this.#at + 1] : 0
    return byte === CLOSE_ROUND || byte === CLOSE_BRACKET || byte === CLOSE_BRACE
  }

  #isKey(letters: number): boolean {
    if (this.#lettersOfKey === letters) return this.#key === 1
    this.#lettersOfKey = letters
    this.#key = mayBeKey(this.#bytes, this.#start, this.#end, this.#at - letters + 1, this.#at + 1) ? 1 : 0
    return this.#key === 1
  }
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
const isLetter = (byte: number): boolean => ((CLASS[byte] as number) & LETTER) !== 0

const WORD_BYTES_MAX = 10
const WORDS_MAX = 5
/** Where fillers go on for longer, keyedValue is asked. */
const FILLER_BYTES_MAX = 24
/** Between a name and its value, behind blanks or fillers. */
const SEPARATORS = new Uint8Array(128)
for (const char of ':=>-#*') SEPARATORS[char.charCodeAt(0)] = 1
/** Whether keyedValue may find a value behind the word bytes[from, to): never false where it does. */
function mayBeKey(bytes: Uint8Array, start: number, end: number, from: number, to: number): boolean {
  const stop = Math.min(end, to + keyBytesMax)
  let at = to
  while (at < stop && isNameByte[bytes[at] as number] === 1) at++
  while (at > to && (bytes[at - 1] === DOT || bytes[at - 1] === DASH)) at--
  if (at >= end) return false
  const byte = bytes[at] as number
  switch (byte) {
    case SPACE:
    case TAB:
      return mayLeadFrom(bytes, end, at) || (from > start && isNameByte[bytes[from - 1] as number] === 1)
    case DASH:
      return bytes[at + 1] === GREATER
    case BACKSLASH:
    case QUOTE:
    case APOSTROPHE:
    case BACKTICK:
      return isQuoteEnd(bytes, end, at)
    default:
      return byte === COLON || byte === EQUALS || byte === GREATER || byte === CLOSE_BRACKET || byte === ASTERISK
  }
}

/** Blanks, fillers and what leads to the value behind them. */
function mayLeadFrom(bytes: Uint8Array, end: number, blank: number): boolean {
  let at = blank
  let isLed = false
  for (let words = 0; words <= WORDS_MAX; words++) {
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++
    const byte = at < end ? (bytes[at] as number) : 0
    if (byte >= 0x80 || SEPARATORS[byte] === 1) return true
    const stop = Math.min(end, at + WORD_BYTES_MAX)
    let to = at
    while (to < stop && (isLetter(bytes[to] as number) || (bytes[to] as number) >= 0x80)) to++
    if (to === at) return isLed
    const isVerb = VERBS.has(bytes, at, to)
    if (!isVerb && !FILLERS.has(bytes, at, to)) return isLed
    isLed = isVerb || COUNTS.has(bytes, at, to)
    const isAbbreviation = bytes[to] === DOT && ABBREVIATIONS.has(bytes, at, to)
    at = isAbbreviation ? to + 1 : to
    if (at - blank > FILLER_BYTES_MAX) return true
  }
  return true
}

/** A quote with its backslashes, behind which no word goes on. */
function isQuoteEnd(bytes: Uint8Array, end: number, start: number): boolean {
  let at = start
  while (at < end && bytes[at] === BACKSLASH) at++
  const byte = at < end ? bytes[at] : 0
  const isQuote = byte === QUOTE || byte === APOSTROPHE || byte === BACKTICK
  return isQuote && (at + 1 >= end || ((CLASS[bytes[at + 1] as number] as number) & ALNUM) === 0)
}

const TAB = 0x09
const SPACE = 0x20
const QUOTE = 0x22
const APOSTROPHE = 0x27
const CLOSE_ROUND = 0x29
const ASTERISK = 0x2a
const DASH = 0x2d
const DOT = 0x2e
const COLON = 0x3a
const EQUALS = 0x3d
const GREATER = 0x3e
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const BACKTICK = 0x60
const CLOSE_BRACE = 0x7d
