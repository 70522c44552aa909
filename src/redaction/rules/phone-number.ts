import { DIGIT, NUMBER_GAP, SPACE } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { CALLING_CODES } from './calling-codes.gen.ts'

/** A number as it is written. One object is used for all: it is valid until the next call. */
export interface WrittenNumber {
  readonly from: number
  /** Behind the last digit, or behind an extension. */
  readonly to: number
  /** Of the number itself, without extension and without a trunk zero in brackets. */
  readonly digits: number
  readonly groups: number
  /** Begins with `+` or `00`. */
  readonly isInternational: boolean
  /** As international number: its country has numbers of this length. */
  readonly isPlanned: boolean
  /** Begins with a calling code that is in use. */
  readonly isCoded: boolean
  /** Has an area code in brackets. */
  readonly hasArea: boolean
  readonly hasExtension: boolean
  /** A zero first, then groups of two to five digits, the same separator between all. */
  readonly hasTrunkZero: boolean
  /** A date, a decimal number, an IPv4 address, years: other things that are groups of digits. */
  readonly looksElse: boolean
}

const DIGITS_MAX = 15
const GROUPS_MAX = 8

/**
 * Reads the number that begins at `start` with a digit, `(` or `+`: groups of digits with at most three separators between, as many as
 * its country's plan has, else as many as fit into fifteen digits. Undefined when there is none that ends where a number can.
 */
export function readNumber(subject: Subject, start: number): WrittenNumber | undefined {
  number.reset(start)
  let at = start
  if (subject.at(at) === PLUS) at++
  else if (subject.at(at) === ZERO && subject.at(at + 1) === ZERO && subject.is(at + 2, NUMBER_GAP | DIGIT)) {
    number.isInternational = true
    at += 2
    if (subject.is(at, NUMBER_GAP)) at++
  }
  if (at === start + 1) number.isInternational = true
  if (!readGroups(subject, at)) return undefined
  number.to = extensionEnd(subject, number.to)
  number.hasExtension = number.to > number.numberEnd
  number.looksElse = looksElse(subject)
  number.hasTrunkZero = hasTrunkZero(subject)
  return number
}

/** National numbers by calling code: a bit for each length. */
const lengthsOf: ReadonlyMap<number, number> = new Map(
  CALLING_CODES.split(' ').map((entry) => {
    const [code = '', lengths = ''] = entry.split(':')
    return [Number(code), [...lengths].reduce((bits, length) => bits | (1 << Number.parseInt(length, 16)), 0)]
  }),
)

const PLUS = 0x2b
const ZERO = 0x30
const OPEN = 0x28
const CLOSE = 0x29
const DASH = 0x2d
const DOT = 0x2e
const BLANK = 0x20

class Written implements WrittenNumber {
  from = 0
  to = 0
  numberEnd = 0
  digits = 0
  groups = 0
  isInternational = false
  isPlanned = false
  isCoded = false
  hasArea = false
  hasExtension = false
  hasTrunkZero = false
  looksElse = false
  readonly groupStarts = new Int32Array(GROUPS_MAX + 1)
  readonly groupEnds = new Int32Array(GROUPS_MAX + 1)
  readonly #code = new Uint8Array(3)

  reset(from: number): void {
    this.from = from
    this.to = this.digits = this.groups = this.numberEnd = 0
    this.isInternational =
      this.isPlanned =
      this.isCoded =
      this.hasArea =
      this.hasExtension =
      this.hasTrunkZero =
      this.looksElse =
        false
    this.#code.fill(0xff)
  }

  /** Notes the leading digits, which hold the calling code. */
  lead(index: number, digit: number): void {
    if (index < 3) this.#code[index] = digit
  }

  /** Whether the country has national numbers that leave `digits` with the calling code. */
  fitsPlan(digits: number): boolean {
    let code = 0
    for (let length = 1; length <= 3; length++) {
      const digit = this.#code[length - 1] as number
      if (digit > 9) return false
      code = code * 10 + digit
      const lengths = lengthsOf.get(code)
      this.isCoded = lengths !== undefined
      if (lengths !== undefined) return ((lengths >>> (digits - length)) & 1) === 1
    }
    return false
  }
}

const number = new Written()

function readGroups(subject: Subject, start: number): boolean {
  let at = subject.at(start) === OPEN ? start + 1 : start
  let isBracketed = at > start
  let digits = 0
  for (let groups = 0; groups < GROUPS_MAX;) {
    const end = subject.runEnd(at, DIGIT, DIGITS_MAX + 2)
    // The trunk zero of +44 (0)20 is not dialled.
    const isTrunk = isBracketed && number.isInternational && end === at + 1 && subject.at(at) === ZERO
    if (end === at) break
    if (!isTrunk) {
      for (let i = at; i < end; i++) number.lead(digits + i - at, subject.at(i) - ZERO)
      digits += end - at
      if (digits > DIGITS_MAX) break
      number.groupStarts[groups] = at
      number.groupEnds[groups++] = end
    }
    if (isBracketed && subject.at(end) !== CLOSE) break
    if (isBracketed && digits > 0) number.hasArea = true
    noteEnd(subject, end, digits, groups)
    at = behindGap(subject, end)
    if (at === end) break
    isBracketed = subject.at(at - 1) === OPEN
  }
  return number.numberEnd > 0
}

