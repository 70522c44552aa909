import { spawnSync } from 'node:child_process'
import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { testContext } from '../../../../test/support/component-context.ts'
import type { ServiceName } from '../../component.ts'
import { OwnMetricsRegistry } from '../../own-metrics.ts'
import { Services } from '../../services.ts'
import { guard } from '../guard.ts'
import { DenialCounter, DENIED_AGENTS_MAX } from './denial-counter.ts'
import { guardHost } from './guard-host.ts'

async function start(config: object) {
  const metrics = new OwnMetricsRegistry()
  const context = { ...testContext('guard'), metrics }
  const http = fastify()
  const services = new Services(() => context)
  const service = <T>(name: ServiceName<T>): T => services.get(name)
  const extension = guard.create(guard.config.parse(config), { ...context, http, service, readySinceMs: () => 0 })
  await extension.start?.()
  const ledger = service(guardHost).books?.ledger
  if (ledger === undefined) throw new Error('no ledger')
  const stop = async (): Promise<void> => {
    await extension.stop?.()
    services.close()
    await http.close()
  }
  return { metrics, context, ledger, stop }
}

/** What rules for alerts on limits ask for, by name and labels. */
const ASKED_FOR = [
  'agent_budget_committed_usd{budget="daily",scope="agent",window="day"} 0.3',
  'agent_budget_alert_usd{budget="daily",scope="agent",window="day"} 4',
  'agent_budget_limit_usd{budget="daily",scope="agent",window="day"} 5',
  'agent_budget_held_usd{budget="daily",scope="agent",window="day"} 0',
  'agent_budget_left_usd{budget="daily",scope="agent",window="day"} 4.7',
  'agent_budget_suspense_usd{budget="daily",scope="agent",window="day"} 0.1',
  'agent_budget_window_remaining_seconds{budget="daily",scope="agent",window="day"} 3600',
  'agent_budget_alert_usd{budget="fleet",scope="fleet",window="day"} 7',
  'agent_spend_usd_total{agent="support",scope="agent"} 0.3',
  'agent_guard_suspense_holds 1',
  'agent_guard_open_holds 0',
  'agent_guard_stops 0',
  'agent_guard_stopped{scope="run"} 0',
  'agent_guard_available 1',
]

test('every name that alerts on limits ask for is there, with its labels, and Prometheus reads it', async () => {
  const budgets = {
    daily: { limit_usd: 5 },
    hourly: { limit_usd: 5, window: 'hour' },
    fleet: { scope: 'fleet', limit_usd: 10, alert_usd: 7 },
  }
  const { metrics, context, ledger, stop } = await start({ budgets })
  const endsAt = context.clock.now() + 3_605_000
  const account = (budget: string, window: string) => ({
    key: budget,
    budget,
    scope: 'agent' as const,
    value: 'support',
    window,
    cap: 5e9,
    endsAt,
  })
  const accounts = [account('daily', 'day'), account('hourly', 'hour')]
  ledger.hold({ id: 'h1', amount: 5e8, accounts, process: 'p' })
  ledger.settle('h1', { spent: 2e8 })
  ledger.hold({ id: 'h2', amount: 1e8, accounts, process: 'gone' })
  ledger.expire()
  context.clock.advance(5000)
  const text = metrics.render()
  for (const line of ASKED_FOR) expect(text.split('\n')).toContain(line)
  const { status } = spawnSync('promtool', ['check', 'metrics'], { input: text })
  // 3: remarks on names, which others have chosen. 1: it could not be read. Null: there is no promtool here.
  expect([0, 3, null]).toContain(status)
  await stop()
})

test('denials: by agent, a bounded number of them; runs are no labels', () => {
  const metrics = new OwnMetricsRegistry()
  const denials = new DenialCounter(metrics)
  const denied = { agent: 'a', mode: 'enforce' } as const
  denials.add({ ...denied, code: 'GUARD_UNAVAILABLE', rule: '' })
  denials.add({ ...denied, code: 'CLOCK_SKEW', rule: '' })
  for (const run of ['r1', 'r2']) denials.add({ ...denied, code: 'STOPPED', rule: `run:${run}` })
  for (let i = 0; i < DENIED_AGENTS_MAX + 5; i++)
    denials.add({ ...denied, agent: `a${i}`, code: 'RATE_LIMITED', rule: 'posts' })
  const count = (labels: object): number | undefined =>
    metrics.read('agent_guard_denied_total', { agent: 'a', rule: '', mode: 'enforce', ...labels })
  expect(count({ reason: 'ledger_unavailable' })).toBe(1)
  expect(count({ reason: 'clock_skew' })).toBe(1)
  expect(count({ reason: 'stopped', rule: 'run' })).toBe(2)
  expect(count({ agent: '_OTHER', reason: 'rate_limited', rule: 'posts' })).toBe(6)
})

test('what shadow mode let through without a word of a sidecar: by agent, none is no series', () => {
  const metrics = new OwnMetricsRegistry()
  const denials = new DenialCounter(metrics)
  denials.unseen('a')
  denials.unseen('a', 0)
  expect(metrics.render()).not.toContain('agent_guard_unseen_total')
  denials.unseen('a', 2)
  denials.unseen('a', 1)
  expect(metrics.read('agent_guard_unseen_total', { agent: 'a' })).toBe(3)
})
