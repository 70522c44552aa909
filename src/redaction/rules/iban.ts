import { valueAhead } from '../number-ahead.ts'
import type { Rule } from '../rule.ts'
import { IN_LABEL } from '../keyed-value.ts'
import { ALNUM, DIGIT, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_IBAN, TRIGGER_WORD } from '../triggers.ts'
import { WordSet } from '../word-set.ts'

export const iban: Rule = {
  type: 'IBAN',
  family: 'payment',
  summary:
    'International bank account numbers: length of the country and ISO 7064 checksum; behind the word "IBAN" also with other separators or a mistyped digit.',
  source: 'SWIFT IBAN registry, release 99; ISO 13616',
  triggers: [TRIGGER_IBAN, TRIGGER_WORD],
  words: ['iban', 'ibans'],
  confidence: 1,
  find: (subject, at, trigger) => (trigger === TRIGGER_IBAN ? findChecked(subject, at - 3) : findNamed(subject, at)),
  examples: {
    matches: [
      'IBAN:«DE89370400440532013000», BIC DEUTDEFF',
      'to «GB82 WEST 1234 5698 7654 32» today',
      'my iban is «gb82west12345698765432»',
      '{"iban":"«NO9386011117947»"}',
      'IBAN: «AL47/2121/1009/0000/0002/3569/8741»',
      'the IBAN «DE89-3704-0044-0532-0130-00».',
      'IBAN number «FR76 3000 6000 0112 3456 7890 188» was',
    ],
    misses: [
      'DE89370400440532013001',
      'DE8937040044053201300',
      'ab12cd34ef56ab12cd34',
      'XDE89370400440532013000',
      'IBAN checks in de12 languages',
    ],
  },
}

/** Characters of an IBAN by country (SWIFT IBAN registry, release 99). */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 ' +
    'GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 ' +
    'MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 ' +
    'XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

/** `from` is the first of two letters and two digits. */
function findChecked(subject: Subject, from: number): boolean {
  if (!isHead(subject, from)) return false
  const length = lengthAt(subject, from)
  if (length === undefined) return false
  const to = endOfGroups(subject, from, length)
  subject.steps += 40
  if (to < 0 || subject.isWord(to)) return false
  return hasChecksum(subject, from, to) && subject.matched(from, to)
}

const FILLERS = new WordSet(
  'number numbers no nr is was of for my the our your to bank account code ist lautet est es und and',
)

/** Behind the word: with any separator, and as it is written when the checksum is wrong. */
function findNamed(subject: Subject, at: number): boolean {
  const from = at === IN_LABEL ? subject.start : valueAhead(subject, at + 1, FILLERS, 40)
  if (from < 0 || !isHead(subject, from)) return false
  const length = lengthAt(subject, from)
  const to = length === undefined ? endOfRun(subject, from) : endOfAny(subject, from, length)
  subject.steps += 40
  if (to < 0 || subject.isWord(to)) return false
  subject.confidence = length !== undefined && hasChecksum(subject, from, to) ? 1 : 0.6
  return subject.matched(from, to)
}

const isHead = (subject: Subject, from: number): boolean =>
  from >= subject.start &&
  !subject.isWord(from - 1) &&
  subject.is(from, LETTER) &&
  subject.is(from + 1, LETTER) &&
  subject.is(from + 2, DIGIT) &&
  subject.is(from + 3, DIGIT)

const lengthAt = (subject: Subject, from: number): number | undefined =>
  LENGTHS.get(String.fromCharCode(subject.at(from) & 0xdf, subject.at(from + 1) & 0xdf))

/** End of `length` letters and digits, in one run or in groups of four with a blank between; -1 when there are fewer. */
function endOfGroups(subject: Subject, from: number, length: number): number {
  let at = from
  for (let count = 0; count < length; count++) {
    if (count % 4 === 0 && count > 0 && (subject.at(at) === 0x20 || subject.at(at) === 0x2d)) at++
    if (!subject.is(at, ALNUM)) return -1
    at++
  }
  return at
}

const SEPARATORS = new Set([0x20, 0x2d, 0x2e, 0x2f])

/** The same with groups of any size and other separators. */
function endOfAny(subject: Subject, from: number, length: number): number {
  let at = from
  for (let count = 0; count < length; count++) {
    if (count > 3 && SEPARATORS.has(subject.at(at))) at++
    if (!subject.is(at, ALNUM)) return -1
    at++
  }
  return at
}

const RUN_BYTES_MIN = 15
const RUN_BYTES_MAX = 34

/** End of the letters and digits of a country that has no IBAN. */
function endOfRun(subject: Subject, from: number): number {
  const to = subject.runEnd(from, ALNUM, RUN_BYTES_MAX + 1)
  return to - from >= RUN_BYTES_MIN && to - from <= RUN_BYTES_MAX ? to : -1
}

/** ISO 7064, MOD 97-10. */
function hasChecksum(subject: Subject, from: number, to: number): boolean {
  let rest = 0
  const add = (position: number): void => {
    const byte = subject.at(position)
    if (!subject.is(position, ALNUM)) return
    rest = subject.is(position, DIGIT) ? (rest * 10 + byte - 0x30) % 97 : (rest * 100 + (byte & 0xdf) - 0x37) % 97
  }
  for (let at = from + 4; at < to; at++) add(at)
  for (let at = from; at < from + 4; at++) add(at)
  return rest === 1
}
