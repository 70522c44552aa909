import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const ruInn: Rule = identityRule({
  type: 'RU_INN',
  summary: 'Russian tax numbers: ten digits with one or twelve with two check digits, behind "INN".',
  source: 'ФНС России: ИНН, приказ ЕД-7-14/559',
  forms: '9999999999 999999999999',
  isValid: (id) => {
    const check = (weights: readonly number[]): number => (weightedSum(id, weights) % 11) % 10
    if (id.length === 10) return check([2, 4, 10, 3, 5, 9, 4, 6, 8]) === id.digit(9)
    return (
      check([7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) === id.digit(10) &&
      check([3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) === id.digit(11)
    )
  },
  phrases: 'inn',
  examples: {
    matches: ['INN: «7707083893»', '{"inn":"«123456789047»"}'],
    misses: ['7707083893', 'INN 123456789037', 'inn room 1234567890'],
  },
})
