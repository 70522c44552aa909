import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const isKennitala: Rule = identityRule({
  type: 'IS_KENNITALA',
  summary:
    'Icelandic identity numbers: date of birth, serial number, check digit, century, behind a word such as "kennitala".',
  source: 'Þjóðskrá: kennitala',
  forms: '9999999999',
  bare: '999999-9999',
  isValid: (id) => {
    const day = id.number(0, 2)
    const isCentury = id.digit(9) === 0 || id.digit(9) >= 8
    return (
      isCentury &&
      isDay(id.number(2, 4), day > 40 ? day - 40 : day) &&
      weightedSum(id, [3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
    )
  },
  phrases: 'kennitala, kennitolu',
  bareConfidence: 0.7,
  named: 'kennitala',
  examples: {
    matches: ['kennitala: «120174-3399»', 'kennitala «1201743399»', '«120174-3399»'],
    misses: ['1201743399', '120174-3389'],
  },
})
