import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const clRut: Rule = identityRule({
  type: 'CL_RUT',
  summary:
    'Chilean identity numbers: seven or eight digits and a check character; without dots only behind a word such as "RUT".',
  source: 'Servicio de Registro Civil e Identificación: RUN, RUT',
  forms: '99999999X 9999999X',
  bare: '99.999.999-9, 9.999.999-9',
  isValid: (id) => {
    const length = id.length - 1
    let sum = 0
    for (let i = 0; i < length; i++) sum += id.digit(i) * (2 + ((length - 1 - i) % 6))
    return id.number(0, length) > 99_999 && '0K987654321'.charAt(sum % 11) === id.letter(length)
  },
  phrases: 'rut',
  named: 'rut',
  examples: {
    matches: ['«12.345.678-5»', 'RUT: «12345678-5»', '{"rut":"«76086428-5»"}', 'RUT «12.531.909-2»'],
    misses: ['12.345.678-6', '12345678-5', 'run 12345 tests'],
  },
})
