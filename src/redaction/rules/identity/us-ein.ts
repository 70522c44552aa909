import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const usEin: Rule = identityRule({
  type: 'US_EIN',
  summary: 'US employer identification numbers behind a word such as "EIN".',
  source: 'Internal Revenue Service: valid EIN prefixes',
  forms: '999999999',
  isValid: (id) => !NEVER_ISSUED.has(id.number(0, 2)),
  phrases: 'ein, employer identification, fein',
  confidence: 0.7,
  named: 'ein, employer identification',
  examples: {
    matches: ['EIN: «12-3456789»', '{"employer_identification_number":"«123456789»"}'],
    misses: ['12-3456789', 'EIN, as told, 07-1234567'],
  },
})

const NEVER_ISSUED = new Set([0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97])
