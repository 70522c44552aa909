import { RefusedError } from '../component.ts'
import type { ComponentContext, Counter, Exporter, Payload, Sent, Signal } from '../component.ts'
import { itemsName } from '../count-items.ts'
import type { Delivery } from '../delivery.ts'
import { splitRequest } from '../../otlp/split.ts'
import { Backoff } from './backoff.ts'
import { LogLimiter } from './log-limiter.ts'
import type { RetryConfig, SendingQueueConfig } from './queue-config.ts'
import { MemoryStorage } from './queue-storage.ts'
import type { QueueStorage, StoredBatch } from './queue-storage.ts'

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

/** What became of a batch: all of it sent, some of it refused for good, or some of it given up after retries. */
type Result = 'sent' | 'rejected' | 'gave_up'

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
  /** Senders that wait for the result of their batch (`wait_for_result`). */
  readonly #awaited = new Map<Payload, (result: Result) => void>()
  /** Senders that wait for room, consumers that wait for a retry, and drains that wait for the end: functions that wake them. */
  readonly #blocked = new Set<() => void>()
  readonly #sleeping = new Set<() => void>()
  readonly #draining = new Set<() => void>()
  #closed = false
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
    gauge('queue_size', 'What the queue holds, in the unit of its sizer.', () => this.#size)
    gauge('queue_capacity', 'What the queue can hold, in the unit of its sizer.', () => queue.queue_size)
    gauge('queue_bytes', 'Bytes that the queue holds.', () => this.#bytes)
    gauge('in_flight_requests', 'Batches that are being sent or wait for a retry.', () => this.#consumers)
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
    const result =
      enabled && !wait_for_result
        ? undefined
        : new Promise<Result>((resolve) => {
            this.#awaited.set(payload, resolve)
          })
    try {
      await this.#storage.put(payload)
    } catch (cause) {
      this.#awaited.delete(payload)
      this.#unreserve(payload)
      throw this.#refusal(payload, 'busy', 'could not keep the batch', cause)
    }
    this.#pump()
    if (result !== undefined) throwUnlessSent(await result, this.#options.context.id)
  }

  /**
   * Throws, and counts, the RefusedError of `deliver` at this moment. Asked of all queues before one gets the batch, so that a batch that is
   * refused and comes again is not sent twice. With `block_on_overflow` a full queue is no reason, as long as few wait.
   */
  checkRoom(payload: Payload): void {
    const { queue_size, queue_bytes_max, block_on_overflow } = this.#options.queue
    if (this.#sizeOf(payload) > queue_size || payload.bytes.length > queue_bytes_max) {
      throw this.#refusal(payload, 'too_large', 'is smaller than the batch')
    }
    if (this.#closed) throw this.#refusal(payload, 'busy', 'is closed')
    const mayWait = block_on_overflow && this.#blocked.size < BLOCKED_SENDERS_MAX
    if (!mayWait && this.#isFullFor(payload)) throw this.#refusal(payload, 'busy', 'is full')
  }

  /**
   * Takes nothing new, tries again at once what waits for a retry, and resolves when all is sent or `timeoutMs` have passed.
   * What is left then is dropped and counted as failed. Returns the number of items that were dropped so.
   */
  async drain(timeoutMs: number): Promise<number> {
    const { clock, logger } = this.#options.context
    this.#closed = true
    wakeAll(this.#blocked)
    wakeAll(this.#sleeping)
    const cancel = clock.after(timeoutMs, () => {
      this.#abort.abort()
      wakeAll(this.#sleeping)
    })
    while (this.#consumers > 0 || this.#items > 0) await asleepIn(this.#draining)
    cancel()
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
    this.#size += this.#sizeOf(payload)
    this.#bytes += payload.bytes.length
    this.#items += payload.items
  }

  #isFullFor(payload: Payload): boolean {
    const { queue_size, queue_bytes_max } = this.#options.queue
    return this.#size + this.#sizeOf(payload) > queue_size || this.#bytes + payload.bytes.length > queue_bytes_max
  }

  #unreserve(payload: Payload): void {
    this.#size -= this.#sizeOf(payload)
    this.#bytes -= payload.bytes.length
    this.#items -= payload.items
    wakeAll(this.#blocked)
  }

  #sizeOf(payload: Payload): number {
    const { sizer } = this.#options.queue
    return sizer === 'requests' ? 1 : sizer === 'items' ? payload.items : payload.bytes.length
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
    while (this.#consumers < consumersMax) {
      const batch = this.#storage.take()
      if (batch === undefined) break
      this.#consumers++
      void this.#consume(batch)
    }
    if (this.#consumers === 0) wakeAll(this.#draining)
  }

  async #consume(batch: StoredBatch): Promise<void> {
    const { payload } = batch
    const result = await this.#sendParts(payload)
    this.#unreserve(payload)
    batch.done()
    this.#awaited.get(payload)?.(result)
    this.#awaited.delete(payload)
    this.#consumers--
    this.#pump()
  }

  /** Sends a batch, in parts if the backend finds it too large. */
  async #sendParts(payload: Payload): Promise<Result> {
    const parts = [payload]
    let result: Result = 'sent'
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const sent = await this.#sendWithRetries(part)
      if (sent.outcome === 'sent') this.#countSent(part, sent.rejectedItems ?? 0)
      else if (sent.outcome === 'split') {
        const halves = splitRequest(part.signal, part.bytes)
        if (halves !== undefined) parts.push(...halves.map((half) => payloadOf(part.signal, half)).reverse())
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
    if (rejected > 0) this.#countFailed(payload, rejected, 'partial success: the backend rejected a part')
  }

  #drop(payload: Payload, reason: string): void {
    if (this.#abort.signal.aborted) this.#itemsLost += payload.items
    this.#countFailed(payload, payload.items, reason)
  }

  #countFailed(payload: Payload, items: number, reason: string): void {
    const { logger } = this.#options.context
    this.#counters.failed.add(items)
    this.#log.limited('dropped', (suppressed) => {
      logger.error({ signal: payload.signal, items, reason, suppressed }, 'items were dropped')
    })
  }
}

function throwUnlessSent(result: Result, id: string): void {
  if (result === 'rejected') throw new RefusedError('failed', `the backend of ${id} refused the batch`)
  if (result === 'gave_up') {
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

function payloadOf(signal: Signal, { bytes, items }: { bytes: Buffer; items: number }): Payload {
  const payload: Payload = { signal, bytes, items, retain: () => payload, release: () => undefined }
  return payload
}
