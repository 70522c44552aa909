import { rateKeys } from '../../../ledger/rate-keys.ts'
import { rateKey, rateRef } from '../../../limits/rates/rate-limit.ts'
import type { RateLimit, RateRef } from '../../../limits/rates/rate-limit.ts'
import { isShared } from './fleet/fleet-config.ts'
import type { GuardSettings } from './guard-settings.ts'
import type { Books } from './open-books.ts'

/** Agents, tenants, sessions or runs of one limit that are looked at. */
const VALUES_MAX = 200
/** Told of all limits together, the tightest first. */
const USES_MAX = 100

/** How much of the limits of tool calls is used now: of those that count by a value (an agent, a run …) by each that has used it, by an empty one while none has. */
export function rateUse({ ledger, rates }: Pick<Books, 'ledger' | 'rates'>, { rates: limits, fleet }: GuardSettings) {
  const uses = limits.flatMap((limit) =>
    refsOf(limit, ledger).map((ref) => {
      const { used, limit: max } = rates.used(ref)
      const { name, scope, value, rule } = ref
      return {
        name,
        scope,
        value,
        tool: limit.tool ?? null,
        class: limit.class ?? null,
        kind: rule.kind,
        window_ms: rule.kind === 'window' ? rule.windowMs : null,
        time_zone: 'timeZone' in rule ? rule.timeZone : null,
        used,
        limit: max,
        // The fleet's own count is with its bank.
        of_fleet: fleet !== undefined && isShared(fleet, scope),
      }
    }),
  )
  return uses.toSorted((a, b) => shareOf(b) - shareOf(a)).slice(0, USES_MAX)
}

function refsOf(limit: RateLimit, { database }: Books['ledger']): RateRef[] {
  const only = limit.scope === 'fleet' ? 'fleet' : limit.value
  if (only !== undefined) return [rateRef(limit, only)]
  const prefix = rateKey(limit, '')
  const values = rateKeys(database, prefix, VALUES_MAX).map((key) => decodeURIComponent(key.slice(prefix.length)))
  return (values.length === 0 ? [''] : values).map((value) => rateRef(limit, value))
}

const shareOf = ({ used, limit }: { readonly used: number; readonly limit: number }): number =>
  limit === 0 ? 1 : used / limit
