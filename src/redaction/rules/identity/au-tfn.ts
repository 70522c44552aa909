import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const auTfn: Rule = identityRule({
  type: 'AU_TFN',
  summary: 'Australian tax file numbers: nine digits with a weighted sum modulo 11, behind a word such as "TFN".',
  source: 'Australian Taxation Office: TFN algorithm',
  forms: '999999999 99999999',
  isValid: (id) =>
    id.length === 9
      ? weightedSum(id, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0
      : weightedSum(id, [10, 7, 8, 4, 6, 3, 5, 1]) % 11 === 0,
  phrases: 'tfn, tax file, taxfile, taxfilenumber',
  named: 'tfn, tax file, taxfilenumber',
  examples: {
    matches: ['TFN «876 543 210»', '{"tfn":"«876543210»"}', 'tax file number: «123 456 782»'],
    misses: ['876 543 210', 'TFN, as told, 824 753 557'],
  },
})
