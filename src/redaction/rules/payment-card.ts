import { hasCueInText } from '../cues.ts'
import { IN_LABEL } from '../keyed-value.ts'
import { numberAhead } from '../number-ahead.ts'
import type { Rule } from '../rule.ts'
import { DIGIT } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_DIGITS, TRIGGER_WORD } from '../triggers.ts'
import { WordSet } from '../word-set.ts'

export const creditCard: Rule = {
  type: 'CREDIT_CARD',
  family: 'payment',
  summary:
    'Payment card numbers: issuer range, length and Luhn digit; other ranges and separators, and 17 to 19 digits in a row, only behind a word such as "card".',
  source: 'ISO/IEC 7812',
  triggers: [TRIGGER_DIGITS, TRIGGER_WORD],
  words: (
    'card cards cc ccnum creditcard debitcard cardnumber pan visa mastercard amex maestro discover jcb unionpay diners payment kreditkarte ' +
    'kartennummer carte tarjeta carta cartao kaart kort karta'
  ).split(' '),
  needs: () => ({ digits: [0, 48], fillers: FILLERS }),
  confidence: 0.95,
  find: (subject, at, trigger) => (trigger === TRIGGER_DIGITS ? findAlone(subject, at) : findNamed(subject, at)),
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
      '«4111.1111.1111.1111»',
      'card«4111111111111111»',
      'Card: «4111/1111/1111/1111»',
      'cc «4111_1111_1111_1111»',
      'visa «4111  1111  1111  1111»',
      'my card is «4111 1111\n1111 1111»',
      'carte bancaire : «4111111111111111»',
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
      '"offset":5185648134559238',
      '4111.111111111111',
    ],
  },
}

const CARD_DIGITS_MIN = 12
const CARD_DIGITS_MAX = 19
const PLAIN_DIGITS_MAX = 16
const FILLERS = new WordSet(
  'number numbers no nr num is was of for on the my our your his her with ending card credit debit bank bancaire payment visa mastercard amex it following value ' +
    'string nummer numero numéro ist lautet est es n',
)
const ANNOUNCED = { fillers: FILLERS, bytesMax: 40 }
/** Names of what is as long as a card and counts something. */
const OTHERS: ReadonlySet<string> = new Set(
  'offset snowflake tweet ts time timestamp nano nanos micros seq sequence size length trace span cursor position count total'.split(
    ' ',
  ),
)

const digits = new Uint8Array(CARD_DIGITS_MAX + 1)

/** `at` is the last of eight bytes with seven or eight digits: a card begins with them. */
function findAlone(subject: Subject, at: number): boolean {
  const from = at - 7
  if (from < subject.start || subject.isWord(from - 1) || isRest(subject, from)) return false
  const to = readCard(subject, from, false)
  if (to < 0 || isUuid(subject, from) || hasCueInText(subject, from, OTHERS)) return false
  return subject.matched(from, to)
}

/** Behind a word: any issuer, any separators, glued to the word too. */
function findNamed(subject: Subject, at: number): boolean {
  let from = subject.start
  if (at !== IN_LABEL) {
    const ahead = numberAhead(subject, at + 1, ANNOUNCED)
    if (ahead.at < 0 || !ahead.isNext) return false
    from = ahead.at
  }
  if (!subject.is(from, DIGIT) || isRest(subject, from)) return false
  const to = readCard(subject, from, true)
  return to > 0 && subject.matched(from, to)
}

/** The digits go on before. */
const isRest = (subject: Subject, from: number): boolean =>
  (subject.at(from - 1) === 0x2e || subject.at(from - 1) === 0x2d) && subject.is(from - 2, DIGIT)

/** End of the longest card number that begins at `from`, or -1. */
function readCard(subject: Subject, from: number, isNamed: boolean): number {
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
      if (isPlain || isNamed) to = position
    }
    const next = behindGap(subject, position, count, isNamed)
    if (next === position) break
    position = next
  }
  subject.steps += position - from + count
  return to
}

/** Behind the separator: a blank or dash; a dot between groups of four; behind a word also others and two of them. */
function behindGap(subject: Subject, at: number, count: number, isNamed: boolean): number {
  let next = at
  while (next < at + (isNamed ? 2 : 1) && isGap(subject, next, count, isNamed)) next++
  return next > at && subject.is(next, DIGIT) ? next : at
}

function isGap(subject: Subject, at: number, count: number, isNamed: boolean): boolean {
  const byte = subject.at(at)
  if (byte === 0x20 || byte === 0x2d) return true
  if (isNamed) return byte === 0x2e || byte === 0x2f || byte === 0x5f || (byte >= 0x09 && byte <= 0x0d)
  return byte === 0x2e && count % 4 === 0 && (subject.at(at + 5) === 0x2e || subject.at(at - 5) === 0x2e)
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
