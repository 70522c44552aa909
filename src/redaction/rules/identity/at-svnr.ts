import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const atSvnr: Rule = identityRule({
  type: 'AT_SVNR',
  summary:
    'Austrian social insurance numbers: serial number, check digit, date of birth, behind a word such as "SVNR".',
  source: 'Dachverband der Sozialversicherungsträger: Versicherungsnummer',
  forms: '9999999999',
  isValid: (id) =>
    id.digit(0) > 0 &&
    id.number(6, 8) <= 15 &&
    id.number(4, 6) <= 31 &&
    weightedSum(id, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === id.digit(3),
  phrases: 'svnr, sv nr, sv nummer, svnummer, versicherungsnummer, sozialversicherung',
  named: 'svnr',
  examples: {
    matches: ['SVNR: «1237 010180»', 'Sozialversicherungsnummer «1237010180»'],
    misses: ['1237010180', 'SVNR, as told, 2237010180'],
  },
})
