import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const uaRnokpp: Rule = identityRule({
  type: 'UA_RNOKPP',
  summary:
    'Ukrainian tax numbers of persons: days since 1900, serial number, check digit, behind a word such as "RNOKPP".',
  source: 'Державна податкова служба України: РНОКПП',
  forms: '9999999999',
  isValid: (id) => (((weightedSum(id, [-1, 5, 7, 9, 4, 6, 10, 5, 7]) % 11) + 11) % 11) % 10 === id.digit(9),
  phrases: 'rnokpp, ipn, drfo',
  named: 'rnokpp',
  examples: { matches: ['RNOKPP: «1759013776»', '{"ipn":"«3184710691»"}'], misses: ['1759013776', 'IPN 1759013770'] },
})
