import type { Settle } from '../../../control/guard-messages.ts'
import type { Ledger, Settlement } from '../../../ledger/ledger.ts'
import type { NanoUsd } from '../../../ledger/nano-usd.ts'
import { CALL_COST_MAX } from '../../../limits/call-cost-max.ts'

/** Books how a hold has ended. What is more than was held, and more than any call costs, is not believed: what was held is taken for spent, and a person can lower it. */
export function settle(ledger: Ledger, { id, spent, unknown = 0 }: Settle, held: NanoUsd): Settlement {
  const sum = spent + unknown
  if (sum <= Math.max(held, CALL_COST_MAX)) return ledger.settle(id, { spent, unknown })
  const { isBooked } = ledger.settle(id, { spent: 0, unknown: held })
  return { isBooked, overBound: isBooked ? CALL_COST_MAX : 0 }
}
