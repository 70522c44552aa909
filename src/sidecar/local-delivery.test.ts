import { expect, test } from 'vitest'
import { testContext } from '../../test/support/component-context.ts'
import { PowerOfTwoPool } from './buffer-pool.ts'
import type { Exporter, Payload, Sent } from './component.ts'
import { LocalDelivery } from './local-delivery.ts'
import { PooledPayload } from './payload.ts'

const pool = new PowerOfTwoPool()
const payloadOf = (items: number, bytes = 10): Payload => {
  const memory = pool.take(bytes)
  return new PooledPayload('traces', memory.subarray(0, bytes), items, memory, pool)
}
const SENT: Sent = { outcome: 'sent' }

function setUp(send: Exporter['send'], bytesMax?: number) {
  const context = testContext('store')
  const delivery = new LocalDelivery({ send }, 'traces', context, bytesMax)
  const count = (name: string): number | undefined =>
    context.counters.get(`otelcol_exporter_${name}_spans{exporter="store"}`)
  /** Hands over as a pipeline does: its own hold ends at once. */
  const deliver = async (items: number, bytes?: number): Promise<void> => {
    const payload = payloadOf(items, bytes)
    await delivery.deliver(payload)
    payload.release()
  }
  return { delivery, deliver, count, context }
}

test('one batch after the other, in order', async () => {
  const order: string[] = []
  const { delivery, deliver, count } = setUp(async ({ items }) => {
    order.push(`start ${items}`)
    await Promise.resolve()
    order.push(`end ${items}`)
    return SENT
  })
  await Promise.all([deliver(1), deliver(2)])
  expect(await delivery.drain(1000)).toBe(0)
  expect(order).toEqual(['start 1', 'end 1', 'start 2', 'end 2'])
  expect([count('sent'), delivery.itemsHeld]).toEqual([3, 0])
})

test('an exporter that fails or refuses loses its own copy, counted, and gets the next batch', async () => {
  const { delivery, deliver, count, context } = setUp(({ items }) => {
    if (items === 1) throw new Error('secret-text')
    return Promise.resolve(items === 2 ? { outcome: 'rejected', reason: 'full disk' } : SENT)
  })
  for (const items of [1, 2, 4]) await deliver(items)
  await delivery.drain(1000)
  expect([count('sent'), count('send_failed')]).toEqual([4, 3])
  expect(JSON.stringify(context.logged)).not.toContain('secret-text')
})

test('what a slow exporter can not take is dropped and counted, never refused; a stop waits for it only so long', async () => {
  const { delivery, deliver, count, context } = setUp(() => new Promise<Sent>(() => {}), 100)
  await deliver(1, 60)
  await deliver(2, 60)
  await deliver(4, 30)
  expect([count('enqueue_failed'), delivery.itemsHeld]).toEqual([2, 5])
  const drained = delivery.drain(1000)
  await context.clock.advance(1000)
  expect(await drained).toBe(5)
})
