import { leftIn } from '../../../ledger/account.ts'
import type { AccountState } from '../../../ledger/ledger.ts'
import type { DenialCode } from '../../../limits/denial-code.ts'
import type { RateRef } from '../../../limits/rates/rate-limit.ts'
import { NANO_PER_USD } from '../../../ledger/nano-usd.ts'
import type { NanoUsd } from '../../../ledger/nano-usd.ts'

/** What stands in the way of a call that may cost `amount`, and what to do, for people. */
export function denialMessage(code: DenialCode, amount: NanoUsd, account: AccountState | undefined): string {
  if (code === 'CLOCK_SKEW') return "the sidecar's clock was set back by more than a minute: correct it"
  if (code === 'RECOVERING')
    return 'the ledger was lost or restored, and what was spent is not known: look at the bills, then POST /api/guard/recover'
  if (account === undefined) return code
  const { budget, scope, value, window, cap, committed } = account
  const whose = scope === 'fleet' ? 'fleet' : `${scope} ${value}`
  const call = `budget ${budget} (${whose}, ${window}): this call may cost ${usd(amount)} USD`
  if (code === 'BUDGET_HELD')
    return `${call}, and calls under way hold all but ${usd(leftIn(account))} of the ${usd(cap - committed)} USD that are left of ${usd(cap)}`
  return `${call}, and ${usd(Math.max(0, cap - committed))} USD of ${usd(cap)} are left: wait for the next window, or raise limit_usd`
}

/** Which limit of calls stands in the way. */
export function rateMessage(
  code: DenialCode,
  tool: string,
  ref: RateRef | undefined,
  retryAfterMs: number | undefined,
): string {
  if (ref === undefined) return denialMessage(code, 0, undefined)
  const { name, scope, value, rule } = ref
  const whose = scope === 'fleet' ? 'fleet' : `${scope} ${value}`
  const again = retryAfterMs === undefined ? '' : `; again in ${Math.ceil(retryAfterMs / 1000)} s`
  return `${tool} is limited by ${name} (${whose}): ${ruleText(rule)}${again}`
}

function ruleText(rule: RateRef['rule']): string {
  switch (rule.kind) {
    case 'window':
      return `${rule.limit} calls in ${rule.windowMs / 1000} s`
    case 'day':
      return `${rule.limit} calls a day (${rule.timeZone})`
    case 'concurrent':
      return `${rule.limit} calls at the same time`
    case 'quiet':
      return `none from ${clockTime(rule.fromMinute)} to ${clockTime(rule.toMinute)} (${rule.timeZone})`
  }
}

const clockTime = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

const usd = (amount: NanoUsd): string => (amount / NANO_PER_USD).toFixed(6).replace(/0{1,4}$/, '')
