import { ALNUM, DIGIT } from '../../subject.ts'
import type { Subject } from '../../subject.ts'
import { hasDigit } from './named-value.ts'
import { idCharsMax, isPlainWord } from './written-id.ts'

/** How far from a phrase numbers are looked for. */
export const aroundBytesMax = 40
/** Words with digits behind a phrase. */
const AHEAD_MAX = 2
/** Words such as "is my" between a number and the phrase behind it, and their letters. */
const BETWEEN_MAX = 4
const BETWEEN_LETTERS_MAX = 6

const flags = (chars: string): Uint8Array => {
  const table = new Uint8Array(256)
  for (const char of chars) table[char.charCodeAt(0)] = 1
  return table
}
const endsSearch = flags('"\\<>{}[]\n\r|;')
const isBetween = flags(' (,:=')
const isGap = flags(' -./')
/** A group without a digit: two letters at the start of an id. */
const GROUP_LETTERS_MAX = 2

// Many rules ask about the same place.
const ahead = {
  subject: undefined as Subject | undefined,
  turn: 0,
  start: 0,
  stop: 0,
  until: 0,
  count: 0,
  found: new Int32Array(AHEAD_MAX),
}
const before = {
  subject: undefined as Subject | undefined,
  turn: 0,
  phrase: 0,
  end: 0,
  starts: new Int32Array(idCharsMax + 1),
  length: 0,
}

const clear = { subject: undefined as Subject | undefined, turn: 0, from: 0, until: 0 }

/** Where there is no digit so near to a word, there is no number. */
export const DIGITS_BEHIND_MAX = 96
export const DIGITS_BEFORE_MAX = 72

/** Whether there is a digit near the word that ends at `at`: without one there is no number, told in passing over the text once. */
export function isNearDigit(subject: Subject, at: number): boolean {
  if (clear.subject !== subject || clear.turn !== subject.turn || at < clear.from || at > clear.until) {
    clear.subject = subject
    clear.turn = subject.turn
    clear.from = clear.until = at
  }
  const { bytes } = subject
  const stop = Math.min(subject.end, at + NEAR_BYTES)
  const start = clear.until
  while (clear.until < stop && !isDigit(bytes[clear.until] as number)) clear.until++
  subject.steps += clear.until - start
  return clear.until < stop || at - clear.from < NEAR_BYTES
}

const NEAR_BYTES = 72
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

export interface NumbersAhead {
  readonly count: number
  readonly found: Int32Array
}

/** Where the first words with digits in [start, stop) begin, up to a quote, a bracket or the end of the line. */
export function numbersAhead(subject: Subject, start: number, stop: number): NumbersAhead {
  if (ahead.subject === subject && ahead.turn === subject.turn && ahead.start === start && ahead.stop === stop)
    return ahead
  // Where nothing was found there is still nothing.
  const isKnown = ahead.subject === subject && ahead.turn === subject.turn && ahead.count === 0
  const first = isKnown && start >= ahead.start && start < ahead.until ? ahead.until : start
  let at = first
  ahead.count = 0
  while (at < stop && ahead.count < AHEAD_MAX && endsSearch[subject.at(at)] === 0) {
    if (!subject.is(at, ALNUM) || subject.isWord(at - 1)) {
      at++
      continue
    }
    const wordEnd = subject.runEnd(at, ALNUM, aroundBytesMax)
    if (hasDigit(subject, at, wordEnd) && !isJoined(subject, at)) ahead.found[ahead.count++] = at
    at = wordEnd
  }
  subject.steps += at - first
  ahead.subject = subject
  ahead.turn = subject.turn
  ahead.start = start
  ahead.stop = stop
  ahead.until = at
  return ahead
}

/** The letters and digits before a phrase, with nothing but words such as "is my" between. */
export interface NumberBefore {
  readonly end: number
  /** For each count of letters and digits up to `length`: where a group begins that has so many up to the end, else -1. */
  readonly starts: Int32Array
  readonly length: number
}

export function numberBefore(subject: Subject, phrase: number): NumberBefore {
  if (before.subject === subject && before.turn === subject.turn && before.phrase === phrase) return before
  const stop = Math.max(subject.start, phrase - aroundBytesMax)
  before.subject = subject
  before.turn = subject.turn
  before.phrase = before.end = phrase
  before.length = 0
  let end = phrase
  for (let words = 0; words < BETWEEN_MAX; words++) {
    while (end > stop && isBetween[subject.at(end - 1)] === 1) end--
    let start = end
    while (start > stop && subject.isWord(start - 1)) start--
    if (start === end) break
    if (hasDigit(subject, start, end)) {
      readGroups(subject, end, stop)
      break
    }
    if (end - start > BETWEEN_LETTERS_MAX) break
    end = start
  }
  subject.steps += phrase - end
  return before
}

/** The groups up to `end`, from the last one back to a word without a digit. */
function readGroups(subject: Subject, end: number, stop: number): void {
  before.end = end
  let at = end
  let groupEnd = end
  while (at > stop && before.length < idCharsMax) {
    at--
    before.starts[++before.length] = subject.isWord(at - 1) ? -1 : at
    if (subject.isWord(at - 1)) continue
    if (isPlainWord(subject, at) || (groupEnd - at > GROUP_LETTERS_MAX && !hasDigit(subject, at, groupEnd))) break
    if (isGap[subject.at(at - 1)] !== 1 || !subject.isWord(at - 2)) break
    groupEnd = --at
  }
  subject.steps += 2 * (end - at)
}

/** The word at `at` goes on what stands before it: the rest of a number. */
const isJoined = (subject: Subject, at: number): boolean => {
  const byte = subject.at(at - 1)
  return (byte === 0x2d || byte === 0x2e || byte === 0x2f) && subject.is(at - 2, DIGIT)
}
