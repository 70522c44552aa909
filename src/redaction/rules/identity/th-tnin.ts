import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const thTnin: Rule = identityRule({
  type: 'TH_TNIN',
  summary:
    'Thai national identification numbers: thirteen digits with a check digit; without dashes only behind a word.',
  source: 'Department of Provincial Administration of Thailand: Thai national ID',
  forms: '9999999999999',
  bare: '9-9999-99999-99-9',
  isValid: (id) =>
    id.digit(0) > 0 &&
    id.digit(1) > 0 &&
    (11 - (weightedSum(id, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === id.digit(12),
  phrases: 'tnin, *thai id, *thai national, national id, nationalid, bat prachachon',
  named: '*thai id, *thai national',
  examples: {
    matches: ['Thai ID «3456789012347»', '«1-2345-45678-78-1»'],
    misses: ['3456789012347', 'Thai ID, as told, 3456789012348'],
  },
})
