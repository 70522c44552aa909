import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const sgNricFin: Rule = identityRule({
  type: 'SG_NRIC_FIN',
  summary: 'Singapore identity and foreigner numbers: a letter, seven digits, a check letter.',
  source: 'Immigration & Checkpoints Authority of Singapore: NRIC and FIN',
  forms: 'A9999999A',
  bare: 'A9999999A',
  isValid: (id) => {
    const kind = id.letter(0)
    const offset = kind === 'T' || kind === 'G' ? 4 : kind === 'M' ? 3 : 0
    const rest = (weightedSum(id, [2, 7, 6, 5, 4, 3, 2], 1) + offset) % 11
    const letters = LETTERS[kind]
    return letters !== undefined && letters.charAt(rest) === id.letter(8)
  },
  phrases: 'nric, fin, singapore id, *singapore id',
  named: 'nric',
  examples: {
    matches: ['«S1234567D»', 'NRIC: «s1234567d»', 'FIN «G1234567X»'],
    misses: ['S1234567E', 's1234567d', 'A1234567D'],
  },
})

const LETTERS: Record<string, string> = {
  S: 'JZIHGFEDCBA',
  T: 'JZIHGFEDCBA',
  F: 'XWUTRQPNMLK',
  G: 'XWUTRQPNMLK',
  M: 'XWUTRQPNJLK',
}
