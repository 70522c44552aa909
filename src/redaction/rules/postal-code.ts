import { IN_LABEL } from '../keyed-value.ts'
import { valueAhead } from '../number-ahead.ts'
import type { Rule } from '../rule.ts'
import { ALNUM, DIGIT, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_WORD } from '../triggers.ts'
import { WordSet } from '../word-set.ts'

export const postalCode: Rule = {
  type: 'POSTAL_CODE',
  family: 'personal',
  summary: 'Postal codes under keys that say so, and behind words such as "ZIP code" and "postcode".',
  source: 'Universal Postal Union, postal addressing systems',
  triggers: [TRIGGER_WORD],
  words: 'zip zipcode postcode postal postalcode plz postleitzahl cep pincode eircode'.split(' '),
  needs: { digits: [0, 48] },
  confidence: 0.8,
  find: findPostalCode,
  examples: {
    matches: [
      '{"zip":"«10056»"}',
      'postal_code=«SW1A1AA»;x=1',
      'my zip code is «80273».',
      '**Zip Code:** «76165-1234»',
      'postcode «SW1A 1AA», London',
      'PLZ: «10115» Berlin',
      'code postal : «75008»',
      'postal code «K1A 0B1»',
      'ZIP: «7412 SL»',
      'CEP «01310-100»',
    ],
    misses: [
      '{"zip":"archive.zip"}',
      'zip 12 files',
      'unzip 12345678',
      'zip code is 12',
      'gzip 10056 bytes',
      'zip file 2024-11-21',
    ],
  },
}

const FILLERS = new WordSet(
  'code codes number is are was of for the my our your his her and used to be now n ist lautet es est value',
)

function findPostalCode(subject: Subject, at: number): boolean {
  const from = at === IN_LABEL ? subject.start : valueAhead(subject, at + 1, FILLERS, 32)
  if (from <= at || subject.isWord(from - 1)) return false
  if (at !== IN_LABEL && isRestOfWord(subject) && subject.word.length < 5) return false
  const to = endOfPostalCode(subject, from)
  return to > 0 && subject.matched(from, to)
}

const isRestOfWord = (subject: Subject): boolean =>
  subject.is(subject.wordStart - 1, LETTER) && !subject.isEscapeLetter(subject.wordStart - 1)

/** End of a postal code of any country that begins at `from`, or -1: 80273, 76165-1234, SW1A 1AA, K1A 0B1, 1012 AB, 340 12, 00-950, 01310-100. */
export function endOfPostalCode(subject: Subject, from: number): number {
  const first = subject.runEnd(from, ALNUM, 9)
  const length = first - from
  const digits = subject.runEnd(from, DIGIT, 9)
  if (digits === first) return length >= 2 && length <= 6 ? endOfNumeric(subject, first, length) : -1
  if (digits > from) return length === 6 && digits === from + 4 ? bordered(subject, first) : -1
  return endOfLettered(subject, from, first)
}

function endOfNumeric(subject: Subject, end: number, length: number): number {
  const gap = subject.at(end)
  const more = gap === 0x2d || gap === 0x20 ? subject.runEnd(end + 1, DIGIT, 5) - end - 1 : 0
  const isDashed =
    gap === 0x2d &&
    ((length === 5 && (more === 4 || more === 3)) || (length === 2 && more === 3) || (length === 4 && more === 3))
  const isSpaced = gap === 0x20 && length === 3 && more === 2
  if (isDashed || isSpaced) return bordered(subject, end + 1 + more)
  // Dutch: two capitals behind four digits.
  const letters =
    gap === 0x20 &&
    length === 4 &&
    isCapital(subject, end + 1) &&
    isCapital(subject, end + 2) &&
    !subject.isWord(end + 3)
  if (letters) return end + 3
  return length >= 4 ? bordered(subject, end) : -1
}

/** British and Canadian ones, with or without their blank. */
function endOfLettered(subject: Subject, from: number, first: number): number {
  const letters = subject.runEnd(from, LETTER, 3) - from
  if (letters > 2 || !subject.is(from + letters, DIGIT)) return -1
  const length = first - from
  const to = length <= 4 && subject.at(first) === 0x20 ? first + 4 : first
  if (to - from < 5 || to - from > 8) return -1
  // The inward code: digit, letter, letter; Canada: digit, letter, digit.
  const last = to - 3
  const isInward = subject.is(last, DIGIT) && subject.is(last + 1, LETTER) && subject.is(last + 2, ALNUM)
  return isInward ? bordered(subject, to) : -1
}

const isCapital = (subject: Subject, at: number): boolean => subject.at(at) >= 0x41 && subject.at(at) <= 0x5a

function bordered(subject: Subject, end: number): number {
  const next = subject.at(end)
  const isJoined = (next === 0x2d || next === 0x2e || next === 0x2f || next === 0x3a) && subject.is(end + 1, ALNUM)
  return subject.isWord(end) || isJoined ? -1 : end
}
