import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const krBrn: Rule = identityRule({
  type: 'KR_BRN',
  summary:
    'Korean business registration numbers: ten digits with a check digit, behind a word such as "business registration".',
  source: 'National Tax Service of Korea: business registration number',
  forms: '9999999999',
  isValid: (id) => {
    const sum = weightedSum(id, [1, 3, 7, 1, 3, 7, 1, 3, 5]) + Math.floor((id.digit(8) * 5) / 10)
    return (10 - (sum % 10)) % 10 === id.digit(9)
  },
  phrases: 'brn, business registration, businessregistration',
  confidence: 0.8,
  named: 'business registration',
  examples: {
    matches: ['BRN: «104-82-13138»', 'business registration number «1048213138»'],
    misses: ['104-82-13138', 'BRN 104-86-56658'],
  },
})
