import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const chAhv: Rule = identityRule({
  type: 'CH_AHV',
  summary: 'Swiss social insurance numbers: 756 and ten digits, the last of which is the check digit of EAN-13.',
  source: 'Zentrale Ausgleichsstelle: AHV-Nummer (AHVN13)',
  forms: '9999999999999',
  bare: '756.9999.9999.99, 7569999999999',
  isValid: (id) => id.number(0, 3) === 756 && weightedSum(id, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0,
  phrases: 'ahv, avs, ahvn13, ahvnummer, navs13, oasi',
  named: 'ahv, ahvn13, ahvnummer',
  examples: {
    matches: ['«756.9217.0769.85»', 'AHV «7569217076985»', '«7569217076985»'],
    misses: ['756.9217.0769.84', '7569217076984'],
  },
})
