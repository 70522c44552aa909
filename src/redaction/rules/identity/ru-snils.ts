import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const ruSnils: Rule = identityRule({
  type: 'RU_SNILS',
  summary: 'Russian pension insurance numbers: nine digits and two that check them.',
  source: 'Социальный фонд России: СНИЛС',
  forms: '99999999999',
  bare: '999-999-999 99',
  isValid: (id) => {
    const sum = weightedSum(id, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101
    return id.number(0, 9) > 1_001_998 && (sum === 100 ? 0 : sum) === id.number(9, 11)
  },
  phrases: 'snils',
  named: 'snils',
  examples: { matches: ['«112-233-445 95»', 'SNILS «11223344595»'], misses: ['112-233-445 96', '11223344595'] },
})
