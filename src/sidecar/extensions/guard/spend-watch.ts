import type { BookedTotal } from '../../../ledger/booked-totals.ts'
import { NANO_PER_USD } from '../../../ledger/nano-usd.ts'
import type { ComponentContext } from '../../component.ts'
import type { GuardSettings } from './guard-settings.ts'

/** How often is looked what was spent. */
const LOOK_MS = 5000
/** Values of the scope `agent` that are told apart; all others are `_OTHER`. */
const AGENTS_MAX = 200

/**
 * `agent_spend_usd_total`: what accounts had booked, as a counter, by scope, and of the scope `agent` by agent. Of several budgets of one scope one counts, that with the longest window
 * that ends, so that nothing is counted twice. What is taken back later (suspense) stays in it: a counter does not fall. Returns what ends it.
 */
export function watchSpend(
  booked: () => readonly BookedTotal[],
  settings: GuardSettings,
  { metrics, clock }: Pick<ComponentContext, 'metrics' | 'clock'>,
): () => void {
  const counted = new Set(countedBudgets(settings))
  const agents = new Set<string>()
  // What was booked before this start was counted by the guard before this one.
  let counting = new Map(booked().map((total) => [keyOf(total), total.nano]))
  let cancel = (): void => {}
  const add = ({ scope, agent: name }: BookedTotal, nano: number): void => {
    if (scope === 'agent' && agents.size < AGENTS_MAX) agents.add(name)
    const agent = scope === 'agent' ? (agents.has(name) ? name : '_OTHER') : ''
    const text = 'What was booked as spent, by the scope of the budget.'
    metrics.counter('agent_spend_usd_total', text, { agent, scope }).add(nano / NANO_PER_USD)
  }
  const look = (): void => {
    cancel = clock.after(LOOK_MS, look)
    const now = booked()
    for (const total of now)
      if (counted.has(total.budget)) add(total, total.nano - Math.min(total.nano, counting.get(keyOf(total)) ?? 0))
    counting = new Map(now.map((total) => [keyOf(total), total.nano]))
  }
  look()
  return () => cancel()
}

const keyOf = ({ budget, agent }: BookedTotal): string => `${budget}\n${agent}`

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
