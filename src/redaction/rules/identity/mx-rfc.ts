import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { identityRule } from './identity-rule.ts'
import type { WrittenId } from './written-id.ts'

export const mxRfc: Rule = identityRule({
  type: 'MX_RFC',
  summary:
    'Mexican taxpayer numbers of persons: name, date of birth, three characters, the last of which checks the others.',
  source: 'Servicio de Administración Tributaria: clave del RFC',
  forms: 'AAAA999999XXX AAA999999XXX',
  bare: 'AAAA999999XXX',
  isValid: (id) => {
    const date = id.length - 9
    return (
      isDay(id.number(date + 2, date + 4), id.number(date + 4, date + 6)) &&
      checkCharacter(id) === id.letter(id.length - 1)
    )
  },
  phrases: 'rfc, registro federal',
  named: 'rfc',
  examples: {
    matches: ['«GODE561231GR8»', 'RFC: «gode561231gr8»'],
    misses: ['GODE561231GR9', 'GODE561331GR8', 'RFC 6749 section 5'],
  },
})

const ALPHABET = '0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ ~'

/** Companies have three letters: they count as if a blank stood before them. */
function checkCharacter(id: WrittenId): string {
  let sum = id.length === 12 ? ALPHABET.indexOf(' ') * 13 : 0
  for (let i = 0; i < id.length - 1; i++) sum += ALPHABET.indexOf(id.letter(i)) * (id.length - i)
  return '0A987654321'.charAt(sum % 11 === 1 ? 1 : sum % 11)
}
