import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RunActivity } from '../../../control/run-messages.ts'
import { VELOCITY_RULES_DEFAULT } from '../../../limits/velocity.ts'
import type { VelocityBaseline, VelocityMark, VelocityRules } from '../../../limits/velocity.ts'
import { RUN_ENDED_MS, RunWatch, RUNS_MAX, SUMS_MAX } from './run-watch.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const NO_PAST: VelocityBaseline = { runs: 0, costP95: 0, wallClockP99Ms: 0, costPerMinuteMean: 0 }
const RULES = { ...VELOCITY_RULES_DEFAULT, cost: { stop: 100 }, toolCalls: { stop: 20 }, depth: { stop: 3 } }

const watchOf = (rules: VelocityRules = RULES): RunWatch => new RunWatch({ rules, baseline: () => NO_PAST })
const activity = (id: string, sums: Partial<RunActivity> = {}, run = 'r'): RunActivity => ({
  type: 'activity',
  id,
  scopes: { agent: 'a', run },
  ageMs: 0,
  nanoUsd: 0,
  toolCalls: 0,
  depth: 0,
  ...sums,
})

/** Some processes do something in some runs, and tell their sums: at times, in any order, twice or late. */
const step = fc.record({
  process: fc.nat(2),
  run: fc.constantFrom('r1', 'r2'),
  nanoUsd: fc.nat(20),
  toolCalls: fc.nat(3),
  depth: fc.nat(4),
  how: fc.constantFrom<'tell' | 'keep' | 'again' | 'restart'>('tell', 'tell', 'tell', 'keep', 'again', 'restart'),
})

test('a run stops exactly when what its processes have told is beyond a figure, however often it was told and whoever has forgotten', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let watch = watchOf()
      const sums = new Map<string, RunActivity>()
      const told = new Map<string, RunActivity>()
      const stopped = new Map<string, VelocityMark>()
      const tell = (message: RunActivity): void => {
        const run = message.scopes.run ?? ''
        told.set(message.id, message)
        const mark = watch.observe(message, message.id, NOW)
        if (mark !== undefined) stopped.set(run, mark)
        // The naive model: all that was told of the run, added up.
        const ofRun = [...told.values()].filter(({ scopes }) => scopes.run === run)
        const cost = ofRun.reduce((sum, one) => sum + one.nanoUsd, 0)
        const calls = ofRun.reduce((sum, one) => sum + one.toolCalls, 0)
        const depth = Math.max(...ofRun.map((one) => one.depth))
        expect([run, stopped.has(run)]).toEqual([run, cost > 100 || calls > 20 || depth > 3])
      }
      for (const { process, run, how, nanoUsd, toolCalls, depth } of steps) {
        const id = `${process} ${run}`
        const before = sums.get(id) ?? activity(id, {}, run)
        const now = {
          ...before,
          nanoUsd: before.nanoUsd + nanoUsd,
          toolCalls: before.toolCalls + toolCalls,
          depth: Math.max(before.depth, depth),
        }
        sums.set(id, now)
        if (how === 'keep') continue
        if (how === 'again' && told.has(id)) tell(told.get(id) ?? now)
        if (how === 'restart') {
          // The sidecar has forgotten everything but what is stopped; the processes tell their sums again.
          watch = watchOf()
          for (const [one, message] of told) {
            const mark = watch.observe(message, one, NOW)
            if (mark !== undefined) stopped.set(message.scopes.run ?? '', mark)
          }
        }
        tell(now)
      }
    }),
  )
})

test('a run that is forgotten is measured from there', () => {
  const watch = watchOf()
  expect(watch.observe(activity('p', { toolCalls: 21 }), 'p', NOW)).toMatchObject({ level: 'stop', rule: 'tool_calls' })
  watch.forget('r')
  expect(watch.observe(activity('p2', { toolCalls: 20 }), 'p', NOW)).toBeUndefined()
  expect(watch.observe(activity('p2', { toolCalls: 21 }), 'p', NOW)).toMatchObject({ rule: 'tool_calls' })
  expect([...watch.processesOf('r')]).toEqual(['p'])
})

test('old sums that come first, after a restart, are no spending of this minute', () => {
  const rules = { ...VELOCITY_RULES_DEFAULT, costPerMinute: { stop: 1 } }
  expect(watchOf(rules).observe(activity('p', { nanoUsd: 100, ageMs: 120_000 }), 'p', NOW)).toBeUndefined()
  expect(watchOf(rules).observe(activity('p', { nanoUsd: 100 }), 'p', NOW)).toMatchObject({ rule: 'cost_per_minute' })
})

test('runs that ended make the past of their agent; those that were stopped do not', () => {
  const watch = watchOf()
  watch.observe(activity('p', { ageMs: 2_000, nanoUsd: 7 }, 'r1'), 'p', NOW)
  watch.observe(activity('p', { nanoUsd: 500 }, 'r2'), 'p', NOW)
  watch.observe(activity('q', { nanoUsd: 3 }, 'r1'), 'q', NOW + 60_000)
  expect(watch.ended(NOW + RUN_ENDED_MS + 59_000)).toEqual([])
  expect(watch.ended(NOW + RUN_ENDED_MS + 60_000)).toEqual([
    { agent: 'a', endedAt: NOW + 60_000, nanoUsd: 10, wallClockMs: 62_000, minutes: 2 },
  ])
  expect(watch.size).toBe(0)
})

test('it keeps so many runs, and so many sums of each', () => {
  const watch = watchOf()
  for (let i = 0; i <= RUNS_MAX; i++) watch.observe(activity('p', { toolCalls: 1 }, `r${i}`), 'p', NOW)
  expect(watch.size).toBe(RUNS_MAX)
  for (let i = 0; i <= SUMS_MAX; i++) watch.observe(activity(`p${i}`), 'p', NOW)
  expect(watch.observe(activity('p0', { toolCalls: 20 }), 'p', NOW)).toBeUndefined()
})
