import type { Rule } from '../../rule.ts'
import { isDay } from './birth-dates.ts'
import { identityRule } from './identity-rule.ts'
import type { WrittenId } from './written-id.ts'

export const ukDrivingLicence: Rule = identityRule({
  type: 'UK_DRIVING_LICENCE',
  summary: 'UK driving licence numbers: surname, date of birth and initials in sixteen characters.',
  source: 'Driver and Vehicle Licensing Agency: driver number format (INF44)',
  forms: 'XXXXX999999AXXAA',
  bare: 'XXXXX999999XXXaa,aaaaa999999aXXaa',
  isValid: (id) => {
    const month = id.digit(6) * 10 + id.digit(7)
    return /[A-Z]/.test(id.letter(0)) && isDay(month > 50 ? month - 50 : month, id.number(8, 10)) && isPadded(id)
  },
  phrases: 'licence, license, *driving licence, *driver licence, *driver license',
  examples: {
    matches: ['Licence: «MORGA607054SM9IJ» ok', '«SMITH851010AB1CD»', 'driving licence «morga607054sm9ij»'],
    misses: ['MORGA613054SM9IJ', 'MORGA607324SM9IJ', 'MORGA607054SM9I'],
  },
})

/** Short surnames are filled up with 9. */
function isPadded(id: WrittenId): boolean {
  for (let i = 1; i < 5; i++) {
    if (id.isDigit(i) && id.digit(i) !== 9) return false
    if (id.isDigit(i - 1) && !id.isDigit(i)) return false
  }
  return true
}
