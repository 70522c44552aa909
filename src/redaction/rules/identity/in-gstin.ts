import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const inGstin: Rule = identityRule({
  type: 'IN_GSTIN',
  summary: 'Indian goods and services tax numbers: state, PAN of the holder, a count, Z, check character.',
  source: 'Goods and Services Tax Network: structure of the GSTIN',
  forms: '99AAAAA9999AXAX',
  bare: '99AAAAA9999AXZX',
  isValid: (id) => id.number(0, 2) >= 1 && id.number(0, 2) <= 38 && id.letter(12) !== '0',
  phrases: 'gstin, gst, gstinnumber',
  named: 'gstin',
  examples: {
    matches: ['GSTIN «27AAPFU0939F1ZV»', '«27ABCDE1234F1Z5»'],
    misses: ['99ABCDE1234F1Z5', '27ABCDE1234F1Y5', '27ABCDE1234F0Z5'],
  },
})
