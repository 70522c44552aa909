import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'
import type { WrittenId } from './written-id.ts'

export const usMbi: Rule = identityRule({
  type: 'US_MBI',
  summary:
    'Medicare beneficiary identifiers: eleven characters in a fixed order of digits and letters without S, L, O, I, B, Z.',
  source: 'Centers for Medicare & Medicaid Services: Understanding the MBI format',
  forms: '9AX9AX9AA99',
  bare: '9AX9AX9AA99',
  isValid: (id) => id.digit(0) > 0 && !hasLetterOf(id, 'SLOIBZ'),
  phrases: 'mbi, medicare, medicare beneficiary',
  named: 'mbi',
  examples: {
    matches: ['Medicare ID: «1EG4-TE5-MK73»', '«1EG4TE5MK73»', 'mbi «3cd5fg7hj89»'],
    misses: ['1SG4TE5MK73', '0EG4TE5MK73', '1EG4TE5MK7'],
  },
})

function hasLetterOf(id: WrittenId, letters: string): boolean {
  for (let i = 0; i < id.length; i++) if (letters.includes(id.letter(i))) return true
  return false
}
