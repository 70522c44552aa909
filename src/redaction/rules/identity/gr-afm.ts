import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const grAfm: Rule = identityRule({
  type: 'GR_AFM',
  summary: 'Greek tax numbers: nine digits with a check digit modulo 11, behind "AFM".',
  source: 'ΑΑΔΕ: Αριθμός Φορολογικού Μητρώου (ΑΦΜ)',
  forms: '999999999',
  isValid: (id) => (weightedSum(id, [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10 === id.digit(8),
  phrases: 'afm, *greek tax, tax id, taxid, vat',
  named: 'afm',
  examples: { matches: ['AFM: «094259216»'], misses: ['094259216', 'AFM, as told, 123456781'] },
})
