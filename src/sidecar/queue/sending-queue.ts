import { RefusedError } from '../component.ts'
import type { ComponentContext, Counter, Exporter, Payload, Sent, Signal } from '../component.ts'
import { itemsName } from '../count-items.ts'
import type { Delivery } from '../delivery.ts'
import { unpooledPayload } from '../payload.ts'
import { splitRequest } from '../../otlp/split.ts'
import { Backoff } from './backoff.ts'
import { LogLimiter } from './log-limiter.ts'
import { queueBytesMax, queueSizeMax } from './queue-config.ts'
import type { RetryConfig, SendingQueueConfig } from './queue-config.ts'
import { MemoryStorage } from './queue-storage.ts'
import type { BatchSize, QueueStorage, Result, StoredBatch } from './queue-storage.ts'

/** Senders that wait for room at the same time (`block_on_overflow`); further ones are refused. */
export const BLOCKED_SENDERS_MAX = 100

/** What a sender is told to wait when the queue is full, in milliseconds. */
export const BUSY_RETRY_AFTER_MS = 1000

export interface SendingQueueOptions {
  readonly signal: Signal
  readonly exporter: Pick<Exporter, 'send'>
  readonly queue: SendingQueueConfig
  readonly retry: RetryConfig
  /** The context of the exporter. */
  readonly context: Pick<ComponentContext, 'id' | 'clock' | 'logger' | 'metrics' | 'random'>
  readonly storage?: QueueStorage
}

/**
 * Stands in front of one remote exporter for one signal: bounded, with consumers that each take a batch and keep it until the backend has it,
 * has refused it for good, or the retries are used up. Nothing is lost silently: items in = sent + failed + held.
 */
export class SendingQueue implements Delivery {
  readonly exporterId: string
  readonly signal: Signal
  readonly #options: SendingQueueOptions
  readonly #storage: QueueStorage
  readonly #log: LogLimiter
  readonly #counters: Readonly<Record<'sent' | 'failed' | 'refused', Counter>>
  readonly #abort = new AbortController()
  /** Senders that wait for room, consumers that wait for a retry, and drains that wait for the end: functions that wake them. */
  readonly #blocked = new Set<() => void>()
  readonly #sleeping = new Set<() => void>()
  readonly #draining = new Set<() => void>()
  readonly #sizeMax: number
  readonly #bytesMax: number
  #closed = false
  /** At the end of a durable queue: what the backend does not take at once stays on disk, and nothing more is begun. */
  #isLeaving = false
  /** Nothing has left the queue since it refused a batch for want of room. */
  #isRefusing = false
  #consumers = 0
  #size = 0
  #bytes = 0
  #items = 0
  #itemsLost = 0

