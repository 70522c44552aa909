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
      .optional()
      .describe(
        'What the queue holds at most, those under way included, in the unit of `sizer`; when absent 1,000 in memory, 1,000,000 on disk.',
      ),
    sizer: z
      .enum(['requests', 'items', 'bytes'])
      .default('requests')
      .describe('Unit of `queue_size`: batches, spans (data points, log records) or bytes before compression.'),
    storage: z
      .enum(['disk', 'memory'])
      .default('disk')
      .describe(
        'Where batches wait. disk: a write-ahead log in the state folder; a sender is answered when its batch is there, and what a stop or crash leaves is sent after the next start. memory: gone with the process.',
      ),
    fsync: z
      .boolean()
      .default(true)
      .describe(
        'disk: a batch counts as kept when the disk itself says so; false survives a crash of this process only.',
      ),
    queue_bytes_max: z
      .int()
      .positive()
      .optional()
      .describe('Bytes that the queue holds at most, whatever the sizer; when absent 1 GiB on disk, 64 MiB in memory.'),
    memory_bytes_max: z
      .int()
      .min(0)
      .default(64 * 1024 * 1024)
      .describe(
        'disk: bytes of waiting batches that are kept in memory as well, to be sent without reading them again.',
      ),
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

const MIB = 1024 * 1024

export const queueSizeMax = ({ queue_size, storage }: SendingQueueConfig): number =>
  queue_size ?? (storage === 'disk' ? 1_000_000 : 1000)

export const queueBytesMax = ({ queue_bytes_max, storage }: SendingQueueConfig): number =>
  queue_bytes_max ?? (storage === 'disk' ? 1024 * MIB : 64 * MIB)

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
      .prefault('0s')
      .describe(
        'A batch is dropped when it could not be sent for so long; 0, the default, never gives up: what bounds the queue is its size. The stock collector gives up after 5m.',
      ),
  })
  .refine(({ max_elapsed_time, initial_interval, max_interval }) => {
    return max_elapsed_time === 0 || max_elapsed_time >= Math.max(initial_interval, max_interval)
  }, 'max_elapsed_time must be 0 or at least as long as initial_interval and max_interval')
  .prefault({})
export type RetryConfig = z.output<typeof retryConfig>
