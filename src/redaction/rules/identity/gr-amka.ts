import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { isLuhn } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const grAmka: Rule = identityRule({
  type: 'GR_AMKA',
  summary: 'Greek social security numbers: date of birth, serial number, Luhn digit, behind "AMKA".',
  source: 'ΗΔΙΚΑ: Αριθμός Μητρώου Κοινωνικής Ασφάλισης (ΑΜΚΑ)',
  forms: '99999999999',
  isValid: (id) => isDay(id.number(2, 4), id.number(0, 2)) && isLuhn(id),
  phrases: 'amka',
  named: 'amka',
  examples: { matches: ['AMKA «01013099997»'], misses: ['01013099997', 'AMKA, as told, 01013099999'] },
})
