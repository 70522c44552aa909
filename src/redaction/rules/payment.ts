import { hasCueBefore } from '../cues.ts'
import type { Rule } from '../rule.ts'
import { ALNUM, DIGIT } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_DIGITS, TRIGGER_IBAN } from '../triggers.ts'

export const creditCard: Rule = {
  type: 'CREDIT_CARD',
  family: 'payment',
  summary:
    'Payment card numbers: issuer range, length and Luhn digit; other ranges, and 17 to 19 digits in a row, only behind a word such as "card".',
  triggers: [TRIGGER_DIGITS],
  confidence: 0.95,
  context: 'card cards cc creditcard debitcard pan visa mastercard amex maestro discover jcb unionpay payment'.split(
    ' ',
  ),
  find: findCard,
  examples: {
    matches: [
      'card «4111 1111 1111 1111» exp 12/29',
      '{"pan":«5555555555554444»}',
      '«3782-822463-10005»',
      '«4012888888881881».',
      'pay\\n«6011 1111 1111 1117»',
      'PAN «4917610000000000003»',
      'x_«4111111111111111»_y',
      'on my card # «180020497005751»',
    ],
    misses: [
      '4111 1111 1111 1112',
      '"startTimeUnixNano":"1746518218708974586"',
      '"tweet_id":4917610000000000003',
      '0.4111111111111111',
      '12-4111111111111111',
      'a4111111111111111',
      '9111111111111111',
      '24247472-7200-4433-a1a2-c5866f33d799',
    ],
  },
}

export const iban: Rule = {
  type: 'IBAN',
  family: 'payment',
  summary: 'International bank account numbers: length of the country (SWIFT registry) and ISO 7064 checksum.',
  triggers: [TRIGGER_IBAN],
  confidence: 1,
  find: findIban,
  examples: {
    matches: [
      'IBAN:«DE89370400440532013000», BIC DEUTDEFF',
      'to «GB82 WEST 1234 5698 7654 32» today',
      'my iban is «gb82west12345698765432»',
      '{"iban":"«NO9386011117947»"}',
    ],
    misses: ['DE89370400440532013001', 'DE8937040044053201300', 'ab12cd34ef56ab12cd34', 'XDE89370400440532013000'],
  },
}

const CARD_WORDS: ReadonlySet<string> = new Set(creditCard.context)
const CARD_DIGITS_MIN = 12
const CARD_DIGITS_MAX = 19
const PLAIN_DIGITS_MAX = 16

const digits = new Uint8Array(CARD_DIGITS_MAX + 1)

/** `at` is the last of eight bytes with seven or eight digits: a card begins with them. */
function findCard(subject: Subject, at: number): boolean {
  const from = at - 7
  if (from < subject.start || subject.isWord(from - 1)) return false
  const before = subject.at(from - 1)
  if ((before === 0x2e || before === 0x2d) && subject.is(from - 2, DIGIT)) return false
  let count = 0
  let to = -1
  let position = from
  while (count <= CARD_DIGITS_MAX) {
    while (count <= CARD_DIGITS_MAX && subject.is(position, DIGIT)) digits[count++] = subject.at(position++) - 0x30
    if (
      count >= CARD_DIGITS_MIN &&
      count <= CARD_DIGITS_MAX &&
      hasLuhnDigit(count) &&
      cardEndsHere(subject, position)
    ) {
      // More digits than 16 in one run are ids and timestamps more often than cards.
      const isPlain = isIssued(count) && (count <= PLAIN_DIGITS_MAX || position - from > count)
      if (isPlain || hasCueBefore(subject, from, CARD_WORDS)) to = position
    }
    const gap = subject.at(position)
    if ((gap !== 0x20 && gap !== 0x2d) || !subject.is(position + 1, DIGIT)) break
    position++
  }
  subject.steps += position - from + count
  if (to < 0 || isUuid(subject, from)) return false
  return subject.matched(from, to)
}

/** The dashes of a UUID, of which two in 100,000 begin with the digits of a card. */
const isUuid = (subject: Subject, from: number): boolean =>
  subject.at(from + 8) === 0x2d && subject.at(from + 13) === 0x2d && subject.at(from + 18) === 0x2d

/** `4111111111111111.0` is a card that went through a table as a float. */
function cardEndsHere(subject: Subject, end: number): boolean {
  if (subject.isWord(end)) return false
  const next = subject.at(end)
  if (next === 0x2d) return !subject.is(end + 1, DIGIT)
  return next !== 0x2e || !subject.is(end + 1, DIGIT) || (subject.at(end + 1) === 0x30 && !subject.isWord(end + 2))
}

/** Issuer ranges with the lengths that are in use. */
function isIssued(count: number): boolean {
  let prefix = 0
  for (let i = 0; i < 4; i++) prefix = prefix * 10 + (digits[i] as number)
  const two = Math.floor(prefix / 100)
  if (two >= 40 && two <= 49) return count === 13 || count === 16 || count === 19
  if ((two >= 51 && two <= 55) || (prefix >= 2221 && prefix <= 2720)) return count === 16
  if (two === 34 || two === 37) return count === 15
  if (two === 36 || two === 38 || two === 39 || two === 30) return count === 14 || count === 16
  if (two === 35) return count >= 16
  if (prefix === 6011 || two === 62 || two === 65 || two === 64 || two === 60 || two === 81) return count >= 16
  if (prefix >= 2200 && prefix <= 2204) return count >= 16
  return isMaestro(prefix)
}

const isMaestro = (prefix: number): boolean =>
  prefix === 5018 ||
  prefix === 5020 ||
  prefix === 5038 ||
  prefix === 5893 ||
  prefix === 6304 ||
  prefix === 6759 ||
  (prefix >= 6761 && prefix <= 6763)

function hasLuhnDigit(count: number): boolean {
  let sum = 0
  for (let i = 0; i < count; i++) {
    const digit = digits[count - 1 - i] as number
    const weighted = i % 2 === 1 ? digit * 2 : digit
    sum += weighted > 9 ? weighted - 9 : weighted
  }
  return sum % 10 === 0
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

/** `at` is the fourth byte: the second check digit. */
function findIban(subject: Subject, at: number): boolean {
  const from = at - 3
  if (from < subject.start || subject.isWord(from - 1) || !subject.is(at, DIGIT) || !subject.is(at - 1, DIGIT))
    return false
  const length = LENGTHS.get(String.fromCharCode(subject.at(from) & 0xdf, subject.at(from + 1) & 0xdf))
  if (length === undefined) return false
  const to = endOfGroups(subject, from, length)
  subject.steps += 40
  if (to < 0 || subject.isWord(to)) return false
  return hasIbanChecksum(subject, from, to) && subject.matched(from, to)
}

/** End of `length` letters and digits, in one run or in groups of four with a blank between; -1 when there are fewer. */
function endOfGroups(subject: Subject, from: number, length: number): number {
  let at = from
  for (let count = 0; count < length; count++) {
    if (count % 4 === 0 && count > 0 && subject.at(at) === 0x20) at++
    if (!subject.is(at, ALNUM)) return -1
    at++
  }
  return at
}

function hasIbanChecksum(subject: Subject, from: number, to: number): boolean {
  let rest = 0
  const add = (position: number): void => {
    const byte = subject.at(position)
    if (byte === 0x20) return
    rest = subject.is(position, DIGIT) ? (rest * 10 + byte - 0x30) % 97 : (rest * 100 + (byte & 0xdf) - 0x37) % 97
  }
  for (let at = from + 4; at < to; at++) add(at)
  for (let at = from; at < from + 4; at++) add(at)
  return rest === 1
}
