import type { Rule } from '../../rule.ts'
import { isLuhn } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const ilId: Rule = identityRule({
  type: 'IL_ID',
  summary: 'Israeli identity numbers: nine digits with a Luhn digit, behind a word such as "Teudat Zehut".',
  source: 'Population and Immigration Authority of Israel: identity number',
  forms: '999999999 99999999',
  isValid: (id) => isLuhn(id),
  phrases: 'zehut, teudat zehut, *israeli id, teudat, mispar zehut',
  named: 'teudat zehut',
  examples: {
    matches: ['Teudat Zehut: «123456782»', 'Israeli ID «3933742-3»'],
    misses: ['123456782', 'Teudat Zehut, as told, 123456783'],
  },
})