  constructor(options: SendingQueueOptions) {
    const { context, signal, queue } = options
    this.exporterId = context.id
    this.signal = signal
    this.#options = options
    this.#sizeMax = queueSizeMax(queue)
    this.#bytesMax = queueBytesMax(queue)
    this.#storage = options.storage ?? new MemoryStorage()
    this.#log = new LogLimiter(context.clock)
    const counter = (name: string, text: string): Counter =>
      context.metrics.counter(`otelcol_exporter_${name}_${itemsName[signal]}`, text, { exporter: context.id })
    this.#counters = {
      sent: counter('sent', 'Items that the backend has taken.'),
      failed: counter('send_failed', 'Items that were dropped: refused by the backend, or the retries used up.'),
      refused: counter('enqueue_failed', 'Items that the queue did not take because it was full or closed.'),
    }
    const labels = { exporter: context.id, data_type: signal }
    const gauge = (name: string, text: string, read: () => number): void =>
      context.metrics.gauge(`otelcol_exporter_${name}`, text, labels, read)
    for (const size of this.#storage.left) this.#hold(size)
    gauge('queue_size', 'What the queue holds, in the unit of its sizer.', () => this.#size)
    gauge('queue_capacity', 'What the queue can hold, in the unit of its sizer.', () => this.#sizeMax)
    gauge('queue_bytes', 'Bytes that the queue holds.', () => this.#bytes)
    gauge('in_flight_requests', 'Batches that are being sent or wait for a retry.', () => this.#consumers)
  }

  /** Begins with what an earlier process left. */
  start(): void {
    const { length } = this.#storage.left
    if (length > 0)
      this.#options.context.logger.info(
        { signal: this.signal, batches: length, items: this.#items },
        'what was waiting on disk is sent first',
      )
    this.#pump()
  }

  /** Whether batches are refused for want of room. */
  get isFull(): boolean {
    return this.#isRefusing || this.#size >= this.#sizeMax
  }

  /** Items that wait or are under way. */
  get itemsHeld(): number {
    return this.#items
  }

  /**
   * Takes a batch and retains it. Resolves when it is kept; with `wait_for_result`, or without a queue, when the backend has it.
   * Rejects with RefusedError: `busy` when full, closed or given up, `too_large` when it can never fit, `failed` when the backend refused it for good.
   */
  async deliver(payload: Payload): Promise<void> {
    const { enabled, wait_for_result } = this.#options.queue
    await this.#reserve(payload)
    const result = enabled && !wait_for_result ? undefined : Promise.withResolvers<Result>()
    try {
      await this.#storage.put(payload, result?.resolve)
    } catch (cause) {
      this.#unreserve(sizeOf(payload))
      throw this.#refusal(payload, 'busy', 'could not keep the batch', cause)
    }
    this.#pump()
    if (result !== undefined) throwUnlessSent(await result.promise, this.#options.context.id)
  }

  /**
   * Throws, and counts, the RefusedError of `deliver` at this moment. Asked of all queues before one gets the batch, so that a batch that is
   * refused and comes again is not sent twice. With `block_on_overflow` a full queue is no reason, as long as few wait.
   */
  checkRoom(payload: Payload): void {
    const { block_on_overflow } = this.#options.queue
    if (this.#countedSize(sizeOf(payload)) > this.#sizeMax || payload.bytes.length > this.#bytesMax) {
      throw this.#refusal(payload, 'too_large', 'is smaller than the batch')
    }
    if (this.#closed) throw this.#refusal(payload, 'busy', 'is closed')
    const mayWait = block_on_overflow && this.#blocked.size < BLOCKED_SENDERS_MAX
    if (!mayWait && this.#isFullFor(payload)) {
      this.#isRefusing = true
      throw this.#refusal(payload, 'busy', 'is full')
    }
  }

  /**
   * Takes nothing new, tries again at once what waits for a retry, and resolves when all is sent or `timeoutMs` have passed.
   * What is left then is dropped and counted as failed; in a durable queue it stays for the next start, as soon as the backend does not take
   * something. Returns the number of items that were dropped.
   */
  async drain(timeoutMs: number): Promise<number> {
    const { clock, logger } = this.#options.context
    this.#closed = true
    wakeAll(this.#blocked)
    wakeAll(this.#sleeping)
    const cancel = clock.after(timeoutMs, () => {
      this.#isLeaving = this.#storage.isDurable
      this.#abort.abort()
      wakeAll(this.#sleeping)
    })
    while (this.#consumers > 0 || (this.#items > 0 && !this.#isLeaving)) await asleepIn(this.#draining)
    cancel()
    await this.#storage.close()
    if (this.#items > 0)
      logger.info({ signal: this.signal, items: this.#items }, 'what the backend did not take waits on disk')
    if (this.#itemsLost > 0) {
      logger.error({ items: this.#itemsLost }, 'the backend did not take everything before the stop: the rest is lost')
    }
    return this.#itemsLost
  }

  // The way in

  async #reserve(payload: Payload): Promise<void> {
    this.checkRoom(payload)
    while (this.#isFullFor(payload)) {
      await asleepIn(this.#blocked)
      this.checkRoom(payload)
    }
    this.#hold(sizeOf(payload))
  }

  #hold(size: BatchSize): void {
    this.#size += this.#countedSize(size)
    this.#bytes += size.bytes
    this.#items += size.items
  }

  #isFullFor(payload: Payload): boolean {
    return (
      this.#size + this.#countedSize(sizeOf(payload)) > this.#sizeMax ||
      this.#bytes + payload.bytes.length > this.#bytesMax
    )
  }

  #unreserve(size: BatchSize): void {
    this.#isRefusing = false
    this.#size -= this.#countedSize(size)
    this.#bytes -= size.bytes
    this.#items -= size.items
    wakeAll(this.#blocked)
  }

  #countedSize({ items, bytes }: BatchSize): number {
    const { sizer } = this.#options.queue
    return sizer === 'requests' ? 1 : sizer === 'items' ? items : bytes
  }

  #refusal(payload: Payload, reason: 'busy' | 'too_large', state: string, cause?: unknown): RefusedError {
    const { id, logger } = this.#options.context
    this.#counters.refused.add(payload.items)
    this.#log.limited(state, (suppressed) => {
      logger.warn({ signal: payload.signal, suppressed }, `the sending queue ${state}: a batch is refused`)
    })
    const message = `the sending queue of ${id} ${state}`
    return reason === 'busy'
      ? new RefusedError(reason, message, { retryAfterMs: BUSY_RETRY_AFTER_MS, cause })
      : new RefusedError(reason, message)
  }

  // The way out

  #pump(): void {
    const { enabled, num_consumers } = this.#options.queue
    const consumersMax = enabled ? num_consumers : Infinity
    while (this.#consumers < consumersMax && !this.#isLeaving) {
      const batch = this.#storage.take()
      if (batch === undefined) break
      this.#consumers++
      void this.#consume(batch)
    }
    if (this.#consumers === 0) wakeAll(this.#draining)
  }

  async #consume(batch: StoredBatch): Promise<void> {
    const payload = await batch.load()
    const result = payload === undefined ? this.#unreadable(batch) : await this.#sendParts(payload)
    if (result !== 'left') {
      this.#unreserve(batch)
      batch.done()
    }
    batch.awaited?.(result)
    this.#consumers--
    this.#pump()
  }

  #unreadable({ items }: BatchSize): Result {
    this.#countFailed(items, 'it could not be read from the disk again')
    return 'rejected'
  }

  /** Sends a batch, in parts if the backend finds it too large. */
  async #sendParts(payload: Payload): Promise<Result> {
    const parts = [payload]
    let result: Result = 'sent'
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const sent = await this.#sendWithRetries(part)
      if (sent.outcome === 'retry' && this.#isLeaving) return 'left'
      if (sent.outcome === 'sent') this.#countSent(part, sent.rejectedItems ?? 0)
      else if (sent.outcome === 'split') {
        const halves = splitRequest(part.signal, part.bytes)
        if (halves !== undefined)
          parts.push(...halves.map((half) => unpooledPayload(part.signal, half.bytes, half.items)).reverse())
        else {
          this.#drop(part, `${sent.reason}; one item cannot be split`)
          if (result === 'sent') result = 'rejected'
        }
      } else {
        this.#drop(part, sent.reason)
        if (result === 'sent' || sent.outcome === 'retry') result = sent.outcome === 'retry' ? 'gave_up' : 'rejected'
      }
    }
    return result
  }

  /** Sends until the outcome is final; `retry` comes back when there is no further attempt. */
  async #sendWithRetries(payload: Payload): Promise<Sent> {
    let reason = 'stopped before it was sent'
    const { context, retry } = this.#options
    const { clock, logger } = context
    const backoff = new Backoff(retry, () => context.random(), clock.monotonic())
    for (let attempt = 1; ; attempt++) {
      if (this.#abort.signal.aborted) return { outcome: 'retry', reason }
      const sent = await this.#sendOnce(payload)
      if (sent.outcome !== 'retry') return sent
      if (this.#closed && this.#storage.isDurable) {
        this.#isLeaving = true
        return sent
      }
      reason = sent.reason
      const delayMs = backoff.next(clock.monotonic(), sent.afterMs)
      if (delayMs === undefined || this.#abort.signal.aborted) return sent
      this.#log.limited('retry', (suppressed) => {
        const fields = {
          signal: payload.signal,
          reason: sent.reason,
          attempt,
          delay_ms: Math.round(delayMs),
          suppressed,
        }
        logger.warn(fields, 'the backend did not take a batch: it is tried again')
      })
      await asleepIn(this.#sleeping, (wake) => clock.after(delayMs, wake))
    }
  }

  async #sendOnce(payload: Payload): Promise<Sent> {
    try {
      return await this.#options.exporter.send(payload, this.#abort.signal)
    } catch (error) {
      // An exporter does not throw; if it does, no more than the kind of error may be said: the message could quote the batch.
      return { outcome: 'retry', reason: error instanceof Error ? `exporter threw ${error.name}` : 'exporter threw' }
    }
  }

  #countSent(payload: Payload, rejectedItems: number): void {
    const rejected = Math.min(Math.max(rejectedItems, 0), payload.items)
    this.#counters.sent.add(payload.items - rejected)
    if (rejected > 0) this.#countFailed(rejected, 'partial success: the backend rejected a part')
  }

  #drop(payload: Payload, reason: string): void {
    if (this.#abort.signal.aborted) this.#itemsLost += payload.items
    this.#countFailed(payload.items, reason)
  }

  #countFailed(items: number, reason: string): void {
    const { signal, context } = this.#options
    this.#counters.failed.add(items)
    this.#log.limited('dropped', (suppressed) => {
      context.logger.error({ signal, items, reason, suppressed }, 'items were dropped')
    })
  }
}

const sizeOf = ({ items, bytes }: Payload): BatchSize => ({ items, bytes: bytes.length })

function throwUnlessSent(result: Result, id: string): void {
  if (result === 'rejected') throw new RefusedError('failed', `the backend of ${id} refused the batch`)
  if (result === 'gave_up' || result === 'left') {
    throw new RefusedError('busy', `the backend of ${id} did not take the batch`, { retryAfterMs: BUSY_RETRY_AFTER_MS })
  }
}

/** Sleeps until somebody calls the function that it puts into `sleepers`, or the timer that `start` sets does. */
function asleepIn(sleepers: Set<() => void>, start?: (wake: () => void) => () => void): Promise<void> {
  return new Promise((resolve) => {
    let cancel: (() => void) | undefined
    const wake = (): void => {
      sleepers.delete(wake)
      cancel?.()
      resolve()
    }
    sleepers.add(wake)
    cancel = start?.(wake)
  })
}

function wakeAll(sleepers: Set<() => void>): void {
  for (const wake of sleepers) wake()
}
