import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const esNie: Rule = identityRule({
  type: 'ES_NIE',
  summary: 'Spanish numbers of foreigners: X, Y or Z, seven digits and the letter that checks them.',
  source: 'Ministerio del Interior: cálculo del dígito de control del NIF/NIE',
  forms: 'A9999999A',
  bare: 'A9999999A',
  isValid: (id) => {
    const first = 'XYZ'.indexOf(id.letter(0))
    return first >= 0 && id.letter(8) === LETTERS.charAt((first * 10_000_000 + id.number(1, 8)) % 23)
  },
  phrases: 'nie, extranjero, identificacion de extranjero, tie',
  named: 'nie',
  examples: {
    matches: ['«X9613851N»', 'NIE: «Y8063915-Z»', '«Z8078221M» en mi NIE'],
    misses: ['X9613851A', 'A9613851N'],
  },
})

const LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE'
