import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const esNss: Rule = identityRule({
  type: 'ES_NSS',
  summary: 'Spanish social security numbers: twelve digits, the last two modulo 97, behind a word such as "NSS".',
  source: 'Tesorería General de la Seguridad Social: número de afiliación',
  forms: '999999999999 99999999999',
  isValid: (id) => {
    if (id.length !== 12) return false
    const serial = id.number(2, 10)
    const body = serial < 10_000_000 ? id.number(0, 2) * 10_000_000 + serial : id.number(0, 10)
    return id.number(0, 2) >= 1 && id.number(0, 2) <= 66 && body % 97 === id.number(10, 12)
  },
  phrases: 'nss, naf, seguridad social, afiliacion',
  named: 'seguridad social',
  examples: {
    matches: ['NSS «28 12345678 40»', 'seguridad social: «281234567840»'],
    misses: ['281234567840', 'NSS 281234567841'],
  },
})
