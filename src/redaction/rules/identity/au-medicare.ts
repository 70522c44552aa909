import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const auMedicare: Rule = identityRule({
  type: 'AU_MEDICARE',
  summary:
    'Australian Medicare card numbers: ten or eleven digits, the ninth of which checks the first eight, behind "Medicare".',
  source: 'Australian Digital Health Agency: Medicare card number',
  forms: '9999999999 99999999999',
  isValid: (id) =>
    id.digit(0) >= 2 && id.digit(0) <= 6 && weightedSum(id, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === id.digit(8),
  phrases: 'medicare, medicarenumber, medicarecard',
  named: 'medicare',
  examples: {
    matches: ['Medicare «2123 45670 1»', '{"medicare_number":"«2123456701»"}'],
    misses: ['2123 45670 1', 'Medicare, as told, 2123 25870 1'],
  },
})
