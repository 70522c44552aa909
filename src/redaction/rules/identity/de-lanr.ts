import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const deLanr: Rule = identityRule({
  type: 'DE_LANR',
  summary:
    'German physicians\' numbers: nine digits, the seventh of which checks the first six, behind a word such as "LANR".',
  source: 'Kassenärztliche Bundesvereinigung: Arztnummern-Richtlinie',
  forms: '999999999',
  isValid: (id) => (10 - (weightedSum(id, [4, 9, 4, 9, 4, 9]) % 10)) % 10 === id.digit(6),
  phrases: 'lanr, arztnummer, arzt nr, arztnr',
  named: 'lanr, arztnummer',
  examples: {
    matches: ['LANR: «123456601» des behandelnden Arztes.'],
    misses: ['123456601', 'LANR, as told, 123456701'],
  },
})
