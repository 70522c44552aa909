import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const lvPersonasKods: Rule = identityRule({
  type: 'LV_PERSONAS_KODS',
  summary:
    'Latvian personal codes: date of birth, century, serial number, check digit, or 32 and nine digits, behind a word such as "personas kods".',
  source: 'Pilsonības un migrācijas lietu pārvalde: personas kods',
  forms: '99999999999',
  isValid: (id) => {
    if (id.number(0, 2) === 32) return true
    const check = (1101 - weightedSum(id, [1, 6, 3, 7, 9, 10, 5, 8, 4, 2])) % 11
    return isDay(id.number(2, 4), id.number(0, 2)) && id.digit(6) <= 2 && check === id.digit(10)
  },
  phrases: 'personas kods, personaskods, kods, *latvian personal',
  named: 'personas kods',
  examples: {
    matches: ['personas kods: «161175-19997»', '{"personas_kods":"«16117519997»"}'],
    misses: ['161175-19997', 'personas kods, as told, 161375-19997'],
  },
})
