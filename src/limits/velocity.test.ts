import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { velocityBaseline, VelocityMeter, VELOCITY_RULES_DEFAULT } from './velocity.ts'
import type { VelocityMark, VelocityRules, VelocityStep } from './velocity.ts'

const START = Date.parse('2026-11-21T12:00:00Z')
const MINUTE = 60_000
const USD = 1_000_000_000

const past = Array.from({ length: 100 }, (_, i) => ({ nanoUsd: (i + 1) * 1_000, wallClockMs: (i + 1) * 100 }))
const baseline = velocityBaseline(past, 0.02 * USD)

/** The runs here are cheap and short. */
const SMALL: VelocityRules = { ...VELOCITY_RULES_DEFAULT, costMin: 0, wallClockMin: 0 }

/** `3:warn:cost`: the third step, warned of. */
function marksOf(steps: readonly VelocityStep[], rules: Partial<VelocityRules> = {}, base = baseline): string[] {
  const meter = new VelocityMeter(START, { ...SMALL, ...rules }, base)
  return steps.flatMap((step, i) => {
    const mark = meter.observe(step)
    return mark === undefined ? [] : [`${i + 1}:${mark.level}:${mark.rule}`]
  })
}
const repeated = (step: (i: number) => Partial<VelocityStep>, times: number): VelocityStep[] =>
  Array.from({ length: times }, (_, i) => ({ atMs: START + i, ...step(i) }))

test('a baseline is what most runs stayed within', () => {
  expect(baseline).toEqual({ runs: 100, costP95: 95_000, wallClockP99Ms: 9_900, costPerMinuteMean: 0.02 * USD })
  expect(velocityBaseline([], 0)).toMatchObject({ runs: 0, costP95: 0, wallClockP99Ms: 0 })
  expect(velocityBaseline(past.slice(0, 1), 0)).toMatchObject({ costP95: 1_000 })
})

