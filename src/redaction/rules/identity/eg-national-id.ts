import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { identityRule } from './identity-rule.ts'

export const egNationalId: Rule = identityRule({
  type: 'EG_NATIONAL_ID',
  summary:
    'Egyptian national numbers: century, date of birth, governorate, serial number in fourteen digits, behind a word such as "national ID".',
  source: 'Civil Status Organization of Egypt: national number',
  forms: '99999999999999',
  isValid: (id) =>
    (id.digit(0) === 2 || id.digit(0) === 3) &&
    isDay(id.number(3, 5), id.number(5, 7)) &&
    (id.number(7, 9) <= 35 || id.number(7, 9) === 88),
  phrases: '*national id, nationalid, *egyptian id, *egyptian national',
  examples: { matches: ['national ID: «29001010134567»'], misses: ['29001010134567', 'national ID 49001010134567'] },
})
