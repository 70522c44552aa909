import type { AccountState } from './ledger.ts'
import type { NanoUsd } from './nano-usd.ts'

/** Agents that are told apart in one budget; what others spend is `_OTHER`. */
const AGENTS_MAX = 1000

export interface BookedTotal {
  readonly budget: string
  readonly scope: string
  /** In the scope `agent`. */
  readonly agent: string
  /** Since the ledger was opened. What is lowered later stays in it. */
  readonly nano: NanoUsd
}

/** What was booked as spent, in sums that only grow: nobody has to read accounts for it. What is added counts when its transaction is over. */
export class BookedTotals {
  readonly #totals = new Map<string, BookedTotal>()
  readonly #agents = new Set<string>()
  #pending: BookedTotal[] = []

  all(): BookedTotal[] {
    return [...this.#totals.values()]
  }

  add({ budget, scope, value }: Pick<AccountState, 'budget' | 'scope' | 'value'>, nano: NanoUsd): void {
    if (nano <= 0) return
    this.#pending.push({ budget, scope, agent: scope === 'agent' ? this.#known(value) : '', nano })
  }

  commit(): void {
    for (const { nano, ...of } of this.#pending) {
      const key = `${of.budget}\n${of.agent}`
      this.#totals.set(key, { ...of, nano: nano + (this.#totals.get(key)?.nano ?? 0) })
    }
    this.#pending = []
  }

  rollback(): void {
    this.#pending = []
  }

  #known(agent: string): string {
    if (this.#agents.size < AGENTS_MAX) this.#agents.add(agent)
    return this.#agents.has(agent) ? agent : '_OTHER'
  }
}
