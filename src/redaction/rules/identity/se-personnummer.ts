import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { isLuhn } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const sePersonnummer: Rule = identityRule({
  type: 'SE_PERSONNUMMER',
  summary:
    'Swedish personal identity and coordination numbers: date of birth, serial number, Luhn digit; ten digits in a row only behind a word.',
  source: 'Skatteverket: personnummer och samordningsnummer (SKV 704, 707)',
  forms: '999999999999 9999999999',
  bare: '99999999-9999, 999999-9999, 999999999999',
  isValid: (id) => {
    const date = id.length - 10
    const day = id.number(date + 4, date + 6)
    const isCentury = date === 0 || (id.number(0, 2) >= 18 && id.number(0, 2) <= 20)
    return isCentury && isDay(id.number(date + 2, date + 4), day > 60 ? day - 60 : day) && isLuhn(id, date)
  },
  // Coordination numbers, whose day is 60 more, look like birth numbers of other countries.
  isValidBare: (id) => id.number(id.length - 6, id.length - 4) <= 31,
  phrases: 'personnummer, personnr, pnr, samordningsnummer, personal identity, personal id, *swedish id, personid',
  named: 'personnummer, personnr',
  examples: {
    matches: [
      '«811218-9876»',
      'personnummer «8112189876»',
      '«19811218-9876»',
      '«19910924-2397» är mitt pnr.',
      '«189004119807»',
    ],
    misses: ['8112189876', '811218-9877', '811318-9876', '19811218-9875'],
  },
})
