import type { Rule } from '../../rule.ts'
import { isVerhoeff } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const inAadhaar: Rule = identityRule({
  type: 'IN_AADHAAR',
  summary: 'Aadhaar numbers: twelve digits with a Verhoeff digit, behind a word such as "Aadhaar".',
  source: 'Unique Identification Authority of India: Aadhaar number',
  forms: '999999999999',
  isValid: (id) => id.digit(0) >= 2 && isVerhoeff(id),
  phrases: 'aadhaar, aadhar, adhaar, uidai, aadhaarnumber',
  named: 'aadhaar, aadhar, adhaar, aadhaarnumber',
  examples: {
    matches: ['Aadhaar: «3123 4567 8909»', '{"aadhaar_number":"«312345678909»"}', '«312345678909» is my Aadhaar'],
    misses: ['3123 4567 8909', 'Aadhaar, as told, 3123 4567 8908', 'aadhaar, as told, 1234 5678 9012'],
  },
})
