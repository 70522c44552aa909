import { mayBeKey } from './may-be-key.ts'
import { ALNUM, BASE64, CLASS, LETTER } from './subject.ts'
import type { WordSet } from './word-set.ts'

/** What must stand around a word (TRIGGER_WORD) for a rule to find anything there. All that is stated must hold. */
export interface WordNeeds {
  /** A digit within so many bytes before the word's end, or behind it. */
  readonly digits?: readonly [before: number, behind: number]
  /** Behind it a digit, or one of these words, before any other word (number-ahead.ts). */
  readonly fillers?: WordSet
  /** Behind it a blank and so many characters of base64 in a row as make up the shortest credentials. */
  readonly isScheme?: boolean
  /** What leads to a value (keyed-value.ts): the separator behind a key, or a filler. */
  readonly isKey?: boolean
  /** A closing bracket right behind it. */
  readonly isBracketed?: boolean
  /** A blank right before it. */
  readonly isBehindBlank?: boolean
  /** A capital at its start. */
  readonly isCapitalized?: boolean
  /** The letters next to the word, and the one before the letter before, as bits of letterBit; each at most NEIGHBOUR_BYTES_MAX bytes away from the next. */
  readonly neighbours?: readonly [before: number, behind: number, secondBefore: number]
}

export const ANY_LETTER = -1
/** 1 for `a`, 2 for `b`, …; the sign bit for what is no letter. */
export const letterBit = (letter: number): number => {
  const index = (letter | 0x20) - 0x61
  return index >= 0 && index < 26 ? 1 << index : 1 << 31
}
export const NEIGHBOUR_BYTES_MAX = 5

const NEED_INTS = 5
const NO_DIGITS = -1
const KEY = 1
const BRACKETED = 2
const BEHIND_BLANK = 4
const CAPITALIZED = 8
const SCHEME = 16
export const SCHEME_BYTES_MIN = 8

const flagsOf = (needs: WordNeeds | undefined): number =>
  (needs?.isKey === true ? KEY : 0) |
  (needs?.isBracketed === true ? BRACKETED : 0) |
  (needs?.isBehindBlank === true ? BEHIND_BLANK : 0) |
  (needs?.isCapitalized === true ? CAPITALIZED : 0) |
  (needs?.isScheme === true ? SCHEME : 0)

/** The needs of some rules for one word, as numbers. */
export class NeedsOfWord {
  /** For each rule: bytes before and behind in which a digit must be, or NO_DIGITS; letters behind; KEY and the like; second letters before. */
  readonly #ints: Int32Array
  readonly #fillers: readonly (WordSet | undefined)[]
  readonly #letters: number
  /** For each rule the letters before, as bits. */
  readonly #before: readonly number[]
  /** Whether no need says anything about the letter before. */
  readonly #isAnyLetter: boolean
  /** By letter before: indexes of the needs that allow it; made when it is first asked for. */
  readonly #byLetterBefore: (Uint8Array | undefined)[] = []

