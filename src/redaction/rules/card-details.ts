import { IN_LABEL } from '../keyed-value.ts'
import { numberAhead } from '../number-ahead.ts'
import type { Rule } from '../rule.ts'
import { DIGIT } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_WORD } from '../triggers.ts'
import { WordSet } from '../word-set.ts'

export const cardCvv: Rule = {
  type: 'CARD_CVV',
  family: 'payment',
  summary: 'The three or four digits that verify a payment card, behind a word such as "CVV" or "security code".',
  source: 'PCI DSS 3.3.1: never kept',
  triggers: [TRIGGER_WORD],
  words: 'cvv cvv2 cvc cvc2 cvn csc cid security securitycode'.split(' '),
  needs: () => ({ digits: [0, 32], fillers: CVV_FILLERS }),
  confidence: 0.85,
  find: findCvv,
  examples: {
    matches: [
      'exp 04/29, CVV «123»',
      '{"cvc":"«1234»"}',
      '{"cvv": «123»}',
      'the security code is «9876».',
      'card_cvv2=«321»&x',
      'CVC number: «042»',
      'securityCode: «123»',
    ],
    misses: [
      '{"cvc":"***"}',
      'cvv5 123456',
      'security 2024',
      'security update 123',
      'cid: 12345',
      'cvc 12.5',
      'cvv 2026-11-21',
      'cid 12ab',
    ],
  },
}

export const cardExpiry: Rule = {
  type: 'CARD_EXPIRY',
  family: 'payment',
  summary:
    'Expiry of a payment card, behind a word such as "exp" or "valid thru". Off by default: without the number it tells nothing.',
  isDefault: false,
  triggers: [TRIGGER_WORD],
  words:
    'exp expiry expires expiration expdate thru through valid validity ablauf ablaufdatum caduca vencimiento scadenza'.split(
      ' ',
    ),
  needs: () => ({ digits: [0, 40], fillers: EXPIRY_FILLERS }),
  confidence: 0.7,
  find: findExpiry,
  examples: {
    matches: [
      'card ending in 1111 exp «04/29»',
      'valid thru «12/2027»',
      '{"expiry":"«03/28»"}',
      'expires on «07-2026»,',
      'Expiration date: «11 / 27»',
    ],
    misses: [
      'expires 04/29/2027',
      'expires in 12/24 hours of 2020',
      'exp 13/29',
      '{"exp":1716239022}',
      'valid 2026-11-21',
    ],
  },
}

const CVV_FILLERS = new WordSet('code number no nr is was the of my card on for value and n')
const CVV_BYTES_MAX = 24
const SECURITY_LETTERS = 'security'.length

function findCvv(subject: Subject, at: number): boolean {
  let from = subject.start
  if (at !== IN_LABEL) {
    if (subject.word.length === SECURITY_LETTERS && subject.word === 'security' && !isCode(subject, at + 1))
      return false
    const ahead = numberAhead(subject, at + 1, { fillers: CVV_FILLERS, bytesMax: CVV_BYTES_MAX })
    if (ahead.at <= at + 1 || !ahead.isNext) return false
    from = ahead.at
  } else if (subject.word === 'security') return false
  const to = subject.runEnd(from, DIGIT, 5)
  if (to - from < 3 || to - from > 4 || !standsAlone(subject, from, to)) return false
  return subject.matched(from, to)
}

/** "security code", security_code. */
const isCode = (subject: Subject, at: number): boolean =>
  (subject.at(at + 1) | 0x20) === 0x63 && subject.hasText(at + 2, 'ode')

const EXPIRY_FILLERS = new WordSet('date on is was the of my card thru through until to end at year month')
const EXPIRY_BYTES_MAX = 32

function findExpiry(subject: Subject, at: number): boolean {
  let from = subject.start
  if (at !== IN_LABEL) {
    const ahead = numberAhead(subject, at + 1, { fillers: EXPIRY_FILLERS, bytesMax: EXPIRY_BYTES_MAX })
    if (ahead.at <= at + 1 || !ahead.isNext) return false
    from = ahead.at
  }
  const monthEnd = subject.runEnd(from, DIGIT, 3)
  const month = monthEnd - from === 2 ? (subject.at(from) - 0x30) * 10 + subject.at(from + 1) - 0x30 : 0
  if (month < 1 || month > 12) return false
  let year = monthEnd
  while (year < monthEnd + 3 && (subject.at(year) === 0x2f || subject.at(year) === 0x2d || subject.at(year) === 0x20))
    year++
  const to = subject.runEnd(year, DIGIT, 5)
  const length = to - year
  if (year === monthEnd || (length !== 2 && length !== 4) || (length === 4 && !subject.hasText(year, '20')))
    return false
  if (length === 2 && subject.at(year) < 0x32) return false
  return standsAlone(subject, from, to) && subject.matched(from, to)
}

/** Not a part of a longer number, date or name. */
function standsAlone(subject: Subject, from: number, to: number): boolean {
  if (subject.isWord(from - 1) || subject.isWord(to)) return false
  const next = subject.at(to)
  const isJoin = next === 0x2e || next === 0x2d || next === 0x2f || next === 0x2c || next === 0x3a
  return !(isJoin && subject.is(to + 1, DIGIT)) && next !== 0x25
}
