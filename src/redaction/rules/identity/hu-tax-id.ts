import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const huTaxId: Rule = identityRule({
  type: 'HU_TAX_ID',
  summary:
    'Hungarian tax ids of persons: 8, days since 1867, serial number, check digit modulo 11, behind a word such as "adóazonosító".',
  source: 'Nemzeti Adó- és Vámhivatal: adóazonosító jel',
  forms: '9999999999',
  isValid: (id) => id.digit(0) === 8 && weightedSum(id, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 === id.digit(9),
  phrases: 'adoazonosito, azonos, adoszam, adojel, jel, *hungarian tax, tax id, taxid',
  named: 'adoazonosito, adojel',
  examples: {
    matches: ['adoazonosito: «8071592153»', '{"taxId":"«8071592153»"}'],
    misses: ['8071592153', 'adoazonosito, as told, 8071592154'],
  },
})
