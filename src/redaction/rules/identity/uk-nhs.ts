import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const ukNhs: Rule = identityRule({
  type: 'UK_NHS',
  summary: 'NHS numbers: ten digits with a check digit modulo 11, behind a word such as "NHS".',
  source: 'NHS Data Dictionary: NHS number',
  forms: '9999999999',
  isValid: (id) => weightedSum(id, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0,
  phrases: 'nhs, nhsnumber, *health service',
  named: 'nhs, nhsnumber',
  examples: {
    matches: ['NHS number: «943 476 5919»', '{"nhsNumber":"«9434765919»"}', '«943-476-5919» (NHS)'],
    misses: ['943 476 5919', 'NHS, as told, 943 476 5918'],
  },
})