describe('velocity', () => {
  test.each<[string, VelocityStep[], string[]]>([
    ['cost', repeated(() => ({ nanoUsd: 95_000 }), 12), ['6:warn:cost', '11:stop:cost']],
    ['wall clock', repeated((i) => ({ atMs: START + i * 9_900 }), 80), ['5:warn:wall_clock']],
    ['depth', repeated((i) => ({ depth: i }), 18), ['10:warn:depth', '18:stop:depth']],
    ['tool calls', repeated(() => ({ toolCalls: 50 }), 9), ['5:warn:tool_calls', '9:stop:tool_calls']],
    ['nothing unusual', repeated(() => ({ nanoUsd: 1_000, toolCalls: 1, depth: 2 }), 200), []],
  ])('%s', (_name, steps, expected) => {
    expect(marksOf(steps)).toEqual(expected)
  })

  test('an agent with little past is measured by figures only', () => {
    const young = velocityBaseline(past.slice(0, 49), 1)
    const steps = repeated(() => ({ nanoUsd: 20 * USD }), 2)
    expect(marksOf(steps, {}, young)).toEqual([])
    expect(marksOf(steps, { cost: { warn: 10 * USD, stop: 30 * USD } }, young)).toEqual(['1:warn:cost', '2:stop:cost'])
    expect(marksOf(steps, { cost: { stop: 30 * USD } })).toEqual(['1:stop:cost'])
  })

  test('what is spent in a minute is averaged over five, and little is never too fast', () => {
    const rules = { costTimesP95: {}, wallClockTimesP99: {} }
    const perMinute = (usd: number, minutes: number): VelocityStep[] =>
      repeated((i) => ({ atMs: START + i * MINUTE, nanoUsd: usd * USD }), minutes)
    expect(marksOf(perMinute(0.09, 60), rules)).toEqual([])
    expect(marksOf(perMinute(0.15, 60), rules)).toEqual(['4:warn:cost_per_minute'])
    expect(marksOf(perMinute(0.25, 60), rules)).toEqual(['3:warn:cost_per_minute', '5:stop:cost_per_minute'])
    const idle = [0.4, 0, 0, 0, 0, 0.4].map((usd, i) => ({ atMs: START + i * MINUTE, nanoUsd: usd * USD }))
    expect(marksOf(idle, rules)).toEqual([])
  })

  test('what is little is not too much for an agent, however little its runs were; a figure that a person gave is', () => {
    const steps = repeated((i) => ({ atMs: START + i * 1_000, nanoUsd: 0.009 * USD }), 11)
    expect(marksOf(steps, VELOCITY_RULES_DEFAULT)).toEqual([])
    expect(marksOf([...steps, { atMs: START + 12_000, nanoUsd: 0.002 * USD }], VELOCITY_RULES_DEFAULT)).toEqual([
      '12:stop:cost',
    ])
    expect(
      marksOf(
        repeated((i) => ({ atMs: START + i * 100_000 }), 5),
        VELOCITY_RULES_DEFAULT,
      ),
    ).toEqual(['5:warn:wall_clock'])
    expect(marksOf(steps, { ...VELOCITY_RULES_DEFAULT, costPerMinute: { stop: 0.01 * USD } })).toEqual([
      '6:stop:cost_per_minute',
    ])
  })

  test('what was spent nobody knows when counts for the run and for no minute', () => {
    const rules = { cost: { stop: 3 * USD }, costPerMinute: { stop: 0.1 * USD }, costTimesP95: {} }
    expect(marksOf([{ atMs: START, nanoUsd: 2 * USD, isPast: true }], rules)).toEqual([])
    expect(marksOf([{ atMs: START, nanoUsd: 2 * USD }], rules)).toEqual(['1:stop:cost_per_minute'])
    expect(marksOf([{ atMs: START, nanoUsd: 4 * USD, isPast: true }], rules)).toEqual(['1:stop:cost'])
  })

  test('a stop is for good, until a person speaks; then it is measured from there', () => {
    const meter = new VelocityMeter(START, { ...VELOCITY_RULES_DEFAULT, toolCalls: { warn: 1, stop: 2 } })
    const marks: (VelocityMark | undefined)[] = []
    for (let i = 0; i < 4; i++) marks.push(meter.observe({ atMs: START, toolCalls: 1 }))
    expect(marks.map((mark) => mark?.level)).toEqual([undefined, 'warn', 'stop', undefined])
    expect(meter.stopped).toEqual({ level: 'stop', rule: 'tool_calls', value: 3, figure: 2 })
    meter.reset()
    expect(meter.stopped).toBeUndefined()
    expect(meter.observe({ atMs: START, toolCalls: 1 })).toBeUndefined()
    expect(meter.observe({ atMs: START, toolCalls: 1 })).toMatchObject({ level: 'warn', value: 2 })
  })

  test('a clock that goes back neither stops nor forgives', () => {
    const meter = new VelocityMeter(START, { ...VELOCITY_RULES_DEFAULT, wallClock: { stop: MINUTE } })
    expect(meter.observe({ atMs: START - 10 * MINUTE })).toBeUndefined()
    expect(meter.observe({ atMs: START + MINUTE + 1 })).toMatchObject({ rule: 'wall_clock' })
    expect(meter.observe({ atMs: START })).toBeUndefined()
    expect(meter.stopped).toBeDefined()
  })

  test('a run stops exactly when one of its sums is beyond its figure, and warns at most once for each rule', () => {
    const rules = {
      ...VELOCITY_RULES_DEFAULT,
      cost: { warn: 50, stop: 100 },
      toolCalls: { warn: 5, stop: 10 },
      depth: { warn: 2, stop: 4 },
      wallClock: { warn: 500, stop: 1_000 },
    }
    const steps = fc.array(
      fc.record({ wait: fc.nat(100), nanoUsd: fc.nat(20), toolCalls: fc.nat(2), depth: fc.nat(4) }),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(steps, (given) => {
        const meter = new VelocityMeter(START, rules)
        let [at, cost, calls, deepest] = [START, 0, 0, 0]
        const warned: string[] = []
        for (const { wait, nanoUsd, toolCalls, depth } of given) {
          at += wait
          const mark = meter.observe({ atMs: at, nanoUsd, toolCalls, depth })
          cost += nanoUsd
          calls += toolCalls
          deepest = Math.max(deepest, depth)
          if (mark?.level === 'warn') warned.push(mark.rule)
        }
        const isBeyond = cost > 100 || calls > 10 || deepest > 4 || at - START > 1_000
        expect(meter.stopped !== undefined).toBe(isBeyond)
        expect(new Set(warned).size).toBe(warned.length)
      }),
    )
  })
})
