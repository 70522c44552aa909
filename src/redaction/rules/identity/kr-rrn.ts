import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { identityRule } from './identity-rule.ts'

export const krRrn: Rule = identityRule({
  type: 'KR_RRN',
  summary:
    'Korean resident and foreigner registration numbers: date of birth, century and sex, six digits; without the dash only behind a word.',
  source: 'Ministry of the Interior and Safety: resident registration number (no check digit since October 2020)',
  forms: '9999999999999',
  bare: '999999-9999999',
  isValid: (id) => id.digit(6) >= 1 && id.digit(6) <= 8 && isDay(id.number(2, 4), id.number(4, 6)),
  phrases: 'rrn, frn, jumin, resident registration, foreigner registration, *korean rrn',
  bareConfidence: 0.85,
  named: 'resident registration',
  examples: {
    matches: ['His Korean RRN is «960121-1234567»', 'RRN: «9601211234567»', '«960121-1234567»'],
    misses: ['9601211234567', '961321-1234567', '960121-0234567'],
  },
})
