import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const kzIin: Rule = identityRule({
  type: 'KZ_IIN',
  summary:
    'Kazakh individual identification numbers: date of birth, century and sex, serial number, check digit, behind "IIN".',
  source: 'Закон Республики Казахстан о национальных реестрах идентификационных номеров',
  forms: '999999999999',
  isValid: (id) => {
    const first = weightedSum(id, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11
    const check = first < 10 ? first : weightedSum(id, [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11
    return isDay(id.number(2, 4), id.number(4, 6)) && check === id.digit(11)
  },
  phrases: 'iin, zhsn',
  named: 'iin',
  examples: { matches: ['IIN: «980203450059»'], misses: ['980203450059', 'IIN, as told, 980203450058'] },
})
