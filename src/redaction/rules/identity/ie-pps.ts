import type { Rule } from '../../rule.ts'
import { weightedSum } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const iePps: Rule = identityRule({
  type: 'IE_PPS',
  summary:
    'Irish personal public service numbers: seven digits, a check letter, often a second letter, behind a word such as "PPS".',
  source: 'Department of Social Protection: PPS number',
  forms: '9999999AA 9999999A',
  isValid: (id) => {
    const second = id.length === 9 ? (id.chars[8] as number) - 0x40 : 0
    const sum = weightedSum(id, [8, 7, 6, 5, 4, 3, 2]) + (second === 23 ? 0 : second * 9)
    return id.letter(7) === 'WABCDEFGHIJKLMNOPQRSTUV'.charAt(sum % 23)
  },
  phrases: 'pps, ppsn, ppsnumber, *public service number',
  named: 'pps, ppsn',
  examples: {
    matches: ['PPS: «1234567T»', 'PPSN «1234567FA»', '{"ppsn":"«1234567fa»"}'],
    misses: ['1234567T', 'PPS, as told, 1234567A'],
  },
})
