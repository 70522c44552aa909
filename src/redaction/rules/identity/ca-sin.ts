import type { Rule } from '../../rule.ts'
import { isLuhn } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const caSin: Rule = identityRule({
  type: 'CA_SIN',
  summary: 'Canadian social insurance numbers: nine digits with a Luhn digit, behind a word such as "SIN".',
  source: 'Employment and Social Development Canada: SIN',
  forms: '999999999',
  isValid: (id) => id.digit(0) !== 0 && id.digit(0) !== 8 && isLuhn(id),
  phrases: 'sin, social insurance, socialinsurance, assurance sociale, nas',
  named: 'social insurance, socialinsurance',
  examples: {
    matches: ['SIN: «130 692 544»', '{"sin":"«130692544»"}', 'social insurance number «948-584-792»'],
    misses: ['130 692 544', 'SIN 130 692 545', 'SIN 046454286'],
  },
})
