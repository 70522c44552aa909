import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const dkCpr: Rule = identityRule({
  type: 'DK_CPR',
  summary:
    'Danish personal numbers: date of birth and four digits, behind a word such as "CPR"; with a dash and the check digit of before 2007 everywhere.',
  source: 'CPR-kontoret: personnummeret i CPR',
  forms: '9999999999',
  bare: '999999-9999',
  isValid: (id) => isDay(id.number(2, 4), id.number(0, 2) > 60 ? id.number(0, 2) - 60 : id.number(0, 2)),
  isValidBare: (id) => weightedSum(id, [4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0,
  phrases: 'cpr, cprnr, cprnummer, cpr nr, cpr nummer, personnummer',
  bareConfidence: 0.7,
  named: 'cpr, cprnr, cprnummer',
  examples: {
    matches: ['«070761-4285»', 'CPR: «0707614286»', '{"cpr":"«211062-5629»"}'],
    misses: ['0707614285', '070761-4286', '071361-4285'],
  },
})
