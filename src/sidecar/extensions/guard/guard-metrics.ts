import { leftIn } from '../../../ledger/account.ts'
import type { AccountState } from '../../../ledger/ledger.ts'
import { NANO_PER_USD } from '../../../ledger/nano-usd.ts'
import { SuspenseBook } from '../../../ledger/suspense-book.ts'
import type { ComponentContext, OwnMetrics } from '../../component.ts'
import type { GuardHost } from './guard-host.ts'
import type { GuardSettings } from './guard-settings.ts'
import { watchSpend } from './spend-watch.ts'
import { isSure } from './stop-progress.ts'

/** What is read of the ledger serves all gauges of one scrape. */
const READ_MS_MAX = 1000

/**
 * Gauges of the guard. Of a budget whose scope has many values (agents, tenants, sessions, runs) they show the account with the least left: the one to look at; all
 * are under GET /api/guard.
 */
export function addGuardMetrics(host: GuardHost, settings: GuardSettings, context: ComponentContext): () => void {
  const { metrics, clock } = context
  const read = new Map<string, AccountState | undefined>()
  let readAt = Number.NEGATIVE_INFINITY
  const tightest = (budget: string): AccountState | undefined => {
    if (clock.monotonic() - readAt >= READ_MS_MAX) {
      read.clear()
      readAt = clock.monotonic()
    }
    if (!read.has(budget)) read.set(budget, host.books?.ledger.tightest(budget))
    return read.get(budget)
  }
  for (const { name, scope, window, limit, alertAt } of settings.budgets) {
    const labels = { budget: name, scope, window }
    const gauge = (what: string, description: string, of: (account: AccountState | undefined) => number): void =>
      metrics.gauge(`agent_budget_${what}`, description, labels, () => of(tightest(name)))
    gauge('limit_usd', 'Cap of the budget.', () => limit / NANO_PER_USD)
    gauge('alert_usd', 'Spent beyond this, somebody should look.', () => (alertAt ?? limit) / NANO_PER_USD)
    gauge(
      'left_usd',
      'What calls can still be let through with.',
      (a) => (a === undefined ? limit : leftIn(a)) / NANO_PER_USD,
    )
    gauge(
      'committed_usd',
      'Spent, or to be taken for spent, in the window that runs.',
      (a) => (a?.committed ?? 0) / NANO_PER_USD,
    )
    gauge('held_usd', 'What calls under way and slices may cost at most.', (a) => (a?.held ?? 0) / NANO_PER_USD)
    gauge(
      'suspense_usd',
      'Part of what is committed: calls whose outcome nobody knows.',
      (a) => (a?.suspense ?? 0) / NANO_PER_USD,
    )
    gauge('window_remaining_seconds', 'Until the window ends; 0 without an end.', (a) =>
      window === 'run' || a === undefined ? 0 : Math.max(0, (a.endsAt - clock.now()) / 1000),
    )
  }
  addHoldMetrics(host, metrics)
  for (const scope of STOP_SCOPES)
    metrics.gauge(
      'agent_guard_stopped',
      'What is stopped, by scope.',
      { scope },
      () => host.books?.stops.all().filter((stop) => stop.scope === scope).length ?? 0,
    )
  metrics.gauge(
    'agent_guard_processes',
    'Processes of agents that may call something.',
    {},
    () => host.processes.alive().length,
  )
  metrics.gauge('agent_guard_calls_in_flight', 'Calls under way, as the processes say.', {}, () =>
    host.processes.alive().reduce((sum, { inFlight }) => sum + inFlight, 0),
  )
  metrics.gauge('agent_guard_waiting_holds', 'Calls that wait for room in a budget.', {}, () => host.waiting)
  metrics.gauge(
    'agent_guard_stops',
    'What is stopped until a person resumes it.',
    {},
    () => host.books?.stops.all().length ?? 0,
  )
  metrics.gauge('agent_guard_unconfirmed_stops', 'Processes that have not confirmed a stop.', {}, () =>
    (host.books?.stops.reports() ?? []).reduce(
      (sum, { processes }) => sum + processes.filter(({ state }) => !isSure(state)).length,
      0,
    ),
  )
  metrics.gauge('agent_guard_available', '1 when the ledger is open and grants, 0 when everything is denied.', {}, () =>
    host.books === undefined || host.problem !== undefined || host.books.ledger.isRecovering ? 0 : 1,
  )
  return watchSpend(() => host.books?.ledger.booked.all() ?? [], settings, context)
}

const STOP_SCOPES = ['fleet', 'agent', 'tenant', 'run', 'tool', 'model'] as const

function addHoldMetrics(host: GuardHost, metrics: OwnMetrics): void {
  const count = (suspended: boolean): number => {
    const { ledger } = host.books ?? {}
    return ledger === undefined ? 0 : new SuspenseBook(ledger)[suspended ? 'count' : 'openCount']
  }
  metrics.gauge('agent_guard_open_holds', 'Calls under way and slices that money is held for.', {}, () => count(false))
  metrics.gauge('agent_guard_suspense_holds', 'Holds whose outcome nobody knows.', {}, () => count(true))
  metrics.gauge('agent_guard_leases', 'Processes that may call something now: their lease runs.', {}, () => {
    const now = host.monotonic()
    return host.processes.alive().filter(({ leaseUntil }) => leaseUntil > now).length
  })
}
