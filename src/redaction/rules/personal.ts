import type { Rule } from '../rule.ts'
import { DIGIT, SPACE } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_WORD } from '../triggers.ts'
import { dateOfBirth } from './birth-date.ts'
import { address } from './postal-address.ts'
import { postalCode } from './postal-code.ts'

/**
 * What only keys tell. None of these rules searches by itself: keys/key-finder.ts reads the keys of JSON, keys/key-search.ts those of other texts, for them and
 * for the types of other families (`"email": …`, `"dob": …`).
 */
export const personalRules: readonly Rule[] = [
  keyRule({
    type: 'PERSON',
    confidence: 0.9,
    summary:
      'Names of people under keys that say so: first_name, lastName, cardholder_name, in fifteen languages; `name` alone in an object of a person: below `customer`, `passengers` and the like, or beside an e-mail or a date of birth. In sentences by the names model (`names`).',
    examples: {
      matches: [
        '{"passengers":[{"first_name":"«Mia»","last_name":"«Li»"}]}',
        '{"args":"{\\"customer\\":{\\"name\\":\\"«Mia Li»\\"}}"}',
        "{'name': '«Ana Ruiz»', 'email': 'none', 'dob': None}",
        'first_name=«Mia»&page=2',
        '<surname>«de la Cruz»</surname>',
      ],
      misses: [
        '{"name":"Water Bottle","price":12}',
        '{"name":"get_user","parameters":{"first_name":{"type":"string"}}}',
        '{"customer":{"name":"unknown"}}',
      ],
    },
  }),
  address,
  postalCode,
  dateOfBirth,
  keyRule({
    type: 'LOCATION',
    isDefault: false,
    confidence: 0.8,
    summary:
      'City, state and country in an address. Off: without street and postal code they identify nobody, and are what regions are counted by.',
    examples: {
      matches: ['{"address":{"street":"x","city":"«Denver»","country":"«USA»"}}'],
      misses: ['{"city":"Denver","temperature":12}'],
    },
  }),
  keyRule({
    type: 'USER_ID',
    isDefault: false,
    confidence: 0.9,
    summary:
      'Ids of users, customers, patients, employees, and user names. Off: telemetry is joined by them, and they say nothing outside of the system. Switch them on as pseudonyms.',
    examples: {
      matches: ['{"user_id":"«mia_li_3668»"}', '{"patient":{"id":"«P-1009»"}}'],
      misses: ['{"order_id":"W7008160"}'],
    },
  }),
  keyRule({
    type: 'ACCOUNT_ID',
    isDefault: false,
    confidence: 0.9,
    summary: 'Ids of accounts. Off, as the ids of users are.',
    examples: { matches: ['{"account_id":"«ac_10093»"}'], misses: ['{"account":"active"}'] },
  }),
  keyRule({
    type: 'PAYMENT_ID',
    isDefault: false,
    confidence: 0.9,
    summary: 'Ids of payment methods and payments. Off, as the ids of users are: they are no card numbers.',
    examples: {
      matches: ['{"payment_methods":[{"id":"«pm_4938634»"}]}', '{"payment_id":"«credit_card_4938634»"}'],
      misses: ['{"payment_status":"paid"}'],
    },
  }),
  keyRule({
    type: 'CARD_LAST4',
    isDefault: false,
    confidence: 0.9,
    summary: 'The last four digits of a card under their key or behind "ending in". Off: PCI DSS lets them be shown.',
    source: 'PCI DSS 4.0, requirement 3.4.1',
    words: ['ending', 'ends'],
    find: findLastFour,
    examples: {
      matches: ['{"last_four":"«7334»"}', 'the card ending in «7447».', 'ends with ****«1907»'],
      misses: ['{"last_four_weeks":"1234"}'],
    },
  }),
]

type KeyRule = Pick<Rule, 'type' | 'confidence' | 'summary' | 'examples'> & Partial<Rule>

/** Behind "ending", "ending in", "ends with" and what stands for the digits before. */
function findLastFour(subject: Subject, at: number): boolean {
  let from = at + 1
  if (subject.hasText(from, ' in') || subject.hasText(from, ' on')) from += 3
  else if (subject.hasText(from, ' with')) from += 5
  const stop = from + LAST_FOUR_GAP_BYTES_MAX
  while (from < stop && (subject.is(from, SPACE) || isHidden(subject.at(from)))) from++
  const to = subject.runEnd(from, DIGIT, 5)
  return to - from === 4 && from > at + 1 && !subject.isWord(to) && subject.matched(from, to)
}

const LAST_FOUR_GAP_BYTES_MAX = 20
/** `*`, `.`, `:`, `#`, `x`. */
const isHidden = (byte: number): boolean =>
  byte === 0x2a || byte === 0x2e || byte === 0x3a || byte === 0x23 || byte === 0x78

function keyRule(rule: KeyRule): Rule {
  return { family: 'personal', triggers: [TRIGGER_WORD], find: () => false, ...rule }
}
