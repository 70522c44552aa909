import type { Rule } from '../../rule.ts'
import { isLuhn } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const itVatCode: Rule = identityRule({
  type: 'IT_VAT_CODE',
  summary: 'Italian VAT numbers: eleven digits with a Luhn digit, behind a word such as "partita IVA".',
  source: 'Agenzia delle Entrate: partita IVA',
  forms: '99999999999',
  isValid: (id) => id.number(0, 7) > 0 && isLuhn(id),
  phrases: 'iva, partita iva, partitaiva, piva, p iva, vat, vatnumber, vat code',
  confidence: 0.8,
  named: 'partita iva, partitaiva, piva',
  examples: {
    matches: ['P.IVA «01333550323»', '{"partita_iva":"«01333550323»"}'],
    misses: ['01333550323', 'P.IVA 01333550324', 'IVA 00000000000'],
  },
})
