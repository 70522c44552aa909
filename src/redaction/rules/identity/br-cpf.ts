import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const brCpf: Rule = identityRule({
  type: 'BR_CPF',
  summary: 'Brazilian taxpayer numbers of persons: nine digits and two check digits; without dots only behind "CPF".',
  source: 'Receita Federal do Brasil: CPF',
  forms: '99999999999',
  bare: '999.999.999-99',
  isValid: (id) => {
    const first = ((weightedSum(id, [10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
    const second = ((weightedSum(id, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
    return !id.isUniform() && first === id.digit(9) && second === id.digit(10)
  },
  phrases: 'cpf, contribuinte',
  bareConfidence: 0.95,
  named: 'cpf',
  examples: {
    matches: ['«111.444.777-35»', 'CPF: «11144477735»', '{"cpf":"«529.982.247-25»"}', '«52998224725» (CPF)'],
    misses: ['111.444.777-34', '11144477735', '111.111.111-11', 'CPF 11111111111'],
  },
})
