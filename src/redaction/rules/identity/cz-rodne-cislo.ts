import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { identityRule } from './identity-rule.ts'

export const czRodneCislo: Rule = identityRule({
  type: 'CZ_RODNE_CISLO',
  summary: 'Czech and Slovak birth numbers: date of birth, a slash, a number that makes all divisible by eleven.',
  source: 'Zákon č. 133/2000 Sb., § 13: rodné číslo',
  forms: '9999999999 999999999',
  bare: '999999/9999',
  isValid: (id) => {
    const month = id.number(2, 4) % 50
    const isDated = isDay(month > 20 ? month - 20 : month, id.number(4, 6))
    return (
      isDated &&
      (id.length === 9 || id.number(0, 9) % 11 === id.digit(9) || (id.number(0, 9) % 11 === 10 && id.digit(9) === 0))
    )
  },
  phrases: 'rodne cislo, rodn slo, rodne, rodnecislo, *rodne c, birth number',
  named: 'rodne cislo, rodn slo, rodnecislo',
  examples: {
    matches: ['«710319/2745»', 'rodne cislo: «7103192745»', 'RČ: «710319/2745»'],
    misses: ['710319/2746', '7103192745', '711319/2745', '12/2024'],
  },
})
