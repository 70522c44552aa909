import type { DailyBudget } from '../../../alerts/budget-view.ts'
import { NANO_PER_USD } from '../../../ledger/nano-usd.ts'
import type { GuardHost } from './guard-host.ts'
import type { GuardSettings } from './guard-settings.ts'

/** What accounts of budgets by the day have spent. Undefined where no budget is by the day, or the books are not open. */
export function dailyBudgets(host: GuardHost, { budgets }: GuardSettings): readonly DailyBudget[] | undefined {
  const daily = budgets.filter(({ window }) => window === 'day')
  if (daily.length === 0 || host.books === undefined) return undefined
  const { ledger } = host.books
  return daily.flatMap(({ name, limit, alertAt = limit }) =>
    ledger.accountsOf(name).map(({ budget, scope, value, committed }): DailyBudget => ({
      budget,
      scope,
      value,
      limitUsd: limit / NANO_PER_USD,
      alertUsd: alertAt / NANO_PER_USD,
      spentUsd: committed / NANO_PER_USD,
    })),
  )
}
