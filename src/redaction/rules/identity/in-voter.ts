import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const inVoter: Rule = identityRule({
  type: 'IN_VOTER',
  summary: 'Indian voter card numbers (EPIC): three letters and seven digits, behind a word such as "voter".',
  source: 'Election Commission of India: electors photo identity card',
  forms: 'AAA9999999',
  phrases: '*voter id, voter, epic, epicnumber, votercard, voterid',
  confidence: 0.7,
  examples: {
    matches: ['my voter: «DBJ2289013»', '{"voter_id":"«KSD1287349»"}'],
    misses: ['KSD1287349', 'voter turnout 2289013'],
  },
})
