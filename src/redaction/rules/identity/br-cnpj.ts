import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'
import type { WrittenId } from './written-id.ts'

export const brCnpj: Rule = identityRule({
  type: 'BR_CNPJ',
  summary: 'Brazilian taxpayer numbers of companies: fourteen characters with two check digits, behind "CNPJ".',
  source: 'Receita Federal do Brasil: CNPJ, Instrução Normativa RFB 2.229/2024 (letters)',
  forms: 'XXXXXXXXXXXX99',
  isValid: (id) => checkDigit(id, 12) === id.digit(12) && checkDigit(id, 13) === id.digit(13),
  phrases: 'cnpj, cadastro nacional',
  named: 'cnpj',
  examples: {
    matches: ['CNPJ «11.222.333/0001-81»', '{"cnpj":"«11222333000181»"}', 'CNPJ: «12.ABC.345/01DE-35»'],
    misses: ['11222333000181', 'CNPJ, as told, 11222333000182'],
  },
})

/** A letter counts as its ASCII code less 48, as the digits do. */
function checkDigit(id: WrittenId, length: number): number {
  let sum = 0
  for (let i = 0; i < length; i++) sum += ((id.chars[i] as number) - 48) * (2 + ((length - 1 - i) % 8))
  return ((sum * 10) % 11) % 10
}
