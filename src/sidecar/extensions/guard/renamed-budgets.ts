import type { Budget } from '../../../ledger/budget.ts'
import type { Ledger } from '../../../ledger/ledger.ts'
import type { Logger } from '../../component.ts'

/** Says that a budget begins with nothing spent, where another one with accounts of its own is configured no more: it may be the same under another name. */
export function tellRenamedBudgets(ledger: Ledger, budgets: readonly Budget[], logger: Logger): void {
  const known = new Set(ledger.budgets())
  const gone = [...known].filter((name) => !budgets.some((budget) => budget.name === name))
  const added = budgets.map(({ name }) => name).filter((name) => !known.has(name))
  if (gone.length === 0 || added.length === 0) return
  logger.warn(
    { gone, added },
    'budgets with another name begin anew: what was spent under a name that is configured no more does not count in them',
  )
}
