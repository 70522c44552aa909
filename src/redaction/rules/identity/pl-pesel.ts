import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const plPesel: Rule = identityRule({
  type: 'PL_PESEL',
  summary: 'Polish PESEL numbers: date of birth, serial number, check digit, behind a word such as "PESEL".',
  source: 'Ministerstwo Cyfryzacji: ustawa o ewidencji ludności, numer PESEL',
  forms: '99999999999',
  isValid: (id) =>
    isDay(id.number(2, 4) % 20, id.number(4, 6)) && weightedSum(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0,
  phrases: 'pesel, peselu, numer pesel',
  named: 'pesel',
  examples: {
    matches: ['PESEL «44051401458»', '{"pesel":"«02070803628»"}', 'mój PESEL to «44051401359»'],
    misses: ['44051401458', 'PESEL, as told, 44051401457', 'PESEL, as told, 44991401458'],
  },
})
