import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const nzNhi: Rule = identityRule({
  type: 'NZ_NHI',
  summary:
    'New Zealand health index numbers: three letters and four digits, or two digits and two letters, behind a word such as "NHI".',
  source: 'Health NZ, HISO 10046: consumer health identity standard',
  forms: 'AAA9999 AAA99AA',
  isValid: (id) => {
    for (let i = 0; i < id.length; i++) if ('IO'.includes(id.letter(i))) return false
    return true
  },
  phrases: 'nhi, *health index',
  confidence: 0.7,
  examples: { matches: ['NHI: «ZAA0067»', 'nhi number «ZAC5361»'], misses: ['ZAA0067', 'NHI ZIA0067'] },
})
