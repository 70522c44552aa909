import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'
import type { WrittenId } from './written-id.ts'

export const nzIrd: Rule = identityRule({
  type: 'NZ_IRD',
  summary: 'New Zealand tax numbers: eight or nine digits with a check digit modulo 11, behind a word such as "IRD".',
  source: 'Inland Revenue: resident withholding tax specification, IRD number validation',
  forms: '999999999 99999999',
  isValid: (id) => isFor(id, [3, 2, 7, 6, 5, 4, 3, 2]),
  phrases: 'ird, inland revenue',
  named: 'ird',
  examples: {
    matches: ['IRD number «49-091-850»', '{"ird":"«136410132»"}'],
    misses: ['49-091-850', 'IRD, as told, 136410133'],
  },
})

function isFor(id: WrittenId, weights: readonly number[]): boolean {
  // Eight digits are nine with a zero in front.
  const sum = id.length === 9 ? weightedSum(id, weights) : weightedSum(id, weights.slice(1))
  const check = (11 - (sum % 11)) % 11
  if (check < 10) return check === id.digit(id.length - 1)
  return weights !== SECOND && isFor(id, SECOND)
}

const SECOND = [7, 4, 3, 2, 5, 2, 7, 6]
