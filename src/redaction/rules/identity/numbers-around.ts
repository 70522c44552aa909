import { ALNUM, DIGIT } from '../../subject.ts'
import type { Subject } from '../../subject.ts'
import { hasDigit } from './named-value.ts'

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

// Many rules ask about the same place.
const ahead = { subject: undefined as Subject | undefined, turn: 0, start: 0, stop: 0, found: [] as number[] }
const before = { subject: undefined as Subject | undefined, turn: 0, phrase: 0, start: 0, end: 0 }

/** Where the first words with digits in [start, stop) begin, up to a quote, a bracket or the end of the line. */
export function numbersAhead(subject: Subject, start: number, stop: number): readonly number[] {
  if (ahead.subject === subject && ahead.turn === subject.turn && ahead.start === start && ahead.stop === stop)
    return ahead.found
  const found: number[] = []
  let at = start
  while (at < stop && found.length < AHEAD_MAX && endsSearch[subject.at(at)] === 0) {
    if (!subject.is(at, ALNUM) || subject.isWord(at - 1)) {
      at++
      continue
    }
    const wordEnd = subject.runEnd(at, ALNUM, aroundBytesMax)
    if (hasDigit(subject, at, wordEnd) && !isJoined(subject, at)) found.push(at)
    at = wordEnd
  }
  subject.steps += at - start
  Object.assign(ahead, { subject, turn: subject.turn, start, stop, found })
  return found
}

/** The last word with a digit before a phrase, with nothing but words such as "is my" between; start = end when there is none. */
export function numberBefore(subject: Subject, phrase: number): { readonly start: number; readonly end: number } {
  if (before.subject === subject && before.turn === subject.turn && before.phrase === phrase) return before
  Object.assign(before, { subject, turn: subject.turn, phrase, start: phrase, end: phrase })
  const stop = Math.max(subject.start, phrase - aroundBytesMax)
  let end = phrase
  for (let words = 0; words < BETWEEN_MAX; words++) {
    while (end > stop && isBetween[subject.at(end - 1)] === 1) end--
    let start = end
    while (start > stop && subject.isWord(start - 1)) start--
    if (start === end) break
    if (hasDigit(subject, start, end)) {
      if (!subject.isWord(start - 1)) Object.assign(before, { start, end })
      break
    }
    if (end - start > BETWEEN_LETTERS_MAX) break
    end = start
  }
  subject.steps += phrase - end
  return before
}

/** The word at `at` goes on what stands before it: the rest of a number. */
const isJoined = (subject: Subject, at: number): boolean => {
  const byte = subject.at(at - 1)
  return (byte === 0x2d || byte === 0x2e || byte === 0x2f) && subject.is(at - 2, DIGIT)
}
