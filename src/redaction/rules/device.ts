import type { Rule } from '../rule.ts'
import { isLuhn } from './identity/check-digits.ts'
import { identityRule } from './identity/identity-rule.ts'

export const imei: Rule = identityRule({
  type: 'IMEI',
  summary:
    'Numbers of mobile devices: fifteen digits with a Luhn digit, or sixteen with the software version, behind "IMEI".',
  source: '3GPP TS 23.003, section 6: IMEI and IMEISV',
  forms: '999999999999999 9999999999999999',
  isValid: (id) => id.length === 16 || isLuhn(id),
  phrases: 'imei, imeisv',
  examples: {
    matches: ['IMEI: «490154203237518»', '{"imei":"«49-015420-323751-8»"}'],
    misses: ['490154203237518', 'IMEI 490154203237519'],
  },
})

export const imsi: Rule = identityRule({
  type: 'IMSI',
  summary:
    'Numbers of mobile subscribers: country, network and subscriber in fourteen or fifteen digits, behind "IMSI".',
  source: '3GPP TS 23.003, section 2.2; ITU-T E.212',
  forms: '999999999999999 99999999999999',
  isValid: (id) => id.digit(0) >= 2 && id.digit(0) <= 7,
  phrases: 'imsi',
  examples: { matches: ['IMSI: «310150123456789»'], misses: ['310150123456789', 'IMSI 110150123456789'] },
})

export const iccid: Rule = identityRule({
  type: 'ICCID',
  summary:
    'Numbers of SIM cards: 89 and seventeen or eighteen digits with a Luhn digit, behind a word such as "ICCID".',
  source: 'ITU-T E.118',
  forms: '99999999999999999999 9999999999999999999',
  isValid: (id) => id.number(0, 2) === 89 && isLuhn(id),
  phrases: 'iccid, sim, sim number, simcard',
  examples: { matches: ['ICCID: «8944110068256270054»'], misses: ['8944110068256270054', 'ICCID 8944110068256270055'] },
})
