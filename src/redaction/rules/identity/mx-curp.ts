import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { identityRule } from './identity-rule.ts'
import type { WrittenId } from './written-id.ts'

export const mxCurp: Rule = identityRule({
  type: 'MX_CURP',
  summary: 'Mexican population registry codes: name, date of birth, sex, state, check digit in eighteen characters.',
  source: 'Registro Nacional de Población: instructivo normativo para la asignación de la CURP',
  forms: 'AAAA999999AAAAAAX9',
  bare: 'aaaa999999aaaaaaX9',
  isValid: (id) =>
    'HMX'.includes(id.letter(10)) && isDay(id.number(6, 8), id.number(8, 10)) && checkDigit(id) === id.digit(17),
  phrases: 'curp',
  bareConfidence: 0.95,
  named: 'curp',
  examples: {
    matches: ['«BOXW310820HNERXN09»', 'CURP: «boxw310820hnerxn09»'],
    misses: ['BOXW310820HNERXN08', 'BOXW311320HNERXN09'],
  },
})

const ALPHABET = '0123456789ABCDEFGHIJKLMN~OPQRSTUVWXYZ'

/** ~ stands for Ñ, which keeps its place in the order. */
function checkDigit(id: WrittenId): number {
  let sum = 0
  for (let i = 0; i < 17; i++) sum += ALPHABET.indexOf(id.letter(i)) * (18 - i)
  return (10 - (sum % 10)) % 10
}
