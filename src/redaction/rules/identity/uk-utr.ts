import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const ukUtr: Rule = identityRule({
  type: 'UK_UTR',
  summary:
    'UK unique taxpayer references: ten digits, the first of which checks the others, behind a word such as "UTR".',
  source: 'HM Revenue & Customs: unique taxpayer reference',
  forms: '9999999999',
  isValid: (id) => id.letter(0) === CHECK.charAt(weightedSum(id, [6, 7, 8, 9, 10, 5, 4, 3, 2], 1) % 11),
  phrases: 'utr, taxpayer reference, *taxpayer reference',
  named: 'utr',
  examples: { matches: ['UTR: «1955839661»'], misses: ['1955839661', 'UTR, as told, 2955839661'] },
})

const CHECK = '21987654321'
