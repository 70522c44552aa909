import type { Rule } from '../../rule.ts'
import { isMod11And10 } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const hrOib: Rule = identityRule({
  type: 'HR_OIB',
  summary: 'Croatian personal identification numbers: eleven digits, ISO 7064 MOD 11,10, behind "OIB".',
  source: 'Porezna uprava: osobni identifikacijski broj',
  forms: '99999999999',
  isValid: isMod11And10,
  phrases: 'oib, osobni identifikacijski, identifikacijski broj',
  named: 'oib',
  examples: {
    matches: ['OIB: «69435151530»', '{"oib":"«33392005961»"}'],
    misses: ['69435151530', 'OIB, as told, 33392005962'],
  },
})
