import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const huTaj: Rule = identityRule({
  type: 'HU_TAJ',
  summary: 'Hungarian social security numbers: nine digits with a check digit, behind "TAJ".',
  source: 'Nemzeti Egészségbiztosítási Alapkezelő: TAJ-szám',
  forms: '999999999',
  isValid: (id) => weightedSum(id, [3, 7, 3, 7, 3, 7, 3, 7]) % 10 === id.digit(8),
  phrases: 'taj, tajszam, tajkartya',
  named: 'taj',
  examples: {
    matches: ['TAJ: «111 111 110»', 'TAJ-szám «123 456 788»'],
    misses: ['123456788', 'TAJ, as told, 123456789'],
  },
})
