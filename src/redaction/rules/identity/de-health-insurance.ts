import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'
import type { WrittenId } from './written-id.ts'

export const deHealthInsurance: Rule = identityRule({
  type: 'DE_HEALTH_INSURANCE',
  summary:
    'German health insurance numbers: a letter, nine digits with a check digit, behind a word such as "Versichertennummer".',
  source: 'GKV-Spitzenverband: Krankenversichertennummer, § 290 SGB V',
  forms: 'A999999999',
  isValid: (id) => checkSum(id) % 10 === id.digit(9),
  phrases:
    'versichertennummer, versicherungsnummer, krankenversicherung, krankenkasse, kvnr, kvnummer, egk, versicherten nr',
  named: 'versichertennummer, kvnr',
  examples: {
    matches: ['KVNR «A123456780»', 'Krankenversichertennummer: «A000500015»'],
    misses: ['A123456780', 'KVNR, as told, A123456781'],
  },
})

/** The letter counts as two digits; weights 1 and 2 in turn. */
function checkSum(id: WrittenId): number {
  const letter = (id.chars[0] as number) - 0x40
  let sum = Math.floor(letter / 10) + doubled(letter % 10)
  for (let i = 1; i < 9; i++) sum += i % 2 === 1 ? id.digit(i) : doubled(id.digit(i))
  return sum
}

const doubled = (digit: number): number => (digit > 4 ? digit * 2 - 9 : digit * 2)
