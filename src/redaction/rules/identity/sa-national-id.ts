import type { Rule } from '../../rule.ts'
import { isLuhn } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const saNationalId: Rule = identityRule({
  type: 'SA_NATIONAL_ID',
  summary: 'Saudi identity and residence numbers: 1 or 2, eight digits, Luhn digit, behind a word such as "Iqama".',
  source: 'Ministry of Interior of Saudi Arabia: national ID, Iqama',
  forms: '9999999999',
  isValid: (id) => (id.digit(0) === 1 || id.digit(0) === 2) && isLuhn(id),
  phrases: 'iqama, *saudi id, *saudi national, *national id, nationalid, hawiyya',
  named: 'iqama',
  examples: { matches: ['Iqama: «2123456788»'], misses: ['2123456788', 'Iqama, as told, 2123456787'] },
})
