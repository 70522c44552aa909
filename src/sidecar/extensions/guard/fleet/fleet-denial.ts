import type { AccountRef } from '../../../../ledger/budget.ts'
import { NANO_PER_USD } from '../../../../ledger/nano-usd.ts'
import type { NanoUsd } from '../../../../ledger/nano-usd.ts'

export interface FleetDenial {
  readonly code: 'BUDGET_HELD' | 'BUDGET_EXHAUSTED' | 'RECOVERING' | 'GUARD_UNAVAILABLE'
  readonly rule: string
  readonly key: string
  readonly message: string
  readonly retryAfterMs?: number
}

export interface BankState {
  /** `asking`: the bank has not said yet. `held`: other sidecars hold what is left. */
  readonly code: 'asking' | 'held' | 'exhausted'
  readonly away: string | undefined
  readonly closed: string | undefined
  /** Why the bank did not answer when it was asked last. */
  readonly failed?: string | undefined
  /** Unix ms of the bank. */
  readonly now: number
}

/** Why a call does not fit into what this sidecar has drawn of a budget, for people. */
export function fleetDenial(
  ref: AccountRef,
  amount: NanoUsd,
  { code, away, closed, failed, now }: BankState,
): FleetDenial {
  const { budget, scope, value, window, key, endsAt, cap } = ref
  const whose = scope === 'fleet' ? 'fleet' : `${scope} ${value}`
  const call = `budget ${budget} (${whose}, ${window}): this call may cost ${usd(amount)} USD`
  const denial = { rule: budget, key }
  if (code === 'exhausted')
    return {
      ...denial,
      code: 'BUDGET_EXHAUSTED',
      message: `${call}, more than the whole fleet has left of ${usd(cap)} USD: wait for the next window, or raise limit_usd`,
      ...(window === 'run' ? {} : { retryAfterMs: Math.max(0, endsAt - now) }),
    }
  if (away !== undefined)
    return {
      ...denial,
      code: 'GUARD_UNAVAILABLE',
      message: `${call}, more than is left of what this sidecar has drawn, and no more can be drawn: ${away}. It goes on by itself when Redis is back`,
    }
  if (closed !== undefined)
    return { ...denial, code: 'RECOVERING', message: `${call}, and the bank of the fleet is closed: ${closed}` }
  if (failed !== undefined && code === 'asking')
    return { ...denial, code: 'BUDGET_HELD', message: `${call}, and nothing could be drawn: ${failed}` }
  return {
    ...denial,
    code: 'BUDGET_HELD',
    message:
      code === 'held'
        ? `${call}, and other sidecars of the fleet hold what is left of ${usd(cap)} USD`
        : `${call}, and the bank of the fleet is being asked`,
  }
}

const usd = (amount: NanoUsd): string => (amount / NANO_PER_USD).toFixed(6).replace(/0{1,4}$/, '')
