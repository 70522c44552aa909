import type { Rule } from '../../rule.ts'
import { isLuhn } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const ecCedula: Rule = identityRule({
  type: 'EC_CEDULA',
  summary: 'Ecuadorian identity numbers: province, serial number, Luhn digit, behind "cédula".',
  source: 'Dirección General de Registro Civil: cédula de identidad',
  forms: '9999999999',
  isValid: (id) => id.number(0, 2) >= 1 && id.number(0, 2) <= 30 && id.digit(2) < 6 && isLuhn(id),
  phrases: 'cedula, dula, cedula identidad',
  examples: { matches: ['cedula: «171430710-3»', 'cédula «1714307103»'], misses: ['1714307103', 'cedula 1714307104'] },
})
