import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { isLuhn } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const zaIdNumber: Rule = identityRule({
  type: 'ZA_ID_NUMBER',
  summary:
    'South African identity numbers: date of birth, serial number, citizenship, Luhn digit, behind a word such as "ID number".',
  source: 'Department of Home Affairs: Identification Act 68 of 1997, identity number',
  forms: '9999999999999',
  isValid: (id) => isDay(id.number(2, 4), id.number(4, 6)) && id.digit(10) <= 2 && isLuhn(id),
  phrases:
    '*african id, *rsa id, *sa id, *identity number, idnumber, id *number, id *no, rsaid, *national id, nationalid',
  named: '*african id, *rsa id',
  examples: {
    matches: ['My South African ID is «9202201234088».', 'RSA ID: «8001015009087»', '{"idNumber":"«8001015009087»"}'],
    misses: ['8001015009087', 'RSA ID, as told, 8001015009088', 'ID number 8013015009087'],
  },
})
