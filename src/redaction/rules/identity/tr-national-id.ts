import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const trNationalId: Rule = identityRule({
  type: 'TR_NATIONAL_ID',
  summary: 'Turkish identity numbers: eleven digits, two of which check the others, behind a word such as "kimlik".',
  source: 'Nüfus ve Vatandaşlık İşleri: T.C. kimlik numarası',
  forms: '99999999999',
  isValid: (id) => {
    const odd = id.digit(0) + id.digit(2) + id.digit(4) + id.digit(6) + id.digit(8)
    const even = id.digit(1) + id.digit(3) + id.digit(5) + id.digit(7)
    const tenth = (odd * 7 - even + 100) % 10
    return id.digit(0) > 0 && tenth === id.digit(9) && (odd + even + tenth) % 10 === id.digit(10)
  },
  phrases: 'kimlik, tckn, tc kimlik, tckimlik, tcno, tc no, vatanda, *turkish id, *turkish national',
  named: 'kimlik, tckn, tc kimlik',
  examples: {
    matches: ['TC kimlik no: «10000000146»', 'TCKN «36493665440»', '«53857632436» TC kimlik'],
    misses: ['10000000146', 'TCKN, as told, 10000000147'],
  },
})
