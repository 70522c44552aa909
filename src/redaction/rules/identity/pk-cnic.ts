import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const pkCnic: Rule = identityRule({
  type: 'PK_CNIC',
  summary: 'Pakistani identity card numbers: thirteen digits, behind a word such as "CNIC".',
  source: 'National Database and Registration Authority: CNIC',
  forms: '9999999999999',
  isValid: (id) => id.digit(0) >= 1 && id.digit(0) <= 7 && id.digit(12) > 0,
  phrases: 'cnic, nicop, nadra',
  confidence: 0.8,
  named: 'cnic',
  examples: {
    matches: ['CNIC: «34201-0891231-8»', '{"cnic":"«3420108912318»"}'],
    misses: ['34201-0891231-8', 'CNIC, as told, 84201-0891231-8'],
  },
})