  constructor(word: string, needs: readonly (WordNeeds | undefined)[]) {
    this.#letters = word.length
    this.#fillers = needs.map((one) => one?.fillers)
    this.#ints = Int32Array.from(
      needs.flatMap((one) => [
        one?.digits?.[0] ?? NO_DIGITS,
        one?.digits?.[1] ?? NO_DIGITS,
        one?.neighbours?.[1] ?? ANY_LETTER,
        flagsOf(one),
        one?.neighbours?.[2] ?? ANY_LETTER,
      ]),
    )
    this.#before = needs.map((one) => one?.neighbours?.[0] ?? ANY_LETTER)
    this.#isAnyLetter = this.#before.every((letters) => letters === ANY_LETTER)
  }

  /** Whether the need with this index, one of those that are likely, is met. */
  isMet(index: number, around: Surroundings): boolean {
    const ints = this.#ints
    const at = index * NEED_INTS
    const behind = ints[at + 2] as number
    if (behind !== ANY_LETTER && (behind & around.letterBehind()) === 0) return false
    const second = ints[at + 4] as number
    if (second !== ANY_LETTER && (second & around.secondBefore(this.#letters)) === 0) return false
    const flags = ints[at + 3] as number
    if (flags !== 0 && !around.hasAll(flags, this.#letters)) return false
    const fillers = this.#fillers[index]
    if (fillers !== undefined && !around.leadsOn(fillers)) return false
    const digitBehind = ints[at + 1] as number
    return digitBehind === NO_DIGITS || around.hasDigit(ints[at] as number, digitBehind)
  }

  /** The needs that the letter before the word allows: few of many. */
  likely(around: Surroundings): Uint8Array {
    const letter = this.#isAnyLetter ? 0 : indexOfBit(around.letterBefore(this.#letters))
    return (this.#byLetterBefore[letter] ??= this.#allowing(letter === 0 ? letterBit(0) : 1 << (letter - 1)))
  }

  #allowing(bit: number): Uint8Array {
    return Uint8Array.from(this.#before.flatMap((letters, i) => ((letters & bit) === 0 ? [] : [i])))
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
  #beforeAt = 0
  #lettersBefore = 0
  #key = 0
  #lettersOfKey = 0
  #nextFrom = 0
  #nextTo = 0
  /** No digit stands in [clearFrom, clearTo): words ascend, and what was looked at for one is known for the next. */
  #clearFrom = 0
  #clearTo = 0

  /** Another text begins. */
  begin(): void {
    this.#clearFrom = this.#clearTo = 0
  }

  /** The word that ends at `at` in the text bytes[start, end). */
  reset(bytes: Uint8Array, start: number, end: number, at: number): void {
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.#at = at
    this.#behind = this.#lettersBefore = this.#lettersOfKey = this.#nextFrom = 0
  }

  /** The letter before the word of so many letters. */
  letterBefore(letters: number): number {
    if (this.#lettersBefore === letters) return this.#before
    this.#lettersBefore = letters
    this.#beforeAt = this.#nextBefore(this.#at - letters)
    this.#before = this.#bitAt(this.#beforeAt)
    return this.#before
  }

  /** The letter before that one. */
  secondBefore(letters: number): number {
    this.letterBefore(letters)
    return this.#bitAt(this.#nextBefore(this.#beforeAt - 1))
  }

  /** The first letter at or before `first`, or where the search for it ends. */
  #nextBefore(first: number): number {
    const stop = Math.max(this.#start, first - NEIGHBOUR_BYTES_MAX + 1)
    let at = first
    while (at > stop && !isLetter(this.#bytes[at] as number)) at--
    return at
  }

  #bitAt(at: number): number {
    return at >= this.#start ? letterBit(this.#bytes[at] as number) : letterBit(0)
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
    const from = this.#at + 1
    const stop = Math.min(this.#end, from + max)
    if (from < this.#clearFrom || from > this.#clearTo) this.#clearFrom = this.#clearTo = from
    let at = this.#clearTo
    while (at < stop && !isDigit(bytes[at] as number)) at++
    this.#clearTo = at
    return at < stop
  }

  /** To be asked when none stands behind. */
  #hasDigitBefore(max: number): boolean {
    const bytes = this.#bytes
    const stop = Math.max(this.#start, this.#at - max)
    let at = Math.min(this.#clearFrom, this.#at + 1)
    while (at > stop && !isDigit(bytes[at - 1] as number)) at--
    this.#clearFrom = at
    return at > stop
  }

  /** Of the word of so many letters. */
  hasAll(flags: number, letters: number): boolean {
    const first = this.#at - letters + 1
    if ((flags & BEHIND_BLANK) !== 0 && (first <= this.#start || this.#bytes[first - 1] !== SPACE)) return false
    if ((flags & CAPITALIZED) !== 0 && ((this.#bytes[first] as number) & 0x20) !== 0) return false
    if ((flags & BRACKETED) !== 0 && !this.#isBracketed()) return false
    if ((flags & SCHEME) !== 0 && !this.#isScheme()) return false
    return (flags & KEY) === 0 || this.#isKey(letters)
  }

  /** Up to the first word or digit behind stands nothing else. */
  leadsOn(fillers: WordSet): boolean {
    const bytes = this.#bytes
    if (this.#nextFrom === 0) {
      let at = this.#at + 1
      const stop = Math.min(this.#end, at + NEXT_BYTES_MAX)
      while (at < stop && ((CLASS[bytes[at] as number] as number) & ALNUM) === 0 && bytes[at] !== BACKSLASH) at++
      let to = at
      while (to < this.#end && to < at + NEXT_LETTERS_MAX && isWordByte(bytes[to] as number)) to++
      this.#nextFrom = at
      this.#nextTo = to
    }
    // What begins beyond ASCII, or behind an escape, is left to the rule.
    return this.#nextTo === this.#nextFrom || fillers.has(bytes, this.#nextFrom, this.#nextTo)
  }

  #isScheme(): boolean {
    const bytes = this.#bytes
    let from = this.#at + 1
    while (from < this.#end && bytes[from] === SPACE) from++
    const to = Math.min(this.#end, from + SCHEME_BYTES_MIN)
    let at = from
    while (at < to && ((CLASS[bytes[at] as number] as number) & BASE64) !== 0) at++
    return from > this.#at + 1 && at - from === SCHEME_BYTES_MIN
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

/** One comparison: hardly a loop here runs more often. */
const isDigit = (byte: number): boolean => (byte - 0x30) >>> 0 < 10
/** As number-ahead.ts reads words. */
const isWordByte = (byte: number): boolean => isLetter(byte) || byte >= 0x80
const NEXT_BYTES_MAX = 48
const NEXT_LETTERS_MAX = 24

const isLetter = (byte: number): boolean => ((CLASS[byte] as number) & LETTER) !== 0

const SPACE = 0x20
const CLOSE_ROUND = 0x29
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const CLOSE_BRACE = 0x7d
