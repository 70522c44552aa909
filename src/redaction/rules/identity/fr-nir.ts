import type { Rule } from '../../rule.ts'
import { remainder } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'
import type { WrittenId } from './written-id.ts'

export const frNir: Rule = identityRule({
  type: 'FR_NIR',
  summary: 'French social security numbers: sex, year, month, place, serial number and a key modulo 97.',
  source: "INSEE: numéro d'inscription au répertoire (NIR)",
  forms: '99999A999999999 999999999999999',
  bare: '9 99 99 99 999 999 99, 999999999999999, 99999A999999999',
  isValid: (id) => {
    const month = id.number(3, 5)
    const isMonth = (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50
    return '123478'.includes(id.letter(0)) && isMonth && hasKey(id)
  },
  isValidBare: (id) => id.digit(0) <= 2 && id.number(3, 5) <= 12 && id.digit(5) <= 9,
  phrases: 'nir, securite sociale, curit sociale, secu, insee, vitale, carte vitale, nirpp, numsecu, *social security',
  named: 'nir, securite sociale, curit sociale',
  examples: {
    matches: ['NIR «2 55 08 14 168 025 38»', '«255081416802538»', '«1 85 05 78 006 084 91»'],
    misses: ['255081416802539', '2 55 13 14 168 025 38', 'x255081416802538'],
  },
})

/** 97 minus the rest; the departments of Corsica, 2A and 2B, count as 19 and 18. */
function hasKey(id: WrittenId): boolean {
  let rest = remainder(id, 97, 0, 5)
  if (id.isDigit(6)) rest = remainder(id, 97, 5, 7, rest)
  else if (id.digit(5) === 2 && 'AB'.includes(id.letter(6))) rest = (rest * 100 + (id.letter(6) === 'A' ? 19 : 18)) % 97
  else return false
  return 97 - remainder(id, 97, 7, 13, rest) === id.number(13, 15)
}
