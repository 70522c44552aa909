import * as z from 'zod'
import { duration, ignoredKey } from '../config-types.ts'
import type { FileStorageConfig } from './file-storage-config.ts'

const MIB = 1024 * 1024

/** Keys that every remote exporter has, with the names and defaults of the stock collector. */

const batchConfig = z
  .strictObject({
    flush_timeout: duration
      .prefault('200ms')
      .refine((ms) => ms > 0, 'it must be above 0')
      .describe('A batch that waits for others is sent after this time at the latest.'),
    min_size: z
      .int()
      .min(0)
      .default(8192)
      .describe('What waits is sent as soon as it comes to so much, in the unit of `sizer`.'),
    max_size: z
      .int()
      .min(0)
      .default(0)
      .describe('Requests are not larger than this, in the unit of `sizer`; 0: as large as a single batch may be.'),
    sizer: z
      .enum(['items', 'bytes'])
      .optional()
      .describe(
        'Unit of `min_size` and `max_size`: spans (data points, log records) or bytes before compression. When absent the sizer of the queue, else items.',
      ),
    partition: ignoredKey('no metadata of requests is kept, so there is nothing to tell batches apart by'),
  })
  .refine(({ min_size, max_size }) => max_size === 0 || max_size >= min_size, {
    error: 'max_size must be 0 or at least min_size',
    path: ['max_size'],
  })

type Sizer = 'requests' | 'items' | 'bytes'
const batchUnit = (own: 'items' | 'bytes' | undefined, ofQueue: Sizer): 'items' | 'bytes' =>
  own ?? (ofQueue === 'requests' ? 'items' : ofQueue)

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
        'What the queue holds at most, those under way included, in the unit of `sizer`; when absent 1,000 in memory, 1,000,000 on disk, and with bytes `queue_bytes_max`.',
      ),
    sizer: z
      .enum(['requests', 'items', 'bytes'])
      .default('requests')
      .describe('Unit of `queue_size`: batches, spans (data points, log records) or bytes before compression.'),
    storage: z
      .string()
      .default('disk')
      .describe(
        'Where batches wait. disk: a write-ahead log in the state folder; a sender is answered when its batch is there, and what a stop or crash leaves is sent after the next start. memory: gone with the process. The id of a `file_storage` extension: as disk, in its directory.',
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
      .describe(
        'Bytes that the queue holds at most, whatever the sizer; when absent 1 GiB on disk, 64 MiB in memory, and with the sizer bytes `queue_size`.',
      ),
    memory_bytes_max: z
      .int()
      .min(0)
      .default(64 * MIB)
      .describe(
        'disk: bytes of waiting batches that are kept in memory as well, to be sent without reading them again.',
      ),
    on_full: z
      .enum(['refuse', 'drop_oldest'])
      .default('refuse')
      .describe(
        'When the queue or its disk is full. refuse: a sender is told to come back later. drop_oldest: what has waited longest is dropped and counted; what is being sent is not.',
      ),
    age_max: duration
      .prefault('0s')
      .describe('A batch that has waited longer is dropped and counted; 0, the default, keeps it.'),
    block_on_overflow: z
      .boolean()
      .default(false)
      .describe('When the queue is full: wait for room instead of answering "busy, retry later".'),
    wait_for_result: z
      .boolean()
      .default(false)
      .describe('Answer the sender only when the backend has the batch, or has refused it.'),
    batch: batchConfig
      .optional()
      .describe('Batches that wait are sent together, in fewer and larger requests. When absent each goes by itself.'),
  })
  .refine(
    ({ batch, sizer, queue_size }) =>
      batch === undefined ||
      queue_size === undefined ||
      batchUnit(batch.sizer, sizer) !== sizer ||
      batch.min_size <= queue_size,
    { error: 'min_size must not be above queue_size', path: ['batch', 'min_size'] },
  )
  .prefault({})
export type SendingQueueConfig = z.output<typeof sendingQueueConfig> & {
  /** What the extension says that `storage` names. */
  readonly fileStorage?: FileStorageConfig
}

export const isDurable = ({ storage }: SendingQueueConfig): boolean => storage !== 'memory'

export const queueBytesMax = (config: SendingQueueConfig): number => {
  const { queue_bytes_max, sizer, queue_size } = config
  if (queue_bytes_max !== undefined) return queue_bytes_max
  if (sizer === 'bytes' && queue_size !== undefined) return queue_size
  return isDurable(config) ? 1024 * MIB : 64 * MIB
}

export const queueSizeMax = (config: SendingQueueConfig): number => {
  if (config.queue_size !== undefined) return config.queue_size
  if (config.sizer === 'bytes') return queueBytesMax(config)
  return isDurable(config) ? 1_000_000 : 1000
}

/** Milliseconds, and sizes in one unit, by which waiting batches are put together. */
export interface Batching {
  readonly flushMs: number
  readonly sizeMin: number
  readonly sizeMax: number
  readonly unit: 'items' | 'bytes'
}

export function batchingOf({ batch, sizer, enabled }: SendingQueueConfig): Batching | undefined {
  if (batch === undefined || !enabled) return undefined
  const unit = batchUnit(batch.sizer, sizer)
  const sizeMax = batch.max_size === 0 ? Infinity : batch.max_size
  return { flushMs: batch.flush_timeout, sizeMin: batch.min_size, sizeMax, unit }
}

export const retryConfig = z
  .strictObject({
    enabled: z.boolean().default(true).describe('False: a batch that a backend does not take at once is dropped.'),
    initial_interval: duration.prefault('5s').describe('Wait before the first retry.'),
    randomization_factor: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe(
        'Jitter: a wait is between 1 - f and 1 + f of its interval. 1, the default, spreads senders best; the stock collector has 0.5.',
      ),
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
