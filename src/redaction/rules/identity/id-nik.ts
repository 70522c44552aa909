import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { identityRule } from './identity-rule.ts'

export const idNik: Rule = identityRule({
  type: 'ID_NIK',
  summary:
    'Indonesian identity numbers: place, date of birth, serial number in sixteen digits, behind a word such as "NIK".',
  source: 'Direktorat Jenderal Kependudukan dan Pencatatan Sipil: NIK',
  forms: '9999999999999999',
  isValid: (id) => {
    const day = id.number(6, 8)
    return id.number(0, 2) >= 11 && id.number(0, 2) <= 97 && isDay(id.number(8, 10), day > 40 ? day - 40 : day)
  },
  phrases: 'nik, ktp, nomor induk, induk kependudukan',
  named: 'nik, ktp',
  examples: {
    matches: ['NIK: «3171011708450001»', '{"ktp":"«3171015708450001»"}'],
    misses: ['3171011708450001', 'NIK, as told, 3171013208450001'],
  },
})
