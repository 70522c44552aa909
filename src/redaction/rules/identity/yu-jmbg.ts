import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const yuJmbg: Rule = identityRule({
  type: 'YU_JMBG',
  summary:
    'Citizen numbers of Serbia, Bosnia, Montenegro, North Macedonia and Slovenia: date of birth, region, serial number, check digit, behind "JMBG" or "EMŠO".',
  source: 'Jedinstveni matični broj građana; Zakon o centralnem registru prebivalstva (EMŠO)',
  forms: '9999999999999',
  isValid: (id) =>
    isDay(id.number(2, 4), id.number(0, 2)) && weightedSum(id, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0,
  phrases: 'jmbg, emso, embg, maticni, maticni broj',
  named: 'jmbg, emso, embg',
  examples: {
    matches: ['JMBG «0101006500006»', '{"emso":"«0101006500006»"}'],
    misses: ['0101006500006', 'JMBG, as told, 0101006500007'],
  },
})
