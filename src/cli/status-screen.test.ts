import { expect, test } from 'vitest'
import { isWell } from './sidecar-overview.ts'
import type { AgentOverview, SidecarOverview } from './sidecar-overview.ts'
import { statusScreen } from './status-screen.ts'

const AGENT: AgentOverview = {
  agent: 'support',
  state: 'running',
  heartbeat_age_s: 2,
  recent_runs: 40,
  success_share: 0.975,
  latency_p99_s: 3.2,
  finished: 120,
  failed: 1,
  spent_usd: 1.25,
}
const quiet: SidecarOverview = {
  url: 'http://127.0.0.1:8080',
  health: {
    version: '1.2.3',
    status: 'ok',
    uptime_s: 75,
    reasons: [],
    components: [{ id: 'otlp_http', kind: 'exporter', queued_items: 12 }],
  },
  agents: [AGENT],
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
    Alerts: none is raised

    AGENT    STATE    HEARTBEAT   RUNS  WELL     P99  FAILED 1h  SPENT 24h
    support  running  2.00 s ago    40  98 %  3.20 s   1 of 120      $1.25

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
    agents: [{ ...AGENT, state: 'silent', agent: 'a\u001B[2Jb', failed: 4 }],
    metrics: {
      latency: { current: 31.5, threshold: 30 },
      errors: { current: 0.2, threshold: 0.01 },
      tools: { current: 10, threshold: null },
      tokens: { current: 2_500_000, threshold: null },
      queue: { current: 101, threshold: 100 },
      cost: { current: 4, threshold: null },
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
    ! STOPPED everything by ada: loops
    ! ALERT AgentNotRunning: Agent a is not running
    ! Alerts do not reach pager: ECONNREFUSED

    AGENT   STATE   HEARTBEAT   RUNS  WELL     P99  FAILED 1h  SPENT 24h
    ! a?[2Jb  silent  2.00 s ago    40  98 %  3.20 s   4 of 120      $1.25

    LAST HOUR
    P99 latency  31.5 s  alert above 30 s
    Error rate     20 %  alert > 1 % and ≥ 5 failed
    Tool calls       10
    Tokens       2.50 M
    ! Queue depth     101  alert above 100
    Spend         $4.00

    BUDGET  OF       SPENT   HELD   LEFT    CAP
    ! daily   agent b  $5.00  $0.00  $0.00  $5.00
    daily   agent a  $1.00  $0.00  $4.00  $5.00

    Waiting to be sent: otlp_http 12"
  `)
})

test('a hundred troubles are a screen: reasons and alerts by what they say, agents that fail before those that are silent, the newest first', () => {
  const silent = Array.from({ length: 99 }, (_, i): AgentOverview => ({
    ...AGENT,
    agent: `job-${i}`,
    state: 'silent',
    heartbeat_age_s: 1000 - i,
    finished: 1,
    failed: 0,
  }))
  const lines = textOf({
    ...quiet,
    health: {
      ...quiet.health,
      status: 'degraded',
      reasons: [
        ...silent.map(({ agent }) => ({
          code: 'agent_silent',
          agent,
          message: `nothing has come from ${agent} for 180 s`,
        })),
        { code: 'queue_full', component: 'otlp_http', message: 'the queue for traces is full' },
        { code: 'queue_full', component: 'kafka', message: 'the queue for traces is full' },
      ],
    },
    agents: [
      { ...AGENT, agent: 'cheap', spent_usd: 0.01 },
      { ...AGENT, agent: 'dear', spent_usd: 9 },
      ...silent,
      { ...AGENT, agent: 'prod', finished: 60, failed: 60 },
    ],
    alerts: {
      alerts: silent.map(({ agent }) => ({
        alert: 'AgentNotRunning',
        state: 'firing',
        labels: { job: agent },
        starts_at: '',
        summary: `Agent ${agent} is not running`,
        action: '',
      })),
      notifiers: [],
    },
  })
  expect(lines).toMatchInlineSnapshot(`
    "! spanwarden 1.2.3 at http://127.0.0.1:8080: degraded, up 1 min 15 s
    !   agent_silent: nothing has come from job-0 for 180 s; also job-1, job-2, job-3, job-4 and 94 more
    !   queue_full: the queue for traces is full; also kafka
    ! ALERT AgentNotRunning: Agent job-0 is not running; also job-1, job-2, job-3, job-4 and 94 more

    AGENT   STATE    HEARTBEAT        RUNS  WELL     P99  FAILED 1h  SPENT 24h
    ! prod    running  2.00 s ago         40  98 %  3.20 s   60 of 60      $1.25
    ! job-98  silent   15 min 02 s ago    40  98 %  3.20 s     0 of 1      $1.25
    ! job-97  silent   15 min 03 s ago    40  98 %  3.20 s     0 of 1      $1.25
    ! job-96  silent   15 min 04 s ago    40  98 %  3.20 s     0 of 1      $1.25
    ! job-95  silent   15 min 05 s ago    40  98 %  3.20 s     0 of 1      $1.25
    ! job-94  silent   15 min 06 s ago    40  98 %  3.20 s     0 of 1      $1.25
    ! job-93  silent   15 min 07 s ago    40  98 %  3.20 s     0 of 1      $1.25
    ! job-92  silent   15 min 08 s ago    40  98 %  3.20 s     0 of 1      $1.25
    … and 94 more, 92 of them silent

    Waiting to be sent: otlp_http 12"
  `)
  expect(lines.split('\n').length).toBeLessThanOrEqual(24)
})

test.each<[string, boolean, Partial<AgentOverview>, number | null]>([
  ['1 % of the requests of an agent', true, { finished: 500, failed: 5 }, null],
  ['more', false, { finished: 499, failed: 5 }, null],
  ['fewer than five failures', true, { finished: 4, failed: 4 }, 1],
  ['a rate above the threshold', false, { finished: 1000, failed: 5 }, 0.02],
])('an agent that fails: %s', (_, expected, agent, current) => {
  const other = { current: null, threshold: null }
  const metrics = { latency: other, tools: other, tokens: other, queue: other, cost: other }
  const errors = { current, threshold: 0.01 }
  expect(isWell({ ...quiet, agents: [{ ...AGENT, ...agent }], metrics: { ...metrics, errors } })).toBe(expected)
})

test.each(['health', 'agents', 'guard', 'alerts'] as const)('%s alone asks for a person', (part) => {
  const bad: Partial<Record<string, Partial<SidecarOverview>>> = {
    health: { health: { ...quiet.health, status: 'degraded' } },
    agents: { agents: [{ ...AGENT, state: 'silent' }] },
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
