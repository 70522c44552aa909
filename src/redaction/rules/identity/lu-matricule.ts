import type { Rule } from '../../rule.ts'
import { isBirthDate } from './birth-dates.ts'
import { isLuhn } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const luMatricule: Rule = identityRule({
  type: 'LU_MATRICULE',
  summary:
    'Luxembourg identification numbers: date of birth, serial number, Luhn and Verhoeff digit, behind "matricule".',
  source: "Centre des technologies de l'information de l'État: numéro d'identification national",
  forms: '9999999999999',
  isValid: (id) => isBirthDate(id.number(0, 4), id.number(4, 6), id.number(6, 8)) && isLuhn(id, 0, 12),
  phrases: 'matricule, matricule nationale, *luxembourg id',
  examples: { matches: ['matricule: «1893120105732»'], misses: ['1893120105732', 'matricule 1893120105742'] },
})
