import type { Alert } from './alert-book.ts'
import { idOf } from './alert-book.ts'
import type { AlertName } from './alert-rules.ts'

/** Marks it for whoever routes by labels. */
const LABELS = { job: 'spanwarden-test', test: 'true' }

/** What is told to find out whether anybody hears it. */
export const testAlert = (rule: AlertName, nowMs: number): Alert => ({
  id: idOf({ rule, labels: LABELS }),
  rule,
  labels: LABELS,
  startsAtMs: nowMs,
  value: 0,
  threshold: 0,
  texts: {
    summary: `Test of ${rule}: nothing is wrong`,
    description: 'Somebody ordered it with spanwarden alerts test.',
    action: 'Nothing is to be done.',
  },
  told: {},
})
