import type { Rule } from '../../rule.ts'
import { identityRule } from './identity-rule.ts'

export const lkNic: Rule = identityRule({
  type: 'LK_NIC',
  summary: 'Sri Lankan identity card numbers: year and day of birth, serial number, check digit, behind "NIC".',
  source: 'Department for Registration of Persons: NIC',
  forms: '999999999A 999999999999',
  isValid: (id) => {
    const isOld = id.length === 10
    const day = id.number(isOld ? 2 : 4, isOld ? 5 : 7) % 500
    return (
      day >= 1 && day <= 366 && (isOld ? 'VX'.includes(id.letter(9)) : id.number(0, 2) >= 19 && id.number(0, 2) <= 20)
    )
  },
  phrases: 'nic, *sri lankan',
  confidence: 0.8,
  examples: { matches: ['NIC: «853400937V»', 'NIC «198534000937»'], misses: ['853400937V', 'NIC 854000937V'] },
})
