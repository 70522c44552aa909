import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const ngNin: Rule = identityRule({
  type: 'NG_NIN',
  summary: 'Nigerian identification and bank verification numbers: eleven digits, behind "NIN" or "BVN".',
  source: 'National Identity Management Commission; Central Bank of Nigeria: BVN',
  forms: '99999999999',
  phrases: 'nin, bvn',
  confidence: 0.8,
  examples: { matches: ['NIN: «12345678901»', '{"bvn":"«22123456789»"}'], misses: ['12345678901', 'NIN 1234567890'] },
})
