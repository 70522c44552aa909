import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { identityRule } from './identity-rule.ts'
import type { WrittenId } from './written-id.ts'

export const deSocialSecurity: Rule = identityRule({
  type: 'DE_SOCIAL_SECURITY',
  summary: 'German pension insurance numbers: area, date of birth, initial, serial number, check digit.',
  source: 'Deutsche Rentenversicherung; § 147 SGB VI and VKVV § 2',
  forms: '99999999A999',
  bare: '99999999A999',
  isValid: (id) => isDay(id.number(4, 6), id.number(2, 4) % 50) && checkSum(id) % 10 === id.digit(11),
  phrases: 'rvnr, svnr, sv nummer, versicherungsnummer, sozialversicherung',
  named: 'rvnr, versicherungsnummer',
  examples: {
    matches: ['SV-Nummer «15 070649 C 103»', '«15070649C103»'],
    misses: ['15070649C104', '15071349C103', 'A15070649C103'],
  },
})

const WEIGHTS = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]

/** The letter counts as two digits: its place in the alphabet. */
function checkSum(id: WrittenId): number {
  const letter = (id.chars[8] as number) - 0x40
  let sum = 0
  for (let i = 0; i < WEIGHTS.length; i++) {
    const digit = i < 8 ? id.digit(i) : i === 8 ? Math.floor(letter / 10) : i === 9 ? letter % 10 : id.digit(i - 1)
    const product = digit * (WEIGHTS[i] as number)
    sum += Math.floor(product / 10) + (product % 10)
  }
  return sum
}
