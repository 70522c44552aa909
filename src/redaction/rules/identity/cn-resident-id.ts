import type { Rule } from '../../rule.ts'
import { isBirthDate } from './birth-dates.ts'
import { isMod11Radix2 } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const cnResidentId: Rule = identityRule({
  type: 'CN_RESIDENT_ID',
  summary:
    'Chinese resident identity numbers: region, date of birth, serial number, check character (ISO 7064 MOD 11-2).',
  source: 'GB 11643-1999',
  forms: '99999999999999999X',
  bare: '999999999999999999, 99999999999999999A',
  isValid: (id) =>
    REGIONS.has(id.number(0, 2)) &&
    isBirthDate(id.number(6, 10), id.number(10, 12), id.number(12, 14)) &&
    isMod11Radix2(id),
  phrases: 'shenfenzheng, resident identity, *chinese id, sfz, idcard, identity card',
  bareConfidence: 0.95,
  named: 'shenfenzheng, resident identity',
  examples: {
    matches: ['«11010519491231002X»', '身份证«440524188001010014»', '{"idCard":"«11010519491231002x»"}'],
    misses: ['110105194912310021', '11010519491331002X', '99010519491231002X'],
  },
})

const REGIONS = new Set(
  '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 91'
    .split(' ')
    .map(Number),
)
