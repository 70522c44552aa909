import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const beNationalNumber: Rule = identityRule({
  type: 'BE_NATIONAL_NUMBER',
  summary:
    'Belgian national register numbers: date of birth, serial number, check digits modulo 97, behind a word such as "rijksregisternummer".',
  source: 'Rijksregister / Registre national: identificatienummer',
  forms: '99999999999',
  isValid: (id) => {
    const body = id.number(0, 9)
    const check = id.number(9, 11)
    const month = id.number(2, 4) % 20
    const isDated = month <= 12 && id.number(4, 6) <= 31
    return isDated && (97 - (body % 97) === check || 97 - ((2_000_000_000 + body) % 97) === check)
  },
  phrases:
    'rijksregister, rijksregisternummer, insz, niss, registre national, numero national, nationalregister, rrn, *national register, *national number',
  named: 'rijksregister, rijksregisternummer, insz, niss',
  examples: {
    matches: ['rijksregisternummer «85.07.30-033.28»', '{"insz":"«85073003328»"}'],
    misses: ['85073003328', 'INSZ, as told, 85073003329'],
  },
})
