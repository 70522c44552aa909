import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const usDea: Rule = identityRule({
  type: 'US_DEA',
  summary:
    'Registration numbers of the US Drug Enforcement Administration: two letters, seven digits, check digit, behind a word such as "DEA".',
  source: 'Drug Enforcement Administration, Diversion Control Division: DEA numbers',
  forms: 'AX9999999',
  isValid: (id) => {
    const isSecond = !id.isDigit(1) || id.digit(1) === 9
    return isSecond && TYPES.includes(id.letter(0)) && weightedSum(id, [1, 2, 1, 2, 1, 2], 2) % 10 === id.digit(8)
  },
  phrases: 'dea, deanumber, medical license, medical licence, prescriber',
  named: 'dea, deanumber',
  examples: {
    matches: ['The DEA number is «BB1388568»', '{"deaNumber":"«BB1388568»"}'],
    misses: ['BB1388568', 'DEA, as told, BB1388567', 'DEA agents seized 1388568 pills'],
  },
})

const TYPES = 'ABCDEFGHJKLMPRSTUX'