/** Takes `end` for the number's end if one can be there and none that fits the plan of its country was before. */
function noteEnd(subject: Subject, end: number, digits: number, groups: number): void {
  const isPlanned = number.isInternational && number.fitsPlan(digits)
  if ((number.isPlanned && !isPlanned) || !endsHere(subject, end)) return
  number.to = number.numberEnd = end
  number.digits = digits
  number.groups = groups
  number.isPlanned = isPlanned
}

/** Behind the separators between two groups, or `start` when what stands there is none. */
function behindGap(subject: Subject, start: number): number {
  const end = subject.runEnd(start, NUMBER_GAP, 3)
  if (end === start || !subject.is(end, DIGIT)) return start
  for (let at = start; at < end - 1; at++) {
    const byte = subject.at(at)
    const next = subject.at(at + 1)
    // The end of a sentence, a range, two columns.
    if (byte === next || (byte === DOT && next === BLANK) || (byte === OPEN && next !== OPEN)) return start
  }
  return end
}

/** No digit, letter or further part of a number behind; an extension may follow. */
export function endsHere(subject: Subject, end: number): boolean {
  const next = subject.at(end)
  if (subject.is(end, DIGIT)) return false
  if (subject.isWord(end)) return (next | 0x20) === 0x78 && subject.is(end + 1, DIGIT)
  if (next === 0x25 || (next === 0x3a && subject.is(end + 1, DIGIT))) return false
  return !((next === DASH || next === DOT) && subject.is(end + 1, DIGIT))
}

/** Nothing before that makes the digits the rest of something longer. */
export function beginsHere(subject: Subject, from: number): boolean {
  if (subject.isWord(from - 1)) return false
  const before = subject.at(from - 1)
  if (before === 0x24) return false
  return !((before === DASH || before === DOT || before === PLUS) && subject.is(from - 2, DIGIT))
}

/** End of ` x123`, ` ext. 123`, ` extension 123` behind a number, else `end`. */
export function extensionEnd(subject: Subject, end: number): number {
  let at = subject.at(end) === 0x2c ? end + 1 : end
  if (subject.is(at, SPACE)) at++
  if (subject.at(at) === 0x23) at++
  else if ((subject.at(at) | 0x20) === 0x78) at++
  else if ((subject.at(at) | 0x20) === 0x65 && subject.hasText(at + 1, 'xt')) {
    at += 3
    if (subject.hasText(at, 'ension')) at += 6
  } else return end
  if (subject.at(at) === DOT) at++
  if (subject.at(at) === BLANK) at++
  const digitsEnd = subject.runEnd(at, DIGIT, 8)
  return digitsEnd > at && digitsEnd - at < 8 && !subject.isWord(digitsEnd) ? digitsEnd : end
}

const lengthOf = (group: number): number => (number.groupEnds[group] as number) - (number.groupStarts[group] as number)

function looksElse(subject: Subject): boolean {
  const { groups, digits } = number
  if (number.isInternational || number.hasExtension || number.hasArea) return false
  if (groups === 1) return false
  const gap = subject.at(number.groupEnds[0] as number)
  if (groups === 2 && gap === DOT) return true
  const isSame = hasGap(subject, groups, gap)
  if (groups === 3 && isSame && gap !== BLANK && isDate(subject, digits)) return true
  if (groups === 4 && isSame && gap === DOT && digits <= 12 && lengthOf(0) <= 3 && lengthOf(3) <= 3) return true
  return hasYears(subject, groups) || (groups >= 4 && hasShort(groups))
}

function hasGap(subject: Subject, groups: number, gap: number): boolean {
  for (let i = 0; i < groups - 1; i++) {
    const end = number.groupEnds[i] as number
    if (subject.at(end) !== gap || number.groupStarts[i + 1] !== end + 1) return false
  }
  return true
}

function hasTrunkZero(subject: Subject): boolean {
  const { from, groups } = number
  if (subject.at(from) !== ZERO || subject.at(from + 1) === ZERO) return false
  for (let i = 0; i < groups; i++) if (lengthOf(i) < (i === 0 ? 1 : 2) || lengthOf(i) > 5) return false
  return hasGap(subject, groups, subject.at(number.groupEnds[0] as number))
}

/** 2026-11-21, 21.11.2026, 11/21/26. */
function isDate(subject: Subject, digits: number): boolean {
  const [first, second, third] = [lengthOf(0), lengthOf(1), lengthOf(2)]
  if (first === 4) return second <= 2 && third <= 2
  if (first > 2 || second > 2) return false
  if (third === 4) return true
  return third === 2 && digits <= 6 && subject.at(number.groupEnds[0] as number) !== DASH
}

/** All groups are years, such as 2019-2020 or 1999/2000. */
function hasYears(subject: Subject, groups: number): boolean {
  if (groups !== 2 || lengthOf(0) !== 4 || lengthOf(1) !== 4) return false
  for (let i = 0; i < 2; i++) {
    const start = number.groupStarts[i] as number
    if (!subject.hasText(start, '19') && !subject.hasText(start, '20')) return false
  }
  return true
}

/** Most groups are single digits: a list. */
function hasShort(groups: number): boolean {
  let short = 0
  for (let i = 0; i < groups; i++) if (lengthOf(i) === 1) short++
  return short * 2 >= groups
}
