import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { PowerOfTwoPool } from './buffer-pool.ts'

const MIB = 1024 * 1024
const LIMIT = 2 * MIB

test('never the same memory twice at a time, always enough, and never more kept than the limit', () => {
  const action = fc.oneof(
    fc.record({ take: fc.oneof(fc.nat(100), fc.integer({ min: MIB, max: 2 * MIB })) }),
    fc.record({ give: fc.nat(2) }),
  )
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 60 }), (actions) => {
      const pool = new PowerOfTwoPool(LIMIT)
      const held: Buffer[] = []
      const faults = actions.filter((step) => {
        if ('give' in step) {
          for (const buffer of held.splice(step.give, 1)) pool.give(buffer)
          return pool.freeBytes > LIMIT
        }
        const buffer = pool.take(step.take)
        const isShared = held.some((other) => other.buffer === buffer.buffer)
        held.push(buffer)
        return isShared || buffer.length < step.take
      })
      expect(faults).toEqual([])
    }),
    { numRuns: 50 },
  )
})

test('memory is used again, in its size', () => {
  const pool = new PowerOfTwoPool()
  const large = pool.take(MIB)
  pool.give(large)
  expect(pool.take(10).buffer).not.toBe(large.buffer)
  expect(pool.take(MIB - 5).buffer).toBe(large.buffer)
  expect(pool.freeBytes).toBe(0)
})

test('memory beyond the largest size is not kept', () => {
  const pool = new PowerOfTwoPool()
  pool.give(pool.take(40 * MIB))
  expect(pool.freeBytes).toBe(0)
})
