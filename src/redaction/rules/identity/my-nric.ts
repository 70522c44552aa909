import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { identityRule } from './identity-rule.ts'

export const myNric: Rule = identityRule({
  type: 'MY_NRIC',
  summary:
    'Malaysian identity card numbers: date of birth, place, serial number; without dashes only behind a word such as "MyKad".',
  source: 'Jabatan Pendaftaran Negara Malaysia: MyKad, place of birth codes',
  forms: '999999999999',
  bare: '999999-99-9999',
  isValid: (id) => isDay(id.number(2, 4), id.number(4, 6)) && isPlace(id.number(6, 8)),
  phrases: 'mykad, nric, ic *number, ic *no, kad pengenalan, pengenalan, *malaysian id, *malaysian ic',
  named: 'mykad',
  examples: {
    matches: ['MyKad «770305021234»', '«770305-02-1234»', 'NRIC: «770305-02-1234»'],
    misses: ['770305021234', '771305-02-1234', '770305-17-1234'],
  },
})

const isPlace = (code: number): boolean =>
  (code >= 1 && code <= 16) ||
  (code >= 21 && code <= 68) ||
  code === 71 ||
  code === 72 ||
  code === 74 ||
  (code >= 75 && code <= 79) ||
  code >= 82
