import { NANO_USD_MAX } from './nano-usd.ts'
import type { NanoUsd } from './nano-usd.ts'

/**
 * One budget of one scope in one window. The ledger's invariant: `committed + held <= cap`, at every instant, unless a call cost more than its bound
 * (`settled` books it all the same) or the cap was lowered.
 */
export interface Account {
  readonly key: string
  readonly cap: NanoUsd
  /** Spent, or to be taken for spent. */
  readonly committed: NanoUsd
  /** In open holds: what calls under way may cost at most. */
  readonly held: NanoUsd
  /** Part of what is committed: calls whose outcome is not known. */
  readonly suspense: NanoUsd
}

/** `BUDGET_EXHAUSTED`: final for this window. `BUDGET_HELD`: only open holds stand in the way, which most often settle far below their amount. */
export type BudgetDenial = 'BUDGET_EXHAUSTED' | 'BUDGET_HELD'

export type Decision =
  | { readonly isGranted: true; readonly accounts: readonly Account[] }
  | { readonly isGranted: false; readonly code: BudgetDenial; readonly account: Account }

/** Holds `amount` in all accounts, or in none of them. The first account that is spent denies, before one that is only held. */
export function reserve(accounts: readonly Account[], amount: NanoUsd): Decision {
  const spent = accounts.find(({ committed, cap }) => committed + amount > cap)
  if (spent !== undefined) return { isGranted: false, code: 'BUDGET_EXHAUSTED', account: spent }
  const full = accounts.find(({ committed, held, cap }) => committed + held + amount > cap)
  if (full !== undefined) return { isGranted: false, code: 'BUDGET_HELD', account: full }
  return { isGranted: true, accounts: accounts.map((account) => ({ ...account, held: account.held + amount })) }
}

/** Of a hold of `amount`, `actual` was spent and of `unknown` nobody knows. More than was held is booked in full. */
export const settled = (account: Account, amount: NanoUsd, actual: NanoUsd, unknown: NanoUsd = 0): Account => ({
  ...account,
  held: account.held - amount,
  committed: sum(sum(account.committed, actual), unknown),
  suspense: sum(account.suspense, unknown),
})

/** Nobody knows what became of the call: taken for spent, to the last of it. */
export const suspended = (account: Account, amount: NanoUsd): Account => settled(account, amount, 0, amount)

/** What calls in suspense have cost became known, but for `unknown`. */
export const cleared = (account: Account, amount: NanoUsd, actual: NanoUsd, unknown: NanoUsd): Account => ({
  ...account,
  committed: sum(sum(less(account.committed, amount), actual), unknown),
  suspense: sum(less(account.suspense, amount), unknown),
})

/** An account that is full stays full: the file and the sums of a program can't hold more, and what it was more than that nobody knows. */
const sum = (a: NanoUsd, b: NanoUsd): NanoUsd => Math.min(a + b, NANO_USD_MAX)
const less = (a: NanoUsd, b: NanoUsd): NanoUsd => (a === NANO_USD_MAX ? a : a - b)

/** What can still be held. */
export const leftIn = ({ cap, committed, held }: Account): NanoUsd => Math.max(0, cap - committed - held)

/** Whether the books are in order; a cap that was lowered or a bound that did not hold may leave an account over its cap. */
export const isSound = ({ committed, held, suspense }: Account): boolean =>
  committed >= 0 && held >= 0 && suspense >= 0 && suspense <= committed
