import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { testContext } from '../../test/support/component-context.ts'
import { sayGoodbye } from '../control/goodbye-file.ts'
import { AgentPulse } from './agent-pulse.ts'
import type { AgentLife } from './agent-pulse.ts'
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

type Context = ReturnType<typeof testContext>

/** Lets the time pass, and looks each second as health does. */
function listen(pulse: AgentPulse, { clock }: Context, ms: number): AgentLife[] {
  for (let passed = 0; passed < ms; passed += LOOK_MS) {
    clock.advance(Math.min(LOOK_MS, ms - passed))
    pulse.agents(clock.now())
  }
  return pulse.agents(clock.now())
}
const LOOK_MS = 1000

test('what is known of an agent is there after a restart, but for its single runs', () => {
  const context = testContext('agent_pulse')
  const nowMs = context.clock.now()
  const pulse = new AgentPulse(context)
  pulse.alive('shop/support', nowMs)
  pulse.finished('shop/support', { atMs: nowMs, seconds: 1, failed: true })
  pulse.finished('shop/support', { atMs: nowMs, seconds: 2, failed: false })
  pulse.spent('shop/support', nowMs, 0.25)
  listen(pulse, context, 90_000)
  pulse.close()
  context.clock.advance(3_600_000 / 2)
  expect(new AgentPulse(context).agents(context.clock.now())).toEqual([
    {
      job: 'shop/support',
      heartbeatMs: nowMs,
      // While the sidecar was away it did not listen.
      silentMs: 90_000,
      isHeard: false,
      hasEnded: false,
      runs: [],
      finished: 2,
      failed: 1,
      spentUsd: 0.25,
    },
  ])
})

test('a goodbye is heard once, counts with what comes late, and no longer when the agent is back', () => {
  const context = testContext('agent_pulse')
  const { clock } = context
  const pulse = new AgentPulse(context)
  const hasEnded = (): boolean[] => pulse.agents(clock.now()).map((agent) => agent.hasEnded)
  pulse.alive('shop/support', clock.now())
  // The clocks of the two need not agree.
  sayGoodbye(context.stateFolder, { job: 'shop/support', atMs: clock.now() + WINDOW_MS })
  sayGoodbye(context.stateFolder, { job: '../never seen', atMs: clock.now() })
  expect(hasEnded()).toEqual([false])
  pulse.readGoodbyes()
  expect(hasEnded()).toEqual([true])
  listen(pulse, context, 15_000)
  pulse.alive('shop/support', clock.now())
  expect(hasEnded()).toEqual([true])
  pulse.readGoodbyes()
  listen(pulse, context, 1)
  pulse.alive('shop/support', clock.now())
  expect(hasEnded()).toEqual([false])
})

test('silence is what was listened to: neither a clock that is set, nor sleep, nor a process that was paused', () => {
  const context = testContext('agent_pulse')
  const { clock } = context
  const pulse = new AgentPulse(context)
  const startMs = clock.now()
  // It was a day ahead, and is set right.
  pulse.alive('a', startMs + 24 * WINDOW_MS)
  pulse.finished('a', { atMs: startMs + 24 * WINDOW_MS, seconds: 1, failed: true })
  expect(pulse.agents(startMs)).toMatchObject([{ heartbeatMs: startMs, runs: [{ atMs: startMs }], silentMs: 0 }])
  expect(listen(pulse, context, 180_000)).toMatchObject([{ silentMs: 180_000 }])
  clock.advance(WINDOW_MS)
  expect(pulse.agents(clock.now())).toMatchObject([{ silentMs: 185_000 }])
  // It is another time by the wall, and none has passed.
  expect(pulse.agents(clock.now() + 90 * 24 * WINDOW_MS)).toMatchObject([{ silentMs: 185_000 }])
})

test('whatever the clock does, an agent that is heard again and again is not silent, and one that is dead becomes so', () => {
  const steps = fc.array(
    fc.record({ jumpMs: fc.integer({ min: -2e8, max: 2e8 }), sleepMs: fc.integer({ min: 0, max: 2e8 }) }),
  )
  fc.assert(
    fc.property(steps, (all) => {
      const context = testContext('agent_pulse')
      const pulse = new AgentPulse(context)
      let setMs = 0
      const now = (): number => context.clock.now() + setMs
      pulse.alive('dead', now())
      for (const { jumpMs, sleepMs } of all) {
        setMs += jumpMs
        context.clock.advance(sleepMs)
        expect(pulse.agents(now()).find(({ job }) => job === 'alive')?.silentMs ?? 0).toBeLessThanOrEqual(15_000)
        pulse.alive('alive', now())
        listen(pulse, context, 10_000)
      }
      const dead = listen(pulse, context, 125_000).find(({ job }) => job === 'dead')
      expect(dead?.silentMs).toBeGreaterThan(120_000)
    }),
    { numRuns: 20 },
  )
})

