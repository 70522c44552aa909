import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const esNif: Rule = identityRule({
  type: 'ES_NIF',
  summary: 'Spanish identity numbers (DNI, NIF): eight digits and the letter that checks them.',
  source: 'Ministerio del Interior: cálculo del dígito de control del NIF/NIE',
  forms: '99999999A 9999999A',
  bare: '99999999A, 99999999-A',
  isValid: (id) => id.letter(id.length - 1) === LETTERS.charAt(id.number(0, id.length - 1) % 23),
  phrases: 'dni, nif, documento nacional, documento identidad, identificacion fiscal',
  named: 'dni, nif',
  examples: {
    matches: ['«12345678Z»', 'DNI: «12.345.678-Z»', 'mi NIF es «12345678z»', '«12345678-Z»', '{"nif":"«1111111-G»"}'],
    misses: ['12345678A', 'order 12345678Z', '12345678z', '112345678Z'],
  },
})

const LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE'
