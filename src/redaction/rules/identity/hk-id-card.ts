import type { Rule } from '../../rule.ts'
import { base36 } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const hkIdCard: Rule = identityRule({
  type: 'HK_ID_CARD',
  summary:
    'Hong Kong identity card numbers: one or two letters, six digits, a check character in brackets, behind a word such as "HKID".',
  source: 'Immigration Department of Hong Kong: identity card number',
  forms: 'AA999999X A999999X',
  isValid: (id) => {
    const last = id.length - 1
    let sum = id.length === 8 ? 36 * 9 : 0
    for (let i = 0; i < last; i++) sum += base36(id, i) * (id.length - i)
    return (sum + (id.letter(last) === 'A' ? 10 : id.digit(last))) % 11 === 0
  },
  phrases: 'hkid, hkidcard, *hong kong id, hk id',
  named: 'hkid',
  examples: {
    matches: ['HKID: «G123456(A)»', '{"hkid":"«G123456A»"}', 'HKID «AB987654(3)»'],
    misses: ['G123456(A)', 'HKID, as told, G123456(B)'],
  },
})
