import { context, createContextKey } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { relay } from './relay.ts'

const key = createContextKey('where')
context.setGlobalContextManager(new AsyncLocalStorageContextManager())
const where = (): unknown => context.active().getValue(key)
const inside = (name: string) => context.active().setValue(key, name)

function recorder() {
  const told: unknown[] = []
  return {
    told,
    item: (value: unknown) => void told.push(value),
    completed: () => void told.push('completed'),
    stopped: () => void told.push('stopped'),
    failed: () => void told.push('failed'),
  }
}

/** A source that works when it is read, and fails in place of the item `failAt`. */
function source(items: readonly number[], places: Set<unknown>, failAt = -1): ReadableStream<unknown> {
  let next = 0
  return new ReadableStream(
    {
      pull(controller) {
        places.add(where())
        if (next === failAt) throw new RangeError('source')
        if (next === items.length) return controller.close()
        controller.enqueue(items[next++])
      },
      cancel: () => void places.add(where()),
    },
    { highWaterMark: 0 },
  )
}

describe('relay', () => {
  it('gives what the source gives, works inside and hands over outside, and tells the end once', async () => {
    const plan = fc.record({
      items: fc.array(fc.nat(), { maxLength: 6 }),
      read: fc.nat({ max: 8 }),
      failAt: fc.integer({ min: -1, max: 6 }),
    })
    await fc.assert(
      fc.asyncProperty(plan, async ({ items, read, failAt }) => {
        const places = new Set<unknown>()
        const observer = recorder()
        const stream = relay(source(items, places, failAt), inside('model'), observer)
        const seen: unknown[] = []
        const outcome = await context.with(inside('reader'), async () => {
          try {
            for await (const item of stream) {
              expect(where()).toBe('reader')
              if (seen.push(item) > read) return 'stopped'
            }
            return 'completed'
          } catch (error) {
            return error instanceof RangeError ? 'failed' : error
          }
        })
        expect(observer.told).toEqual([...seen, outcome])
        expect(seen).toEqual(items.slice(0, seen.length))
        expect([...places]).toEqual(['model'])
      }),
    )
  })
})
