import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const plNip: Rule = identityRule({
  type: 'PL_NIP',
  summary: 'Polish tax numbers: ten digits with a check digit modulo 11, behind "NIP".',
  source: 'Ministerstwo Finansów: ustawa o zasadach ewidencji podatników, NIP',
  forms: '9999999999',
  isValid: (id) => weightedSum(id, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === id.digit(9),
  phrases: 'nip, numer nip',
  named: 'nip',
  examples: {
    matches: ['NIP: «123-456-32-18»', '{"nip":"«8567346215»"}'],
    misses: ['8567346215', 'NIP, as told, 8567346216'],
  },
})
