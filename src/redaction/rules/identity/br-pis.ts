import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const brPis: Rule = identityRule({
  type: 'BR_PIS',
  summary:
    'Brazilian social programme numbers (PIS, PASEP, NIS, NIT): eleven digits with a check digit, behind one of these words.',
  source: 'Caixa Econômica Federal: PIS/PASEP',
  forms: '99999999999',
  isValid: (id) => ((weightedSum(id, [3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10 === id.digit(10),
  phrases: 'pis, pasep, nis, nit',
  named: 'pasep',
  examples: { matches: ['PIS «120.12345.67-2»'], misses: ['12012345672', 'PIS 12012345673'] },
})
