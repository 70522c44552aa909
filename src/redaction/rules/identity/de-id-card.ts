import type { Rule } from '../../rule.ts'
import { base36 } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'
import type { WrittenId } from './written-id.ts'

export const deIdCard: Rule = identityRule({
  type: 'DE_ID_CARD',
  summary:
    'Numbers of German identity cards and passports: nine characters, also with their check digit, behind a word such as "Personalausweis".',
  source: 'Bundesministerium des Innern: Seriennummern, Personalausweisverordnung; ICAO Doc 9303-3 (check digit)',
  forms: 'XXXXXXXXXX XXXXXXXXX',
  isValid: (id) => 'CFGHJKLMNPRTVWXYZ'.includes(id.letter(0)) && hasOnlySerialLetters(id),
  phrases:
    'personalausweis, personalausweisnummer, ausweis, ausweisnummer, ausweis nummer, ausweisnr, reisepass, reisepassnummer, passnummer, seriennummer',
  confidence: 0.8,
  examples: {
    matches: ['Personalausweis: «L01X00T47»', 'Ausweisnummer «T220001293»', '{"reisepass":"«C01X00T47»"}'],
    misses: ['L01X00T47', 'Ausweis A01X00T47', 'Personalausweis beantragt'],
  },
})

/** Vowels and letters that look like digits are left out. */
function hasOnlySerialLetters(id: WrittenId): boolean {
  let digits = 0
  for (let i = 0; i < id.length; i++) {
    if (id.isDigit(i)) digits++
    else if (!'CFGHJKLMNPRTVWXYZ'.includes(id.letter(i))) return false
  }
  return digits >= 4 && (id.length === 9 || (id.isDigit(9) && checkDigit(id) === id.digit(9)))
}

function checkDigit(id: WrittenId): number {
  let sum = 0
  for (let i = 0; i < 9; i++) sum += base36(id, i) * ([7, 3, 1][i % 3] as number)
  return sum % 10
}
