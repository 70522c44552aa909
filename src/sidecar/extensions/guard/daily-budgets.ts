import type { DailyBudget } from '../../../alerts/budget-view.ts'
import { NANO_PER_USD } from '../../../ledger/nano-usd.ts'
import type { GuardHost } from './guard-host.ts'
import type { GuardSettings } from './guard-settings.ts'

/** What accounts of budgets by the day have spent. Undefined where no budget is by the day, or the books are not open. */
export function dailyBudgets(host: GuardHost, { budgets }: GuardSettings): readonly DailyBudget[] | undefined {
  const daily = new Map(budgets.filter(({ window }) => window === 'day').map((budget) => [budget.name, budget]))
  if (daily.size === 0 || host.books === undefined) return undefined
  return host.books.ledger.accounts().flatMap(({ budget, scope, value, window, committed }): DailyBudget[] => {
    const { limit, alertAt = limit } = daily.get(budget) ?? {}
    if (window !== 'day' || limit === undefined || alertAt === undefined) return []
    return [
      {
        budget,
        scope,
        value,
        limitUsd: limit / NANO_PER_USD,
        alertUsd: alertAt / NANO_PER_USD,
        spentUsd: committed / NANO_PER_USD,
      },
    ]
  })
}
