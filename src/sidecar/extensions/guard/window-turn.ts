import { accountsOf } from '../../../ledger/budget.ts'
import type { Budget } from '../../../ledger/budget.ts'

/** Notices that a window of a budget is over, whichever way the clock got there: what was held in it must not be spent in the next one. */
export class WindowTurn {
  #windows: string | undefined

  /** Whether another window has begun since it was asked last. `at`: Unix ms. */
  isTurned(budgets: readonly Budget[], at: number): boolean {
    const any = budgets.map((budget): Budget => ({ ...budget, scope: 'fleet', value: 'fleet' }))
    const windows = accountsOf(any, {}, at)
      .map(({ key }) => key)
      .join()
    const isTurned = this.#windows !== undefined && windows !== this.#windows
    this.#windows = windows
    return isTurned
  }
}
