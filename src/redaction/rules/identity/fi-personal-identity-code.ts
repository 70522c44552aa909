import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { identityRule } from './identity-rule.ts'

export const fiPersonalIdentityCode: Rule = identityRule({
  type: 'FI_PERSONAL_IDENTITY_CODE',
  summary:
    'Finnish personal identity codes: date of birth, a sign for the century, serial number, check character modulo 31.',
  source: 'Digi- ja väestötietovirasto: henkilötunnus',
  forms: '999999A999X 999999999X',
  bare: '999999-999X, 999999A999X',
  isValid: (id) => {
    const isCentury = id.isDigit(6) || 'ABCDEFYXWVU'.includes(id.letter(6))
    const serial = id.number(id.length - 4, id.length - 1)
    const check = CHECK.charAt((id.number(0, 6) * 1000 + serial) % 31)
    return isCentury && serial > 1 && isDay(id.number(2, 4), id.number(0, 2)) && id.letter(id.length - 1) === check
  },
  phrases: 'hetu, henkilotunnus, tunnus, personal identity, sotu',
  named: 'hetu, henkilotunnus',
  examples: {
    matches: [
      '«131052-308T»',
      'My personal identity code is: «010594Y9032». Thank you.',
      'hetu «131052-308T»',
      'henkilötunnus: «131052-308T»',
    ],
    misses: ['131052-308U', '131352-308T', '010594Z9032'],
  },
})

const CHECK = '0123456789ABCDEFHJKLMNPRSTUVWXY'
