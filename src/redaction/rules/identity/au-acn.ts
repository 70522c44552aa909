import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const auAcn: Rule = identityRule({
  type: 'AU_ACN',
  summary: 'Australian company numbers: nine digits with a weighted sum modulo 10, behind a word such as "ACN".',
  source: 'Australian Securities and Investments Commission: ACN check digit',
  forms: '999999999',
  isValid: (id) => weightedSum(id, [8, 7, 6, 5, 4, 3, 2, 1, 1]) % 10 === 0,
  phrases: 'acn, company number, companynumber',
  examples: { matches: ['ACN «004 085 616»', '{"acn":"«006249976»"}'], misses: ['004 085 616', 'ACN 004 085 617'] },
})
