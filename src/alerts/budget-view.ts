import type { ServiceName } from '../sidecar/component.ts'

/** What an account of a budget by the day has spent, in US dollars. */
export interface DailyBudget {
  readonly budget: string
  readonly scope: string
  /** Of the scope: the agent's name, the tenant's; empty for everything. */
  readonly value: string
  readonly limitUsd: number
  /** Spent beyond this, somebody should look. */
  readonly alertUsd: number
  readonly spentUsd: number
}

/** Through which the guard shows its budgets to alerts; without a guard there is nothing to read. */
export const budgetView: ServiceName<BudgetView> = {
  name: 'budget_view',
  create: () => new BudgetView(),
}

export class BudgetView {
  /** Undefined: no guard with a budget by the day runs. */
  read: (() => readonly DailyBudget[] | undefined) | undefined

  close(): void {
    this.read = undefined
  }
}
