import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const eeIsikukood: Rule = identityRule({
  type: 'EE_ISIKUKOOD',
  summary:
    'Estonian and Lithuanian personal codes: century and sex, date of birth, serial number, check digit, behind a word such as "isikukood".',
  source: 'Eesti standard EVS 585:2007; Lietuvos asmens kodas',
  forms: '99999999999',
  isValid: (id) => {
    if (id.digit(0) < 1 || id.digit(0) > 8 || !isDay(id.number(3, 5), id.number(5, 7))) return false
    const first = weightedSum(id, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11
    const second = weightedSum(id, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11
    return (first < 10 ? first : second % 10) === id.digit(10)
  },
  phrases:
    'isikukood, isikukoodi, asmens, asmens kodas, kodas, *estonian personal, *lithuanian personal, personal code',
  named: 'isikukood, asmens kodas',
  examples: {
    matches: ['isikukood «36805280109»', '{"asmens_kodas":"«33309240064»"}'],
    misses: ['36805280109', 'isikukood, as told, 36805280108'],
  },
})
