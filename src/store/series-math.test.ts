import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gaugeSteps, increases, quantile, stepAt, stepsOf } from './series-math.ts'
import type { SeriesPoint } from './series-math.ts'

const point = (timeMs: number, value: number, startMs = 0): SeriesPoint => ({ timeMs, value, startMs, buckets: [] })
const sum = (points: readonly SeriesPoint[]): number => points.reduce((total, { value }) => total + value, 0)

describe('steps', () => {
  test('property: at most a hundred and one, without gaps, and every time of the range is in one', () => {
    const range = fc.record({ toMs: fc.integer({ min: 1e12, max: 2e12 }), lengthMs: fc.integer({ min: 1, max: 1e10 }) })
    fc.assert(
      fc.property(range, fc.double({ min: 0, max: 1, noNaN: true }), ({ toMs, lengthMs }, part) => {
        const steps = stepsOf(toMs - lengthMs, toMs)
        const timeMs = toMs - Math.floor(part * (lengthMs - 1))
        const step = stepAt(steps, timeMs)
        expect(steps.count).toBeLessThanOrEqual(101)
        expect(step).toBeGreaterThanOrEqual(0)
        expect(steps.fromMs + step * steps.stepMs).toBeLessThan(timeMs)
        expect(steps.fromMs + (step + 1) * steps.stepMs).toBeGreaterThanOrEqual(timeMs)
      }),
    )
  })
})

describe('increases of a cumulative series', () => {
  test('property: with restarts anywhere, what was added in all lives is the sum', () => {
    const life = fc.array(fc.nat(100), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(fc.array(life, { minLength: 1, maxLength: 5 }), (lives) => {
        let timeMs = 1_000_000
        const points = lives.flatMap((added) => {
          const startMs = timeMs
          let value = 0
          return added.map((more) => point((timeMs += 10_000), (value += more), startMs))
        })
        expect(sum(increases(points, true, 0, 1_000_000))).toBe(lives.flat().reduce((a, b) => a + b, 0))
      }),
    )
  })

  test('counts from the last point before the range', () => {
    expect(sum(increases([point(90, 5), point(110, 7), point(120, 9)], true, 100, 0))).toBe(4)
  })

  test('a series that appears while the store listens counts from zero', () => {
    expect(sum(increases([point(500_000, 3)], true, 400_000, 100_000))).toBe(3)
  })

  test('what was counted long before the store listened is not placed anywhere', () => {
    const old = [point(1_000_000_000, 900, 1), point(1_000_010_000, 901, 1)]
    expect(sum(increases(old, true, 0, 1_000_000_000))).toBe(1)
  })
})

describe('quantile', () => {
  const bounds = [1, 2.5, 5, 30]
  test.each([
    { name: 'no observations', buckets: [0, 0, 0, 0, 0], max: null, q: 0.99, expected: null },
    { name: 'interpolates in the bucket', buckets: [0, 0, 100, 0, 0], max: null, q: 0.5, expected: 3.75 },
    { name: 'never beyond the largest observation', buckets: [0, 0, 1, 0, 0], max: 3.2, q: 0.99, expected: 3.2 },
    { name: 'the open bucket gives the largest observation', buckets: [0, 0, 0, 0, 4], max: 44, q: 0.5, expected: 44 },
    { name: 'the open bucket without one gives its bound', buckets: [0, 0, 0, 0, 4], max: null, q: 0.5, expected: 30 },
  ])('$name', ({ buckets, max, q, expected }) => {
    expect(quantile(q, buckets, bounds, max)).toBe(expected)
  })

  test('property: lies in the bucket of the observation with that rank', () => {
    const observations = fc.array(fc.double({ min: 0.01, max: 29, noNaN: true }), { minLength: 1, maxLength: 50 })
    fc.assert(
      fc.property(observations, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, q) => {
        const buckets = bounds.map(
          (_, i) => values.filter((v) => v <= (bounds[i] ?? 0) && v > (bounds[i - 1] ?? 0)).length,
        )
        const sorted = values.toSorted((a, b) => a - b)
        const exact = sorted[Math.ceil(q * sorted.length) - 1] ?? 0
        const upper = bounds.find((bound) => exact <= bound) ?? 0
        const lower = bounds[bounds.indexOf(upper) - 1] ?? 0
        const estimate = quantile(q, [...buckets, 0], bounds, null) ?? Number.NaN
        expect(estimate).toBeGreaterThanOrEqual(lower)
        expect(estimate).toBeLessThanOrEqual(upper)
      }),
    )
  })
})

describe('gauge steps', () => {
  const steps = { fromMs: 0, stepMs: 60_000, count: 8 }
  test('the highest value of a step, carried on for five minutes', () => {
    const points = [point(61_000, 3), point(70_000, 9), point(119_000, 2)]
    expect(gaugeSteps(points, steps)).toEqual([null, 9, 2, 2, 2, 2, null, null])
  })
  test('a value before the range is carried into it', () => {
    expect(gaugeSteps([point(-60_000, 4)], steps).slice(0, 5)).toEqual([4, 4, 4, 4, null])
  })
})
