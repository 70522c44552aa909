import { keyedValue } from '../../keyed-value.ts'
import { ALNUM, DIGIT, LETTER } from '../../subject.ts'
import type { Subject } from '../../subject.ts'

/** What a phrase names: from its first letter or digit to where it ends at the latest. */
export interface NamedValue {
  readonly from: number
  readonly limit: number
  /** It stands in quotes, and all up to `limit` belongs to it. */
  readonly isQuoted: boolean
}

const NEXT_BYTES_MAX = 64
const FILLERS_MAX = 3
const FILLERS = new Set('id ids is no nr num number numbers data details info code card was are like of the'.split(' '))
const skipped = new Uint8Array(256)
for (const char of ' \t:#"\'`(*|=') skipped[char.charCodeAt(0)] = 1

/**
 * The value of the phrase around the word that ends at `at`; the phrase ends at `end`. Beside what keyedValue finds, the next word with a digit when only punctuation
 * and words such as "number" stand between: "passport A1234567", "NPI (1234567893)".
 */
export function namedValue(subject: Subject, at: number, end: number): NamedValue | undefined {
  if (end < 0) return findValue(subject, at, end)
  if (last.turn !== subject.turn || last.subject !== subject || last.at !== at || last.end !== end) {
    last.value = findValue(subject, at, end)
    last.subject = subject
    last.turn = subject.turn
    last.at = at
    last.end = end
  }
  return last.value
}

// Many rules ask about the same word.
const last = {
  subject: undefined as Subject | undefined,
  turn: 0,
  at: 0,
  end: 0,
  value: undefined as NamedValue | undefined,
}

function findValue(subject: Subject, at: number, end: number): NamedValue | undefined {
  const value = keyedValue(subject, end) ?? (end === at ? undefined : keyedValue(subject, at))
  if (value === undefined) return end < 0 ? undefined : nextNumber(subject, end + 1)
  if (value.delimiter === 'open')
    return subject.at(value.from) === 0x5b ? firstElement(subject, value.from + 1) : undefined
  const limit = Math.max(value.to, value.lineTo)
  return { from: firstWord(subject, value.from, limit), limit, isQuoted: value.delimiter === 'quoted' }
}

/** Of a list: `["257-95-9759", …]`. */
function firstElement(subject: Subject, start: number): NamedValue | undefined {
  let at = start
  while (at < start + 8 && (skipped[subject.at(at)] === 1 || subject.at(at) === 0x5c)) at++
  return subject.is(at, ALNUM)
    ? { from: at, limit: Math.min(subject.end, at + NEXT_BYTES_MAX), isQuoted: false }
    : undefined
}

function firstWord(subject: Subject, from: number, limit: number): number {
  let at = from
  while (at < limit && at < from + 4 && !subject.is(at, ALNUM)) at++
  return at
}

function nextNumber(subject: Subject, start: number): NamedValue | undefined {
  const stop = Math.min(subject.end, start + NEXT_BYTES_MAX)
  let at = start
  for (let fillers = 0; fillers <= FILLERS_MAX; fillers++) {
    while (at < stop && skipped[subject.at(at)] === 1) at++
    const end = subject.runEnd(at, ALNUM, NEXT_BYTES_MAX)
    if (end === at) return undefined
    if (hasDigit(subject, at, end)) {
      subject.steps += end - start
      return at === start ? undefined : { from: at, limit: Math.min(subject.end, at + NEXT_BYTES_MAX), isQuoted: false }
    }
    // "AB 12 34 56 C": letters that begin a number.
    if (
      end - at === 2 &&
      subject.at(end) === 0x20 &&
      subject.is(end + 1, DIGIT) &&
      !FILLERS.has(lowerCase(subject, at, end))
    )
      return { from: at, limit: Math.min(subject.end, at + NEXT_BYTES_MAX), isQuoted: false }
    if (!FILLERS.has(lowerCase(subject, at, end)) && subject.at(end) !== 0x2d) return undefined
    if (subject.at(end) === 0x2d) {
      // "MRN-780498": a prefix of the number itself.
      return subject.is(end + 1, DIGIT)
        ? { from: at, limit: Math.min(subject.end, at + NEXT_BYTES_MAX), isQuoted: false }
        : undefined
    }
    at = subject.at(end) === 0x2e ? end + 1 : end
  }
  return undefined
}

export function hasDigit(subject: Subject, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (subject.is(at, DIGIT)) return true
  return false
}

function lowerCase(subject: Subject, from: number, to: number): string {
  let word = ''
  for (let at = from; at < to && subject.is(at, LETTER); at++) word += String.fromCharCode(subject.at(at) | 0x20)
  return word
}
