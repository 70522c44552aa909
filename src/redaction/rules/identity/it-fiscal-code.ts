import type { Rule } from '../../rule.ts'
import { base36 } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'
import type { WrittenId } from './written-id.ts'

export const itFiscalCode: Rule = identityRule({
  type: 'IT_FISCAL_CODE',
  summary:
    'Italian tax codes: name, date and place of birth in sixteen characters, the last of which checks the others.',
  source: 'Agenzia delle Entrate: decreto ministeriale 23 dicembre 1976',
  forms: 'AAAAAAXXAXXAXXXA',
  bare: 'AAAAAAXXAXXAXXXA, aaaaaa99a99a999a',
  isValid: (id) => 'ABCDEHLMPRST'.includes(id.letter(8)) && isOmocode(id) && checkLetter(id) === id.letter(15),
  phrases: 'fiscale, codice fiscale, codicefiscale, fiscal code',
  bareConfidence: 0.95,
  named: 'codice fiscale, codicefiscale',
  examples: {
    matches: ['«RSSMRA85T10A562S»', 'codice fiscale «rssmra85t10a562s»', '{"cf":"«RCCMNL83S18D969H»"}'],
    misses: ['RSSMRA85T10A562T', 'RSSMRA85F10A562S', 'XRSSMRA85T10A562S'],
  },
})

/** Digits may be replaced by letters when two persons would have the same code. */
const isOmocode = (id: WrittenId): boolean =>
  [6, 7, 9, 10, 12, 13, 14].every((i) => id.isDigit(i) || 'LMNPQRSTUV'.includes(id.letter(i)))

/** Value of 0 to 9 and A to Z at the odd places, counted from one. */
const ODD = [
  [1, 0, 5, 7, 9, 13, 15, 17, 19, 21],
  [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23],
] as const

function checkLetter(id: WrittenId): string {
  let sum = 0
  for (let i = 0; i < 15; i++) {
    const value = id.isDigit(i) ? id.digit(i) : base36(id, i) - 10
    sum += i % 2 === 0 ? ((ODD[id.isDigit(i) ? 0 : 1] as readonly number[])[value] as number) : value
  }
  return String.fromCharCode(0x41 + (sum % 26))
}
