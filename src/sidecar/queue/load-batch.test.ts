import { expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import type { Payload } from '../component.ts'
import { unpooledPayload } from '../payload.ts'
import { LOAD_RETRY_MS } from './load-batch.ts'
import { retryConfig, sendingQueueConfig } from './queue-config.ts'
import { MemoryStorage } from './queue-storage.ts'
import type { QueueStorage, StoredBatch } from './queue-storage.ts'
import { SendingQueue } from './sending-queue.ts'

/** Its batches can be read only while `hasHandles` says so. */
class StorageWithoutHandles extends MemoryStorage {
  hasHandles = false
  done = 0
  override readonly isDurable = true as false

  override take(): StoredBatch | undefined {
    const batch = super.take()
    return (
      batch && {
        ...batch,
        load: () => (this.hasHandles ? batch.load() : Promise.reject(new Error('EMFILE'))),
        done: () => {
          this.done++
          batch.done()
        },
      }
    )
  }
}

function setUp() {
  const context = testContext('otlp_http')
  const storage = new StorageWithoutHandles()
  const sent: Payload[] = []
  const queue = new SendingQueue({
    signal: 'traces',
    exporter: { send: (payload) => Promise.resolve({ outcome: 'sent' as const, n: sent.push(payload) }) },
    queue: sendingQueueConfig.parse({}),
    retry: retryConfig.parse({}),
    context,
    storage: storage satisfies QueueStorage,
  })
  return { queue, storage, sent, clock: context.clock }
}
const batch = unpooledPayload('traces', Buffer.from('one'), 1)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a batch that cannot be read now is tried again until it can, and is not done with before', async () => {
  const { queue, storage, sent, clock } = setUp()
  await queue.deliver(batch)
  for (let i = 0; i < 3; i++) {
    await turn()
    clock.advance(LOAD_RETRY_MS)
  }
  expect([sent.length, storage.done, queue.itemsHeld]).toEqual([0, 0, 1])
  storage.hasHandles = true
  await turn()
  clock.advance(LOAD_RETRY_MS)
  await turn()
  expect([sent.length, storage.done, queue.itemsHeld]).toEqual([1, 1, 0])
})

test('when the time to stop is over it stays where it is', async () => {
  const { queue, storage, sent, clock } = setUp()
  await queue.deliver(batch)
  await turn()
  const drained = queue.drain(5000)
  for (let i = 0; i < 6; i++) {
    clock.advance(LOAD_RETRY_MS)
    await turn()
  }
  expect(await drained).toBe(0)
  expect([sent.length, storage.done, queue.itemsHeld]).toEqual([0, 0, 1])
})
