import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'
import type { WrittenId } from './written-id.ts'

export const usNpi: Rule = identityRule({
  type: 'US_NPI',
  summary:
    'National provider identifiers of US health care: ten digits, Luhn with 80840 before them, behind a word such as "NPI".',
  source: '45 CFR 162.406; Centers for Medicare & Medicaid Services: NPI check digit',
  forms: '9999999999',
  // 24 is what the prefix 80840 adds.
  isValid: (id) => (id.digit(0) === 1 || id.digit(0) === 2) && luhnSum(id) % 10 === 6,
  phrases: 'npi, *provider identifier, *provider id',
  named: 'npi, *provider identifier',
  examples: {
    matches: ['NPI: «1234567893»', '{"npi":"«1245319599»"}', 'NPI «1234-567-893»'],
    misses: ['1234567893', 'NPI, as told, 1234567890'],
  },
})

function luhnSum(id: WrittenId): number {
  let sum = 0
  for (let i = 0; i < id.length; i++) {
    const digit = i % 2 === 0 ? id.digit(i) * 2 : id.digit(i)
    sum += digit > 9 ? digit - 9 : digit
  }
  return sum % 10
}
