import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Backoff, RETRY_AFTER_MS_MAX } from './backoff.ts'
import { retryConfig } from './queue-config.ts'
import type { RetryConfig } from './queue-config.ts'

const stock = retryConfig.parse({ max_elapsed_time: '5m' })

/** The waits until it gives up, or `count` of them. */
function waits(config: RetryConfig, random: () => number, count = 1000, afterMs = 0): number[] {
  const backoff = new Backoff(config, random, 0)
  const delays: number[] = []
  for (let now = 0; delays.length < count;) {
    const delay = backoff.next(now, afterMs)
    if (delay === undefined) break
    delays.push(delay)
    now += delay
  }
  return delays
}

const configs = fc
  .record({
    initial_interval: fc.integer({ min: 1, max: 10_000 }),
    randomization_factor: fc.double({ min: 0, max: 1, noNaN: true }),
    multiplier: fc.double({ min: 1, max: 5, noNaN: true }),
    max_interval: fc.integer({ min: 1, max: 60_000 }),
    max_elapsed_time: fc.integer({ min: 60_000, max: 600_000 }),
  })
  .map((config) => ({ enabled: true, ...config }))

describe('backoff', () => {
  test('defaults of the stock collector, but that nothing is given up and the jitter is full', () => {
    expect(retryConfig.parse(undefined)).toEqual({
      enabled: true,
      initial_interval: 5000,
      randomization_factor: 1,
      multiplier: 1.5,
      max_interval: 30_000,
      max_elapsed_time: 0,
    })
    const delays = waits(stock, () => 0.5)
    expect(delays.slice(0, 6)).toEqual([5000, 7500, 11_250, 16_875, 25_312.5, 30_000])
    expect(delays.reduce((a, b) => a + b, 0)).toBe(300_000)
  })

  test('every wait lies within the jitter around its interval, and the last attempt is at max_elapsed_time', () => {
    fc.assert(
      fc.property(configs, fc.func(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (config, random) => {
        let calls = 0
        const delays = waits(config, () => random(calls++))
        const { initial_interval, multiplier, max_interval, randomization_factor: f, max_elapsed_time } = config
        for (const [i, delay] of delays.entries()) {
          const interval = Math.min(initial_interval * multiplier ** i, max_interval)
          expect(delay).toBeLessThanOrEqual(interval * (1 + f) * 1.000001)
          const shortest = i < delays.length - 1 ? interval * (1 - f) * 0.999999 : 0
          expect(delay).toBeGreaterThanOrEqual(shortest)
        }
        expect(delays.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(max_elapsed_time * 1.000001)
      }),
    )
  })

  test('waits at least as long as the backend asks, but not for ever', () => {
    const patient = { ...stock, max_elapsed_time: 0 }
    expect(waits(patient, () => 0.5, 2, 20_000)).toEqual([20_000, 20_000])
    expect(waits(patient, () => 0.5, 1, 1e12)).toEqual([RETRY_AFTER_MS_MAX])
    expect(waits(stock, () => 0.5, 10, 1e12)).toEqual([300_000])
  })

  test('disabled: no attempt; 0: no end', () => {
    expect(waits({ ...stock, enabled: false }, () => 0.5)).toEqual([])
    expect(waits({ ...stock, max_elapsed_time: 0 }, () => 0.5)).toHaveLength(1000)
  })

  test('an end before the intervals is a mistake of the configuration', () => {
    expect(() => retryConfig.parse({ max_elapsed_time: '10s' })).toThrow('max_elapsed_time must be 0')
    expect(retryConfig.parse({ max_elapsed_time: 0 }).max_elapsed_time).toBe(0)
  })
})
