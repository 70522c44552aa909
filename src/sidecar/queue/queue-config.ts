import { z } from 'zod'
import { duration } from '../config-types.ts'

/** Keys that every remote exporter has, with the names and defaults of the stock collector. */

export const sendingQueueConfig = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('False: a batch is sent before the sender of it is answered, and a failure is passed on to them.'),
    num_consumers: z.int().positive().default(10).describe('Requests to the backend at the same time.'),
    queue_size: z
      .int()
      .positive()
      .default(1000)
      .describe('What the queue holds at most, those under way included, in the unit of `sizer`.'),
    sizer: z
      .enum(['requests', 'items', 'bytes'])
      .default('requests')
      .describe('Unit of `queue_size`: batches, spans (data points, log records) or bytes before compression.'),
    queue_bytes_max: z
      .int()
      .positive()
      .default(64 * 1024 * 1024)
      .describe('Bytes that the queue holds at most, whatever the sizer: this is what bounds the memory.'),
    block_on_overflow: z
      .boolean()
      .default(false)
      .describe('When the queue is full: wait for room instead of answering "busy, retry later".'),
    wait_for_result: z
      .boolean()
      .default(false)
      .describe('Answer the sender only when the backend has the batch, or has refused it.'),
  })
  .prefault({})
export type SendingQueueConfig = z.output<typeof sendingQueueConfig>

export const retryConfig = z
  .strictObject({
    enabled: z.boolean().default(true).describe('False: a batch that a backend does not take at once is dropped.'),
    initial_interval: duration.prefault('5s').describe('Wait before the first retry.'),
    randomization_factor: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('Jitter: a wait is between 1 - f and 1 + f of its interval.'),
    multiplier: z.number().min(1).default(1.5).describe('By what the interval grows from one retry to the next.'),
    max_interval: duration.prefault('30s').describe('The interval does not grow beyond it.'),
    max_elapsed_time: duration
      .prefault('5m')
      .describe('A batch is dropped when it could not be sent for so long; 0 never gives up.'),
  })
  .refine(({ max_elapsed_time, initial_interval, max_interval }) => {
    return max_elapsed_time === 0 || max_elapsed_time >= Math.max(initial_interval, max_interval)
  }, 'max_elapsed_time must be 0 or at least as long as initial_interval and max_interval')
  .prefault({})
export type RetryConfig = z.output<typeof retryConfig>
