import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { testContext } from '../../test/support/component-context.ts'
import { sayGoodbye } from '../control/goodbye-file.ts'
import { AgentPulse, hasSaidGoodbye } from './agent-pulse.ts'
import { SlidingSums } from './sliding-sums.ts'

const WINDOW_MS = 3_600_000
const PART_MS = WINDOW_MS / 60

test('a sum holds all of its window and nothing that is older by more than a part', () => {
  const times = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 * WINDOW_MS }), fc.integer({ min: 1, max: 9 })))
  fc.assert(
    fc.property(times, (added) => {
      const sums = new SlidingSums(WINDOW_MS)
      const inOrder = added.toSorted(([a], [b]) => a - b)
      for (const [atMs, value] of inOrder) sums.add(atMs, value)
      const nowMs = inOrder.at(-1)?.[0] ?? 0
      const within = (ms: number): number =>
        inOrder.reduce((total, [atMs, value]) => total + (atMs > nowMs - ms ? value : 0), 0)
      expect(sums.total(nowMs)).toBeGreaterThanOrEqual(within(WINDOW_MS - PART_MS))
      expect(sums.total(nowMs)).toBeLessThanOrEqual(within(WINDOW_MS))
      const restored = new SlidingSums(WINDOW_MS)
      restored.restore(sums.state)
      expect(restored.total(nowMs)).toBe(sums.total(nowMs))
      expect(sums.total(nowMs + WINDOW_MS)).toBe(0)
    }),
  )
})

test('a clock that was set back loses no sum', () => {
  const sums = new SlidingSums(WINDOW_MS)
  sums.add(10 * WINDOW_MS, 3)
  expect(sums.total(9 * WINDOW_MS)).toBe(3)
  expect(sums.total(10.5 * WINDOW_MS)).toBe(0)
})

test('what is known of an agent is there after a restart, but for its single runs', () => {
  const context = testContext('agent_pulse')
  const nowMs = context.clock.now()
  const pulse = new AgentPulse(context)
  pulse.alive('shop/support', nowMs)
  pulse.finished('shop/support', { atMs: nowMs, seconds: 1, failed: true })
  pulse.finished('shop/support', { atMs: nowMs, seconds: 2, failed: false })
  pulse.spent('shop/support', nowMs, 0.25)
  pulse.close()
  expect(new AgentPulse(context).agents(nowMs)).toEqual([
    { job: 'shop/support', heartbeatMs: nowMs, endedMs: 0, runs: [], finished: 2, failed: 1, spentUsd: 0.25 },
  ])
})

test('a goodbye is heard once, counts with what comes late, and no longer when the agent is back', () => {
  const context = testContext('agent_pulse')
  const nowMs = context.clock.now()
  const pulse = new AgentPulse(context)
  const isGone = (): boolean[] => pulse.agents(nowMs).map(hasSaidGoodbye)
  pulse.alive('shop/support', nowMs)
  sayGoodbye(context.stateFolder, { job: 'shop/support', atMs: nowMs })
  sayGoodbye(context.stateFolder, { job: '../never seen', atMs: nowMs })
  expect(isGone()).toEqual([false])
  pulse.readGoodbyes()
  expect(isGone()).toEqual([true])
  pulse.alive('shop/support', nowMs + 15_000)
  expect(isGone()).toEqual([true])
  pulse.readGoodbyes()
  pulse.alive('shop/support', nowMs + 15_001)
  expect(isGone()).toEqual([false])
})

test('a file that can not be read is told, and begins anew', () => {
  const context = testContext('agent_pulse')
  writeFileSync(join(context.stateFolder, 'agent-pulse.json'), '{"version": 1, "agents": [{}]}')
  expect(new AgentPulse(context).agents(0)).toEqual([])
  expect(context.logged).toMatchObject([{ level: 'warn' }])
})

test('further agents than can be told apart are counted, and of several connectors one tells', () => {
  const context = testContext('agent_pulse')
  const pulse = new AgentPulse(context)
  for (let i = 0; i < 103; i++) pulse.feed('agent_metrics')?.alive(`agent-${i}`, 1)
  expect(pulse.agents(1)).toHaveLength(100)
  expect(context.counters.get('spanwarden_agent_pulse_refused')).toBe(3)
  expect(pulse.feed('agent_metrics/delta')).toBeUndefined()
  pulse.leave('agent_metrics')
  expect(pulse.feed('agent_metrics/delta')).toBe(pulse)
})
