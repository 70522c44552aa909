import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const jpMyNumber: Rule = identityRule({
  type: 'JP_MY_NUMBER',
  summary: 'Japanese individual numbers: twelve digits with a check digit, behind "My Number".',
  source: 'Ministry of Internal Affairs and Communications: ordinance 85 of 2014, article 5',
  forms: '999999999999',
  isValid: (id) => {
    const rest = weightedSum(id, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
    return (rest <= 1 ? 0 : 11 - rest) === id.digit(11)
  },
  phrases: 'my *number, mynumber, individual number, kojin bango, *japanese individual',
  named: 'mynumber',
  examples: {
    matches: ['My Number: «1234 5678 9018»', '{"myNumber":"«123456789018»"}'],
    misses: ['123456789018', 'My Number: 123456789019'],
  },
})
