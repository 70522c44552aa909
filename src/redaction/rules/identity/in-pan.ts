import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const inPan: Rule = identityRule({
  type: 'IN_PAN',
  summary:
    'Indian permanent account numbers: five letters, the fourth of which tells the kind of holder, four digits, a letter.',
  source: 'Income Tax Department of India: structure of the PAN',
  forms: 'AAAAA9999A',
  bare: 'AAAAA9999A',
  isValid: (id) => id.number(5, 9) > 0,
  isValidBare: (id) => 'ABCEFGHJLPT'.includes(id.letter(3)),
  phrases: 'pan, pancard, *permanent account',
  named: 'pancard, *permanent account',
  examples: { matches: ['«ABCPD1234Z»', 'PAN: «abcpd1234z»'], misses: ['ABCDD1234Z', 'abcpd1234z', 'XABCPD1234Z'] },
})
