import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const noFodselsnummer: Rule = identityRule({
  type: 'NO_FODSELSNUMMER',
  summary: 'Norwegian birth and D-numbers: date of birth, serial number, two check digits modulo 11.',
  source: 'Skatteetaten: fødselsnummer og D-nummer',
  forms: '99999999999',
  bare: '99999999999, 999999 99999',
  isValid: (id) => {
    const day = id.number(0, 2)
    return (
      isDay(id.number(2, 4) % 40, day > 40 ? day - 40 : day) &&
      weightedSum(id, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 &&
      weightedSum(id, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
    )
  },
  isValidBare: (id) => id.number(2, 4) <= 12,
  phrases: 'fodselsnummer, dselsnummer, fnr, dnummer, personnummer, foedselsnummer',
  named: 'fodselsnummer, dselsnummer, fnr',
  examples: { matches: ['«15108695088»', 'fødselsnummer: «151086 95088»'], misses: ['15108695089', '15138695088'] },
})
