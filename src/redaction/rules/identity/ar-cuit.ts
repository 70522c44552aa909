import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const arCuit: Rule = identityRule({
  type: 'AR_CUIT',
  summary:
    'Argentine tax and labour numbers: kind, identity number, check digit modulo 11; without dashes only behind a word such as "CUIT".',
  source: 'Administración Federal de Ingresos Públicos: CUIT, CUIL',
  forms: '99999999999',
  bare: '99-99999999-9',
  isValid: (id) =>
    KINDS.has(id.number(0, 2)) && (11 - (weightedSum(id, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === id.digit(10),
  phrases: 'cuit, cuil, cdi',
  named: 'cuit, cuil',
  examples: {
    matches: ['«20-05536168-2»', 'CUIL: «20267565393»'],
    misses: ['20-05536168-3', '20267565393', '21-05536168-2'],
  },
})

const KINDS = new Set([20, 23, 24, 25, 26, 27, 30, 33, 34, 50, 51, 55])
