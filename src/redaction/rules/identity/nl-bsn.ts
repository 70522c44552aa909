import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const nlBsn: Rule = identityRule({
  type: 'NL_BSN',
  summary: 'Dutch citizen service numbers: nine digits that pass the test of eleven, behind a word such as "BSN".',
  source: 'Rijksdienst voor Identiteitsgegevens: burgerservicenummer, elfproef',
  forms: '999999999 99999999',
  isValid: (id) => {
    const short = id.length === 8
    return weightedSum(id, short ? [8, 7, 6, 5, 4, 3, 2, -1] : [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0
  },
  phrases: 'bsn, burgerservicenummer, burgerservice, sofi, sofinummer, citizen service',
  named: 'bsn, burgerservicenummer',
  examples: {
    matches: ['BSN: «111222333»', '{"bsn":"«1112.22.333»"}', 'mijn burgerservicenummer is «123456782»'],
    misses: ['111222333', 'BSN, as told, 111222334', 'BSN 000000000'],
  },
})
