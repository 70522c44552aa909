import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const usSsn: Rule = identityRule({
  type: 'US_SSN',
  summary: 'US social security numbers with dashes; with blanks or as nine digits only behind a word such as "SSN".',
  source: 'Social Security Administration: numbers that are never issued',
  forms: '999999999',
  bare: '999-99-9999',
  // Area 000, 666 and 900 to 999, group 00 and serial 0000 are never issued.
  isValid: (id) => {
    const area = id.number(0, 3)
    return area > 0 && area < 900 && area !== 666 && id.number(3, 5) > 0 && id.number(5, 9) > 0
  },
  phrases: 'ssn, ssns, social, social security, socialsecurity, socialsecuritynumber, tin',
  bareConfidence: 0.9,
  named: 'ssn, ssns, social security, socialsecurity, socialsecuritynumber',
  examples: {
    matches: [
      '{"ssn":"«257-95-9759»"}',
      'my social is «869 60 1168»',
      'SSN: «257959759»',
      'id\\n«257-95-9759»',
      'social security number: «257.95.9759»',
      '{"customerSsn":«257959759»}',
      '«257959759» is my SSN',
    ],
    misses: [
      '000-12-3456',
      '666-12-3456',
      '912-12-3456',
      '257-00-9759',
      '257-95-0000',
      '257 95 9759',
      '257959759',
      '1257-95-9759',
      '257-95-97591',
      '257-95-9759-1',
      'social media 257959759123',
    ],
  },
})
