import type { Rule } from '../../rule.ts'
import { isLuhn } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const seOrganisationsnummer: Rule = identityRule({
  type: 'SE_ORGANISATIONSNUMMER',
  summary:
    'Swedish numbers of organisations: ten digits with a Luhn digit, behind a word such as "organisationsnummer".',
  source: 'Bolagsverket: organisationsnummer (SKV 709)',
  forms: '9999999999 999999999999',
  isValid: (id) => {
    const start = id.length - 10
    return id.number(start + 2, start + 4) >= 20 && isLuhn(id, start)
  },
  phrases: 'organisationsnummer, orgnr, org nr, organisation number, company identity, company identity code',
  confidence: 0.8,
  named: 'organisationsnummer, orgnr',
  examples: {
    matches: [
      'organisationsnummer «212000-0142»',
      'orgnr: «5560360793»',
      'Our company identity code is: «212000-0142». Thank you.',
    ],
    misses: ['212000-0142', 'orgnr, as told, 212000-0143'],
  },
})
