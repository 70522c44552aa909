import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const usItin: Rule = identityRule({
  type: 'US_ITIN',
  summary:
    'US individual taxpayer identification numbers: nine digits that begin with 9, by the groups that are given out.',
  source: 'Internal Revenue Service, IRM 3.21.263.8: ranges of the fourth and fifth digit',
  forms: '999999999',
  bare: '999-99-9999',
  isValid: (id) => {
    const group = id.number(3, 5)
    return (
      id.digit(0) === 9 &&
      ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group !== 93))
    )
  },
  phrases: 'itin, taxpayer, taxpayer identification, tin',
  named: 'itin',
  examples: {
    matches: ['«911-70-1234»', 'ITIN: «911701234»', '{"itin":"«911 70 1234»"}'],
    misses: ['911-93-1234', '911-69-1234', '911701234'],
  },
})
