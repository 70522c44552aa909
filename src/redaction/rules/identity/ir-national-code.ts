import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const irNationalCode: Rule = identityRule({
  type: 'IR_NATIONAL_CODE',
  summary: 'Iranian national codes: ten digits with a check digit modulo 11, behind a word such as "code melli".',
  source: 'National Organization for Civil Registration of Iran: national code',
  forms: '9999999999',
  isValid: (id) => {
    const rest = weightedSum(id, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11
    return !id.isUniform() && (rest < 2 ? rest : 11 - rest) === id.digit(9)
  },
  phrases: 'melli, kodemelli, codemelli, nationalcode, *national code',
  examples: { matches: ['code melli: «0499370899»'], misses: ['0499370899', 'code melli 0499370898'] },
})
