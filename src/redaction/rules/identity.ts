import { hasCueBefore } from '../cues.ts'
import type { Rule } from '../rule.ts'
import { DIGIT } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_DIGITS, TRIGGER_SSN } from '../triggers.ts'

export const usSsn: Rule = {
  type: 'US_SSN',
  family: 'identity',
  summary: 'US social security numbers with dashes; with blanks or as nine digits only behind a word such as "SSN".',
  triggers: [TRIGGER_SSN, TRIGGER_DIGITS],
  confidence: 0.9,
  context: 'ssn ssns social security socialsecurity tin'.split(' '),
  find: (subject, at, trigger) => (trigger === TRIGGER_SSN ? findGrouped(subject, at) : findPlain(subject, at)),
  examples: {
    matches: ['{"ssn":"«257-95-9759»"}', 'my social is «869 60 1168»', 'SSN: «257959759»', 'id\\n«257-95-9759»'],
    misses: [
      '000-12-3456',
      '666-12-3456',
      '912-12-3456',
      '257-00-9759',
      '257-95-0000',
      '257 95 9759',
      '257959759',
      '1257-95-9759',
      '257-95-97591',
      '257-95-9759-1',
    ],
  },
}

const CUES: ReadonlySet<string> = new Set(usSsn.context)

/** `at` is the first of the last four digits. */
function findGrouped(subject: Subject, at: number): boolean {
  const from = at - 7
  const to = at + 4
  if (from < subject.start || !isGrouped(subject, from) || !bordersHere(subject, from, to)) return false
  if (!isIssued(subject, from, from + 4, from + 7)) return false
  if (subject.at(from + 3) !== 0x2d && !hasCueBefore(subject, from, CUES)) return false
  return subject.matched(from, to)
}

function isGrouped(subject: Subject, from: number): boolean {
  const gap = subject.at(from + 3)
  if ((gap !== 0x2d && gap !== 0x20) || subject.at(from + 6) !== gap) return false
  return [0, 1, 2, 4, 5, 7, 8, 9, 10].every((i) => subject.is(from + i, DIGIT))
}

/** `at` is the eighth of nine digits. */
function findPlain(subject: Subject, at: number): boolean {
  const from = at - 7
  if (from < subject.start || subject.runEnd(from, DIGIT, 10) !== from + 9) return false
  if (!bordersHere(subject, from, from + 9) || !isIssued(subject, from, from + 3, from + 5)) return false
  return hasCueBefore(subject, from, CUES) && subject.matched(from, from + 9)
}

function bordersHere(subject: Subject, from: number, to: number): boolean {
  if (subject.isWord(from - 1) || subject.isWord(to)) return false
  const before = subject.at(from - 1)
  const next = subject.at(to)
  if ((before === 0x2d || before === 0x2e) && subject.isWord(from - 2)) return false
  return !((next === 0x2d || next === 0x2e) && subject.is(to + 1, DIGIT))
}

/** Area 000, 666 and 900 to 999, group 00 and serial 0000 are never issued (SSA). */
function isIssued(subject: Subject, area: number, group: number, serial: number): boolean {
  if (subject.at(area) === 0x39 || subject.hasText(area, '000') || subject.hasText(area, '666')) return false
  return !subject.hasText(group, '00') && !subject.hasText(serial, '0000')
}
