import type { Rule } from '../../rule.ts'
import { documentRule } from './document-rule.ts'

export const taxId: Rule = documentRule({
  type: 'TAX_ID',
  summary: 'Tax numbers of countries without a rule of their own, behind words such as "tax ID" or "TIN".',
  length: [8, 16],
  digitsMin: 7,
  phrases:
    '*tax id, *tax number, *tax identification, taxid, taxnumber, taxidnumber, tin, *vat number, *vat id, *vat no, *vat registration, vatid, vatnumber, vatin, ust id, ustid, ustidnr, steuernummer, steuer nr, numero fiscal',
  examples: {
    matches: [
      'Tax ID: «93815/08152»',
      '{"vat_number":"«GB123456789»"}',
      '{"taxId":"«DE-123456789»"}',
      'Steuernummer: «181/815/08155»',
    ],
    misses: ['93815/08152', 'tax identity 12', '{"taxId":"tax-id-placeholder"}', 'VAT number: 19%'],
  },
})
