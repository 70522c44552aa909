import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { PowerOfTwoPool, UNUSED_MS_MAX } from './buffer-pool.ts'

const MIB = 1024 * 1024
const LIMIT = 2 * MIB

test('never the same memory twice at a time, always enough, and never more kept than the limit', () => {
  const action = fc.oneof(
    fc.record({ take: fc.oneof(fc.nat(100), fc.integer({ min: MIB, max: 2 * MIB })) }),
    fc.record({ give: fc.nat(2) }),
  )
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 60 }), (actions) => {
      const pool = new PowerOfTwoPool({ freeBytesMax: LIMIT })
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

test('what is not used for a while is given back, what is used stays', () => {
  const clock = new VirtualClock()
  const pool = new PowerOfTwoPool({ clock })
  const burst = [MIB, MIB, MIB, 8 * MIB].map((size) => pool.take(size))
  for (const buffer of burst) pool.give(buffer)
  expect(pool.freeBytes).toBe(11 * MIB)
  for (let i = 0; i < 20; i++) {
    clock.advance(UNUSED_MS_MAX / 10)
    const buffer = pool.take(MIB)
    expect(burst.includes(buffer)).toBe(true)
    pool.give(buffer)
  }
  clock.advance(UNUSED_MS_MAX)
  expect(pool.freeBytes).toBe(MIB)
  clock.advance(2 * UNUSED_MS_MAX)
  expect(pool.freeBytes).toBe(0)
})
