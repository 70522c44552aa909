import { expect, test } from 'vitest'
import { sendingQueueConfig } from './queue/queue-config.ts'
import { deliveryReasons } from './health-of.ts'

test.each([
  ['refuse', 'the queue for traces is full: senders are told to come back later'],
  ['drop_oldest', 'the queue for traces is full: what has waited longest is dropped'],
])('a full queue with on_full: %s', (on_full, message) => {
  const delivery = { exporterId: 'otlp_http', signal: 'traces', isFull: true } as const
  const sending = { queue: sendingQueueConfig.parse({ on_full }) }
  expect(deliveryReasons({ delivery, sending })).toEqual([{ code: 'queue_full', component: 'otlp_http', message }])
})
