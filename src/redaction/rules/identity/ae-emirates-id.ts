import type { Rule } from '../../rule.ts'
import { isLuhn } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const aeEmiratesId: Rule = identityRule({
  type: 'AE_EMIRATES_ID',
  summary: 'Emirates ID numbers: 784, year of birth, seven digits, Luhn digit.',
  source: 'Federal Authority for Identity and Citizenship: Emirates ID',
  forms: '999999999999999',
  bare: '784-9999-9999999-9, 784999999999999',
  isValid: (id) => id.number(0, 3) === 784 && id.number(3, 7) >= 1900 && id.number(3, 7) < 2100 && isLuhn(id),
  phrases: 'emirates id, *emirates id, eid',
  named: 'emirates id',
  examples: {
    matches: ['«784-1980-1234567-8»', 'Emirates ID: «784198012345678»'],
    misses: ['784-1980-1234567-9', '784-2980-1234567-8'],
  },
})
