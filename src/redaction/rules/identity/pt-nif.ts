import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const ptNif: Rule = identityRule({
  type: 'PT_NIF',
  summary: 'Portuguese tax numbers: nine digits with a check digit modulo 11, behind a word such as "NIF".',
  source: 'Autoridade Tributária e Aduaneira: NIF',
  forms: '999999999',
  isValid: (id) => {
    const check = 11 - (weightedSum(id, [9, 8, 7, 6, 5, 4, 3, 2]) % 11)
    return '1235689'.includes(id.letter(0)) && (check > 9 ? 0 : check) === id.digit(8)
  },
  phrases: 'nif, contribuinte, nipc, fiscal, numero fiscal',
  named: 'contribuinte',
  examples: {
    matches: ['NIF: «501 442 600»', '{"contribuinte":"«123456789»"}'],
    misses: ['501442600', 'NIF 123456780'],
  },
})
