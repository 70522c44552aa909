import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const roCnp: Rule = identityRule({
  type: 'RO_CNP',
  summary:
    'Romanian personal numeric codes: sex and century, date of birth, county, serial number, check digit, behind "CNP".',
  source: 'Legea nr. 105/1996: codul numeric personal',
  forms: '9999999999999',
  isValid: (id) => {
    const check = weightedSum(id, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
    return id.digit(0) > 0 && isDay(id.number(3, 5), id.number(5, 7)) && (check === 10 ? 1 : check) === id.digit(12)
  },
  phrases: 'cnp, cod numeric, numeric personal, codul numeric',
  named: 'cnp',
  examples: {
    matches: ['CNP: «1630615123457»', '{"cnp":"«1800101221144»"}'],
    misses: ['1630615123457', 'CNP, as told, 1630615123458'],
  },
})
