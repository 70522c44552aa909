import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { SeenSpans } from './seen-spans.ts'

const half = fc.integer({ min: -3, max: 3 })
const step = fc.record({
  trace: half,
  high: half,
  low: half,
  parentHigh: half,
  parentLow: half,
  flags: fc.integer({ min: 1, max: 511 }),
})

test('knows the last spans as a map does: always the newer half, never a wrong one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 40 }), fc.array(step, { maxLength: 120 }), (spansMax, steps) => {
      const seen = new SeenSpans(spansMax)
      const truth = new Map<string, (typeof steps)[number]>()
      const recent: string[] = []
      for (const span of steps) {
        const key = [span.trace, span.high, span.low].join(' ')
        truth.set(key, span)
        recent.push(key)
        seen.set(span.trace, span.high, span.low, span.parentHigh, span.parentLow, span.flags)
        const mustKnow = new Set(recent.slice(-Math.ceil(spansMax / 2)))
        for (const [known, { trace, high, low, parentHigh, parentLow, flags }] of truth) {
          const found = seen.flags(trace, high, low)
          expect(mustKnow.has(known) ? [flags] : [flags, 0]).toContain(found)
          expect(seen.findParent(trace, high, low)).toBe(found !== 0)
          expect(found === 0 ? [parentHigh, parentLow] : [seen.parentHigh, seen.parentLow]).toEqual([
            parentHigh,
            parentLow,
          ])
        }
      }
    }),
    { numRuns: 60 },
  )
})
