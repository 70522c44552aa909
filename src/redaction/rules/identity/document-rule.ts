import type { Rule, RuleType } from '../../rule.ts'
import { ALNUM, DIGIT } from '../../subject.ts'
import type { Subject } from '../../subject.ts'
import { TRIGGER_WORD } from '../../triggers.ts'
import { CuePhrases } from './cue-phrases.ts'
import { namedValue } from './named-value.ts'
import { DIGITS_BEFORE_MAX, DIGITS_BEHIND_MAX, isNearDigit } from './numbers-around.ts'

export interface DocumentSpec {
  readonly type: RuleType
  readonly summary: string
  readonly source?: string
  /** Letters and digits that a number has, at least and at most. */
  readonly length: readonly [min: number, max: number]
  readonly digitsMin: number
  /** Groups of letters and digits may be joined by this many blanks, beside dashes, dots and slashes. */
  readonly blanksMax?: number
  readonly phrases: string
  readonly confidence?: number
  readonly examples: Rule['examples']
}

/** Numbers whose form differs from issuer to issuer: what a phrase names and a number can be. */
export function documentRule(spec: DocumentSpec): Rule {
  const phrases = new CuePhrases(spec.phrases)
  return {
    type: spec.type,
    family: 'identity',
    summary: spec.summary,
    ...(spec.source === undefined ? {} : { source: spec.source }),
    triggers: [TRIGGER_WORD],
    words: phrases.words,
    needs: (word) => ({ digits: [DIGITS_BEFORE_MAX, DIGITS_BEHIND_MAX], neighbours: phrases.neighbours(word) }),
    context: phrases.phrases,
    confidence: spec.confidence ?? 0.7,
    find: (subject, at) => findDocument(subject, at, spec, phrases),
    examples: spec.examples,
  }
}

const DOCUMENT_BYTES_MAX = 40

function findDocument(subject: Subject, at: number, spec: DocumentSpec, phrases: CuePhrases): boolean {
  if (at >= 0 && !isNearDigit(subject, at)) return false
  const end = phrases.endOf(subject, at)
  if (end === undefined) return false
  if (isPrefix(subject, end)) return findPrefixed(subject, end, spec)
  const value = namedValue(subject, at, end)
  if (value === undefined) return false
  const { from } = value
  const limit = Math.min(value.limit, from + DOCUMENT_BYTES_MAX)
  const to = endOfNumber(subject, from, limit, spec)
  if (to < 0 || subject.isWord(to) || isDate(subject, from, to)) return false
  // All of a value in quotes, or a number at its start.
  if (value.isQuoted && to < value.limit && subject.at(to) !== 0x20) return false
  return subject.matched(from, to)
}

/** `MRN-780498`: the word in capitals is the beginning of the number. */
const isPrefix = (subject: Subject, end: number): boolean =>
  end >= 0 &&
  subject.at(end + 1) === 0x2d &&
  subject.is(end + 2, DIGIT) &&
  isUpperCase(subject, end) &&
  !subject.isWord(subject.wordStart - 1)

function findPrefixed(subject: Subject, end: number, { digitsMin }: DocumentSpec): boolean {
  const to = subject.runEnd(end + 2, DIGIT, DOCUMENT_BYTES_MAX)
  return to - end - 2 >= digitsMin && !subject.isWord(to) && subject.matched(subject.wordStart, to)
}

/** The longest run of groups that a number can be; -1 when there is none. */
function endOfNumber(
  subject: Subject,
  from: number,
  limit: number,
  { length, digitsMin, blanksMax = 0 }: DocumentSpec,
): number {
  let [count, digits, blanks, end] = [0, 0, 0, -1]
  let at = from
  while (at < limit) {
    const groupEnd = subject.runEnd(at, ALNUM, length[1] + 1)
    const inGroup = digitsIn(subject, at, groupEnd)
    // Words are no part of a number: "A1234567 expires".
    if (groupEnd === at || (inGroup === 0 && groupEnd - at > 3)) break
    count += groupEnd - at
    digits += inGroup
    if (count > length[1]) break
    const isPart = inGroup > 0 || subject.at(at - 1) !== 0x20 || (blanksMax > 0 && isUpperCase(subject, at))
    if (count >= length[0] && digits >= digitsMin && isPart) end = groupEnd
    const gap = subject.at(groupEnd)
    if (gap === 0x20 && ++blanks > blanksMax) break
    if (gap !== 0x20 && gap !== 0x2d && gap !== 0x2e && gap !== 0x2f) break
    at = groupEnd + 1
  }
  return end
}

const isUpperCase = (subject: Subject, at: number): boolean => (subject.at(at) & 0x20) === 0

/** 2026-11-21, 21/11/2026 */
function isDate(subject: Subject, from: number, to: number): boolean {
  if (to - from !== 10 || digitsIn(subject, from, to) !== 8) return false
  return !subject.is(from + 4, ALNUM)
    ? !subject.is(from + 7, ALNUM)
    : !subject.is(from + 2, ALNUM) && !subject.is(from + 5, ALNUM)
}

function digitsIn(subject: Subject, from: number, to: number): number {
  let digits = 0
  for (let at = from; at < to; at++) {
    const byte = subject.at(at)
    if (byte >= 0x30 && byte <= 0x39) digits++
  }
  return digits
}