test('one that is silent for a day is forgotten, over restarts too, and one at once when somebody says so', () => {
  const context = testContext('agent_pulse')
  const first = new AgentPulse(context)
  first.setWindows({ errorsMs: WINDOW_MS, spendMs: WINDOW_MS, forgetMs: 60_000 })
  first.alive('a', context.clock.now())
  first.alive('b', context.clock.now())
  expect([first.forget('b'), first.forget('b')]).toEqual([true, false])
  expect(listen(first, context, 40_000)).toHaveLength(1)
  first.close()
  const second = new AgentPulse(context)
  second.setWindows({ errorsMs: WINDOW_MS, spendMs: WINDOW_MS, forgetMs: 60_000 })
  expect(listen(second, context, 20_000).map(({ job }) => job)).toEqual(['a'])
  expect(listen(second, context, 1)).toEqual([])
})

test('a file that can not be read is told, and begins anew', () => {
  const context = testContext('agent_pulse')
  writeFileSync(join(context.stateFolder, 'agent-pulse.json'), '{"version": 1, "agents": [{}]}')
  expect(new AgentPulse(context).agents(0)).toEqual([])
  expect(context.logged).toMatchObject([{ level: 'warn' }])
})

test('further agents than can be told apart are counted and told while those known run', () => {
  const context = testContext('agent_pulse')
  const pulse = new AgentPulse(context)
  const all = Array.from({ length: 100 }, (_, i) => `agent-${i}`)
  const hear = (): void => all.forEach((job) => pulse.alive(job, context.clock.now()))
  hear()
  listen(pulse, context, 10_000)
  hear()
  for (let i = 0; i < 3; i++) pulse.alive(`more-${i}`, context.clock.now())
  expect(pulse.agents(1)).toHaveLength(100)
  expect(context.counters.get('spanwarden_agent_pulse_refused')).toBe(3)
  expect(pulse.refused).toEqual({ job: 'more-2', agentsMax: 100 })
  listen(pulse, context, 60_001)
  expect(pulse.refused).toBeUndefined()
})

test('a further agent takes the place of one that ended, else of one that spoke once, else of the one silent for longest', () => {
  const context = testContext('agent_pulse')
  const { clock } = context
  const pulse = new AgentPulse(context)
  const known = (): string[] => pulse.agents(clock.now()).map(({ job }) => job)
  const taken = (job: string): string[] => {
    const before = known()
    pulse.alive(job, clock.now())
    return before.filter((one) => !known().includes(one))
  }
  const running = Array.from({ length: 97 }, (_, i) => `agent-${i}`)
  const hear = (...jobs: string[]): void => jobs.forEach((job) => pulse.alive(job, clock.now()))
  hear('silent', 'ended', ...running)
  listen(pulse, context, 5000)
  hear('silent', 'ended', ...running)
  sayGoodbye(context.stateFolder, { job: 'ended', atMs: clock.now() })
  pulse.readGoodbyes()
  listen(pulse, context, 30_000)
  hear(...running, 'once')
  expect([taken('x'), taken('y')]).toEqual([['ended'], ['once']])
  // What came with one message is no agent that runs, so a flood of names takes only the places of its like.
  expect([taken('z'), taken('z2')]).toEqual([['x'], ['y']])
  listen(pulse, context, 5000)
  hear('z', 'z2')
  expect([taken('prod'), taken('prod2')]).toEqual([['silent'], ['prod']])
  expect(context.counters.get('spanwarden_agent_pulse_replaced')).toBe(6)
  expect(context.counters.get('spanwarden_agent_pulse_refused')).toBe(0)
})

test('of several connectors one tells', () => {
  const pulse = new AgentPulse(testContext('agent_pulse'))
  expect(pulse.feed('agent_metrics')).toBe(pulse)
  expect(pulse.feed('agent_metrics/delta')).toBeUndefined()
  pulse.leave('agent_metrics')
  expect(pulse.feed('agent_metrics/delta')).toBe(pulse)
})
