import { accountsOf } from '../../../ledger/budget.ts'
import type { Budget } from '../../../ledger/budget.ts'
import type { Ledger } from '../../../ledger/ledger.ts'
import type { NanoUsd } from '../../../ledger/nano-usd.ts'

export interface KnownSpend {
  readonly budget: string
  /** Of the budget's scope. */
  readonly value: string
  readonly spent: NanoUsd
}

/** Books what a person says was spent in the window that runs, in full, and lets the ledger grant again. Throws RangeError when a budget is not known. */
export function bookSpent(
  ledger: Ledger,
  budgets: readonly Budget[],
  spent: readonly KnownSpend[],
  { now, newId }: { readonly now: number; newId(): string },
): void {
  ledger.together(() => {
    ledger.isRecovering = false
    for (const { budget: name, value, spent: amount } of spent) {
      const budget = budgets.find((one) => one.name === name)
      if (budget === undefined) throw new RangeError(`there is no budget ${name}`)
      const accounts = accountsOf([budget], { [budget.scope]: value }, now)
      const id = newId()
      // Nothing is held, so that it is booked even where it is more than the cap.
      const { isGranted } = ledger.hold({ id, amount: 0, accounts, process: 'recovery' })
      if (!isGranted)
        throw new RangeError(`${name} (${value}) can't be booked: it is over its cap already, or the clock is wrong`)
      ledger.settle(id, { spent: amount })
    }
  })
}
