import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const auAbn: Rule = identityRule({
  type: 'AU_ABN',
  summary: 'Australian business numbers: eleven digits with a weighted sum modulo 89, behind a word such as "ABN".',
  source: 'Australian Business Register: format of the ABN',
  forms: '99999999999',
  isValid: (id) => (weightedSum(id, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0,
  phrases: 'abn, business number, businessnumber',
  named: 'abn',
  examples: {
    matches: ['ABN «51 824 753 556»', '{"abn":"«51824753556»"}'],
    misses: ['51 824 753 556', 'ABN, as told, 52 824 753 556'],
  },
})
