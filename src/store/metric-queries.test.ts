import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { testContext } from '../../test/support/component-context.ts'
import { pointBatch } from '../../test/support/point-batch.ts'
import { EmbeddedStore } from './embedded-store.ts'

const NOW = Date.UTC(2026, 10, 21, 12)
const FIRST = NOW - 7_200_000

/** Lives of a process: what its counter grew by, export by export, after the waits before them. */
const lives = fc.array(
  fc.array(fc.record({ by: fc.nat(9), waitMs: fc.integer({ min: 1000, max: 60_000 }) }), {
    minLength: 1,
    maxLength: 12,
  }),
  { minLength: 1, maxLength: 4 },
)

test.each([{ cumulative: true }, { cumulative: false }])(
  'property: over any range, however often the process began anew, the sum is what was counted in it (cumulative: $cumulative)',
  ({ cumulative }) => {
    fc.assert(
      fc.property(lives, fc.integer({ min: 1, max: 120 }), (processes, minutes) => {
        const store = new EmbeddedStore(testContext('store'))
        const added: { timeMs: number; by: number }[] = []
        let timeMs = FIRST
        for (const exports of processes) {
          const startMs = timeMs
          let value = 0
          for (const { by, waitMs } of exports) {
            timeMs += waitMs
            value = cumulative ? value + by : by
            added.push({ timeMs, by })
            store.write('metrics', pointBatch([{ metric: 'agent.cost', cumulative, value, timeMs, startMs }]))
          }
        }
        const { fromMs, toMs, panels } = store.metrics(timeMs - minutes * 60_000, timeMs)
        const expected = added
          .filter((one) => one.timeMs > fromMs && one.timeMs <= toMs)
          .reduce((sum, { by }) => sum + by, 0)
        expect(panels.cost.current).toBe(expected)
        expect(panels.cost.values.reduce((sum: number, value) => sum + (value ?? 0), 0)).toBe(expected)
        store.close()
      }),
      { numRuns: 40 },
    )
  },
)

test('the peak of a queue is seen, however short, and the newest value is the current one', () => {
  const store = new EmbeddedStore(testContext('store'))
  const depths = [3, 140, 5, 2]
  depths.forEach((value, i) => {
    const point = { metric: 'agent.queue.depth', kind: 'gauge', value, timeMs: NOW - 50_000 + i * 10_000 } as const
    store.write('metrics', pointBatch([point]))
  })
  const { panels } = store.metrics(NOW - 3_600_000, NOW)
  expect(panels.queue.values.at(-1)).toBe(140)
  expect(panels.queue.current).toBe(2)
  store.close()
})
