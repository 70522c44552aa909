import type { AccountState } from '../../../ledger/ledger.ts'
import { NANO_PER_USD } from '../../../ledger/nano-usd.ts'
import type { ComponentContext } from '../../component.ts'
import type { GuardSettings } from './guard-settings.ts'

/** How often is looked what was spent: what is booked between the last look and the end of a window is not counted. */
const LOOK_MS = 5000
/** Values of the scope `agent` that are told apart; all others are `_OTHER`. */
const AGENTS_MAX = 200

/**
 * `agent_spend_usd_total`: what accounts had booked, as a counter, by scope, and of the scope `agent` by agent. Of several budgets of one scope one counts, that with the longest window
 * that ends, so that nothing is counted twice. What is taken back later (suspense) stays in it: a counter does not fall. Returns what ends it.
 */
export function watchSpend(
  accounts: () => readonly AccountState[],
  settings: GuardSettings,
  { metrics, clock }: Pick<ComponentContext, 'metrics' | 'clock'>,
): () => void {
  const counted = new Set(countedBudgets(settings))
  const agents = new Set<string>()
  let committed: ReadonlyMap<string, number> | undefined
  let cancel = (): void => {}
  const add = ({ scope, value }: AccountState, nano: number): void => {
    if (scope === 'agent' && agents.size < AGENTS_MAX) agents.add(value)
    const agent = scope === 'agent' ? (agents.has(value) ? value : '_OTHER') : ''
    const text = 'What was booked as spent, by the scope of the budget.'
    metrics.counter('agent_spend_usd_total', text, { agent, scope }).add(nano / NANO_PER_USD)
  }
  const look = (): void => {
    cancel = clock.after(LOOK_MS, look)
    try {
      count()
    } catch {
      // The books can't be read: who asks of them is denied, and told why. What was booked meanwhile is counted when they can.
    }
  }
  const count = (): void => {
    const now = new Map<string, number>()
    for (const account of accounts()) {
      if (!counted.has(account.budget)) continue
      now.set(account.key, account.committed)
      // What was booked before this start was counted by the sidecar before this one.
      const before = committed === undefined ? account.committed : (committed.get(account.key) ?? 0)
      add(account, Math.max(0, account.committed - before))
    }
    committed = now
  }
  look()
  return () => cancel()
}

function countedBudgets({ budgets }: GuardSettings): string[] {
  const scopes = [...new Set(budgets.map(({ scope }) => scope))]
  return scopes.flatMap((scope) => {
    const ofScope = budgets.filter((one) => one.scope === scope)
    const longest = WINDOWS.find((window) => ofScope.some((one) => one.window === window))
    const ofWindow = ofScope.filter(({ window }) => window === longest)
    // Without one for all values of the scope, those for single ones.
    const general = ofWindow.find(({ value }) => value === undefined)
    return (general === undefined ? ofWindow : [general]).map(({ name }) => name)
  })
}

const WINDOWS = ['day', 'hour', 'run']
