import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const ukNino: Rule = identityRule({
  type: 'UK_NINO',
  summary: 'UK national insurance numbers: two letters, six digits, A to D.',
  source: 'HM Revenue & Customs, National Insurance Manual NIM39110',
  forms: 'AA999999A',
  bare: 'AA999999A',
  isValid: (id) => {
    const [first, second] = [id.letter(0), id.letter(1)]
    if ('DFIQUV'.includes(first) || 'DFIOQUV'.includes(second) || UNUSED.has(first + second)) return false
    return 'ABCD'.includes(id.letter(8))
  },
  phrases: 'nino, national insurance, nationalinsurance, insurance, ni *number, ni *no',
  named: 'nino, national insurance, nationalinsurance',
  examples: {
    matches: [
      'nino: «PR 123612C»',
      'National Insurance Number: «AB 12 34 56 C»',
      '«AB123456C»',
      'NI number «ab 12 34 56 c»',
    ],
    misses: ['DB123456C', 'AB123456E', 'GB123456A', 'nino, as told, QQ123456C'],
  },
})

const UNUSED = new Set('BG GB KN NK NT TN ZZ'.split(' '))
