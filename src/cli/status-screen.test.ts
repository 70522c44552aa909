import { expect, test } from 'vitest'
import { isWell } from './sidecar-overview.ts'
import type { SidecarOverview } from './sidecar-overview.ts'
import { statusScreen } from './status-screen.ts'

const quiet: SidecarOverview = {
  url: 'http://127.0.0.1:8080',
  health: {
    version: '1.2.3',
    status: 'ok',
    uptime_s: 75,
    reasons: [],
    components: [{ id: 'otlp_http', kind: 'exporter', queued_items: 12 }],
  },
  agents: [
    {
      agent: 'support',
      state: 'running',
      heartbeat_age_s: 2,
      recent_runs: 40,
      success_share: 0.975,
      latency_p99_s: 3.2,
      finished: 120,
      failed: 1,
      spent_usd: 1.25,
    },
  ],
  metrics: undefined,
  guard: undefined,
  alerts: { alerts: [], notifiers: [] },
}

const textOf = (overview: SidecarOverview): string =>
  statusScreen(overview)
    .map(({ text, tone }) => (tone === 'bad' ? `! ${text}` : text))
    .join('\n')

test('a quiet sidecar', () => {
  expect(isWell(quiet)).toBe(true)
  expect(textOf(quiet)).toMatchInlineSnapshot(`
    "spanwarden 1.2.3 at http://127.0.0.1:8080: ok, up 1 min 15 s

    AGENT    STATE    HEARTBEAT   RUNS  WELL     P99  FAILED 1h  SPENT 24h
    support  running  2.00 s ago    40  98 %  3.20 s   1 of 120      $1.25

    Alerts: none is raised

    Waiting to be sent: otlp_http 12"
  `)
})

test('everything at once, worst first', () => {
  const troubled: SidecarOverview = {
    ...quiet,
    health: {
      ...quiet.health,
      status: 'unready',
      reasons: [
        { code: 'runs_failing', message: '9 of the last 10 runs of support failed', value: 0.1, threshold: 0.5 },
      ],
    },
    agents: [{ ...(quiet.agents[0] as SidecarOverview['agents'][number]), state: 'silent', agent: 'a\u001B[2Jb' }],
    metrics: {
      latency: { current: 31.5 },
      errors: { current: 0.2 },
      tools: { current: 10 },
      tokens: { current: 2_500_000 },
      queue: { current: null },
      cost: { current: 4 },
    },
    guard: {
      mode: 'enforce',
      problem: null,
      budgets: [
        { budget: 'daily', scope: 'agent', value: 'a', limit_usd: 5, committed_usd: 1, held_usd: 0, left_usd: 4 },
        { budget: 'daily', scope: 'agent', value: 'b', limit_usd: 5, committed_usd: 5, held_usd: 0, left_usd: 0 },
      ],
      stops: [{ scope: 'fleet', value: '', reason: 'loops', person: 'ada' }],
    },
    alerts: {
      alerts: [
        {
          alert: 'AgentNotRunning',
          state: 'firing',
          labels: {},
          starts_at: '',
          summary: 'Agent a is not running',
          action: '',
        },
        {
          alert: 'AgentDailySpendThreshold',
          state: 'resolved',
          labels: {},
          starts_at: '',
          summary: 'over',
          action: '',
        },
      ],
      notifiers: [{ name: 'pager', sent: 0, failed: 3, problem: 'ECONNREFUSED' }],
    },
  }
  expect(isWell(troubled)).toBe(false)
  expect(textOf(troubled)).toMatchInlineSnapshot(`
    "! spanwarden 1.2.3 at http://127.0.0.1:8080: unready, up 1 min 15 s
    !   runs_failing: 9 of the last 10 runs of support failed

    AGENT   STATE   HEARTBEAT   RUNS  WELL     P99  FAILED 1h  SPENT 24h
    ! a?[2Jb  silent  2.00 s ago    40  98 %  3.20 s   1 of 120      $1.25

    LAST HOUR
    P99 latency  31.5 s  alert above 30 s
    Error rate     20 %  alert > 1 % and ≥ 5 failed
    Tool calls       10
    Tokens       2.50 M
    Queue depth       -  alert above 100
    Spend         $4.00

    BUDGET  OF       SPENT   HELD   LEFT    CAP
    ! daily   agent b  $5.00  $0.00  $0.00  $5.00
    daily   agent a  $1.00  $0.00  $4.00  $5.00

    ! STOPPED everything by ada: loops

    ! ALERT AgentNotRunning: Agent a is not running
    ! Alerts do not reach pager: ECONNREFUSED

    Waiting to be sent: otlp_http 12"
  `)
})

test.each(['health', 'agents', 'guard', 'alerts'] as const)('%s alone asks for a person', (part) => {
  const agent = quiet.agents[0] as SidecarOverview['agents'][number]
  const bad: Partial<Record<string, Partial<SidecarOverview>>> = {
    health: { health: { ...quiet.health, status: 'degraded' } },
    agents: { agents: [{ ...agent, state: 'silent' }] },
    guard: {
      guard: {
        mode: 'enforce',
        problem: null,
        budgets: [],
        stops: [{ scope: 'tool', value: 'x', reason: '', person: '' }],
      },
    },
    alerts: {
      alerts: {
        alerts: [{ alert: 'A', state: 'firing', labels: {}, starts_at: '', summary: '', action: '' }],
        notifiers: [],
      },
    },
  }
  expect(isWell({ ...quiet, ...bad[part] })).toBe(false)
})
