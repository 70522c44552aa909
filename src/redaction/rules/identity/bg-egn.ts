import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const bgEgn: Rule = identityRule({
  type: 'BG_EGN',
  summary: 'Bulgarian civil numbers: date of birth, serial number, check digit, behind a word such as "EGN".',
  source: 'ГРАО: единен граждански номер (ЕГН)',
  forms: '9999999999',
  isValid: (id) =>
    isDay(id.number(2, 4) % 20, id.number(4, 6)) &&
    (weightedSum(id, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === id.digit(9),
  phrases: 'egn, lnch, *bulgarian id',
  named: 'egn',
  examples: {
    matches: ['EGN: «7523169263»', '{"egn":"«8032056031»"}'],
    misses: ['7523169263', 'EGN, as told, 8019010008'],
  },
})
