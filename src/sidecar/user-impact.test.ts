import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FinishedRun } from '../alerts/agent-pulse.ts'
import { healthConfig } from './config/service-config.ts'
import type { HealthReason } from './health.ts'
import { Hysteresis } from './hysteresis.ts'
import { impactReasons, runFigures } from './user-impact.ts'
import type { Measured } from './user-impact.ts'

const NOW_MS = Date.UTC(2026, 10, 21, 12)
const MINUTE_MS = 60_000
const config = healthConfig.parse({})

const runs = (count: number, run: Partial<FinishedRun>): FinishedRun[] =>
  Array.from({ length: count }, () => ({ atMs: NOW_MS - MINUTE_MS, seconds: 1, failed: false, ...run }))
const agent = (all: readonly FinishedRun[], silentMs = 0) => ({
  job: 'support',
  heartbeatMs: NOW_MS,
  silentMs,
  isHeard: true,
  hasEnded: false,
  runs: all,
  finished: 0,
  failed: 0,
  spentUsd: 0,
})
const quiet: Measured = { nowMs: NOW_MS, agents: [], queues: [], diskFreeBytes: 1e12 }
const queue = { exporterId: 'otlp_http', signal: 'traces' }

test.each<[string, Partial<Measured>, [string, number, number][]]>([
  ['nothing at all', {}, []],
  ['5 of 100 failed', { agents: [agent([...runs(95, {}), ...runs(5, { failed: true })])] }, []],
  [
    '6 of 100 failed',
    { agents: [agent([...runs(94, {}), ...runs(6, { failed: true })])] },
    [['success_share', 0.94, 0.95]],
  ],
  ['4 of 4 failed', { agents: [agent(runs(4, { failed: true }))] }, []],
  [
    '6 of 10 failed',
    { agents: [agent([...runs(4, {}), ...runs(6, { failed: true })])] },
    [
      ['success_share', 0.4, 0.95],
      ['runs_failing', 0.4, 0.5],
    ],
  ],
  [
    '6 of 10 failed, three minutes ago',
    { agents: [agent(runs(10, { failed: true, atMs: NOW_MS - 3 * MINUTE_MS }))] },
    [['success_share', 0, 0.95]],
  ],
  [
    'many failed, and it is well again',
    { agents: [agent([...runs(90, { failed: true, atMs: NOW_MS - 3 * MINUTE_MS }), ...runs(10, {})])] },
    [['success_share', 0.1, 0.95]],
  ],
  ['long ago', { agents: [agent(runs(9, { failed: true, atMs: NOW_MS - 16 * MINUTE_MS }))] }, []],
  ['5 of 100 slow', { agents: [agent([...runs(95, {}), ...runs(5, { seconds: 31 })])] }, [['latency_p99', 31, 30]]],
  ['5 of 500 slow: 1 %', { agents: [agent([...runs(495, {}), ...runs(5, { seconds: 31 })])] }, []],
  ['silent', { agents: [agent([], 3 * MINUTE_MS)] }, [['agent_silent', 180, 120]]],
  ['silent, as it has ended', { agents: [{ ...agent([], 3 * MINUTE_MS), hasEnded: true }] }, []],
  ['an agent too many', { refused: { job: 'prod', agentsMax: 100 } }, [['agents_refused', 0, 100]]],
  ['a full queue', { queues: [{ ...queue, oldestMs: NOW_MS - 6 * MINUTE_MS }] }, [['queue_age', 360, 300]]],
  [
    'a backend away',
    { queues: [{ ...queue, failing: { sinceMs: NOW_MS - 6 * MINUTE_MS } }] },
    [['export_lag', 360, 300]],
  ],
  ['a full disk', { diskFreeBytes: 1000 }, [['disk_space', 1000, 268_435_456]]],
  ['a folder that was taken away', { takenFolder: '/state', diskFreeBytes: 1000 }, [['state_folder', 0, 0]]],
  ['a disk that does not say', { diskFreeBytes: undefined }, []],
])('%s', (_, measured, expected) => {
  const found = impactReasons({ ...quiet, ...measured }, config)
  expect(found.map(({ code, value = 0, threshold = 0 }) => [code, Number(value.toFixed(6)), threshold])).toEqual(
    expected,
  )
})

test('P99: of a hundred runs no more than one takes longer', () => {
  const durations = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(durations, (all) => {
      const { p99Seconds = -1 } = runFigures(
        all.map((seconds) => ({ atMs: 0, seconds, failed: false })),
        0,
        1,
      )
      expect(all).toContain(p99Seconds)
      expect(all.filter((one) => one > p99Seconds).length).toBeLessThanOrEqual(all.length / 100)
      expect(all.filter((one) => one >= p99Seconds).length).toBeGreaterThan(all.length / 100)
    }),
  )
})

const times = { badAfterMs: 30, goodAfterMs: 60 }
const slow: HealthReason = { code: 'latency_p99', agent: 'a', message: '' }

test('goes bad when it was so for long enough, and good when it was well for long enough', () => {
  const hysteresis = new Hysteresis()
  const look = (nowMs: number, ...seen: HealthReason[]): number => {
    hysteresis.look(seen, nowMs, times)
    return hysteresis.bad.length
  }
  expect([look(0, slow), look(29, slow), look(29.5), look(30, slow), look(59, slow), look(60, slow)]).toEqual([
    0, 0, 0, 0, 0, 1,
  ])
  expect([look(61), look(119), look(119.5, slow), look(120), look(179), look(180)]).toEqual([1, 1, 1, 1, 1, 0])
  expect(look(181, slow)).toBe(0)
})

test('agents and components are bad each for itself', () => {
  const hysteresis = new Hysteresis()
  const other = { ...slow, agent: 'b' }
  hysteresis.look([slow], 0, times)
  hysteresis.look([slow, other], 30, times)
  expect(hysteresis.bad).toEqual([slow])
})
