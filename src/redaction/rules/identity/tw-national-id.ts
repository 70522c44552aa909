import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const twNationalId: Rule = identityRule({
  type: 'TW_NATIONAL_ID',
  summary:
    'Taiwanese identity and residence numbers: a letter, nine digits with a check digit, behind a word such as "national ID".',
  source: 'Ministry of the Interior of Taiwan: national identification card',
  forms: 'A999999999',
  isValid: (id) => {
    const place = PLACES.indexOf(id.letter(0)) + 10
    const sum = Math.floor(place / 10) + (place % 10) * 9 + weightedSum(id, [8, 7, 6, 5, 4, 3, 2, 1, 1], 1)
    return '1289'.includes(id.letter(1)) && sum % 10 === 0
  },
  phrases: '*national id, *taiwan id, *taiwanese id, nationalid, arc',
  named: '*taiwan id',
  examples: {
    matches: ['Taiwan ID «A123456789»', '{"national_id":"«A123456789»"}'],
    misses: ['A123456789', 'Taiwan ID, as told, A123456788'],
  },
})

const PLACES = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'
