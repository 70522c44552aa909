import { RefusedError } from '../component.ts'
import type { ComponentContext, Exporter, Payload, Signal } from '../component.ts'
import type { Delivery, SendingConfig } from '../delivery.ts'
import { takeGroup } from './batch-group.ts'
import { BatchSender } from './batch-sender.ts'
import type { Failing } from './circuit.ts'
import { codeOf } from './code-of.ts'
import { loadBatch, LOAD_RETRY_MS } from './load-batch.ts'
import { LogLimiter } from './log-limiter.ts'
import { batchingOf, queueBytesMax, queueSizeMax } from './queue-config.ts'
import type { Batching, RetryConfig, SendingQueueConfig } from './queue-config.ts'
import { queueCounters } from './queue-counters.ts'
import type { DropReason, QueueCounters } from './queue-counters.ts'
import { addQueueGauges } from './queue-gauges.ts'
import { MemoryStorage, sizeOf } from './queue-storage.ts'
import type { Awaited, BatchSize, QueueStorage, Result, StoredBatch } from './queue-storage.ts'
import { Sleepers } from './sleepers.ts'

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
 * Stands in front of one remote exporter for one signal: bounded, with consumers that each take a batch, or several at once, and keep it until the backend
 * has it, has refused it for good, or it is given up as configured. Nothing is lost silently: items in = sent + failed + held.
 */
export class SendingQueue implements Delivery {
  readonly exporterId: string
  readonly signal: Signal
  readonly #context: SendingQueueOptions['context']
  readonly #storage: QueueStorage
  readonly #sender: BatchSender
  readonly #log: LogLimiter
  readonly #counters: QueueCounters
  /** Senders that wait for room, and drains that wait for the end. */
  readonly #blocked = new Sleepers()
  readonly #draining = new Sleepers()
  /** Batches that a consumer has, which sleeps between two attempts. */
  readonly #underWay = new Set<StoredBatch>()
  /** Batches that can't be read now. */
  readonly #unread = new Sleepers()
  #queue: SendingQueueConfig
  #retry: RetryConfig
  #batching: Batching | undefined
  #sizeMax = 0
  #bytesMax = 0
  #closed = false
  /** Nothing has left the queue since it refused a batch for want of room. */
  #isRefusing = false
  #diskProblem: string | undefined
  #cancelFlush: (() => void) | undefined
  #consumers = 0
  #batches = 0
  #bytes = 0
  #items = 0
  #dropped = 0

  constructor({ context, signal, queue, retry, exporter, storage = new MemoryStorage() }: SendingQueueOptions) {
    this.exporterId = context.id
    this.signal = signal
    this.#context = context
    this.#queue = queue
    this.#retry = retry
    this.#storage = storage
    this.#log = new LogLimiter(context.clock)
    this.#counters = queueCounters(context, signal)
    this.#sender = new BatchSender({
      signal,
      exporter,
      context,
      counters: this.#counters,
      log: this.#log,
      isDurable: storage.isDurable,
      retry: () => this.#retry,
      fits: (payload) => this.#batching === undefined || sizeOf(payload)[this.#batching.unit] <= this.#batching.sizeMax,
    })
    this.#readLimits()
    for (const size of storage.left) this.#hold(size)
    addQueueGauges(context, signal, {
      size: () => this.#size,
      sizeMax: () => this.#sizeMax,
      bytes: () => this.#bytes,
      underWay: () => this.#consumers,
      circuitState: () => this.#sender.circuit.state,
      oldestMs: () => this.oldestMs,
    })
  }

  /** Begins with what an earlier process left. */
  start(): void {
    const { length } = this.#storage.left
    if (length > 0)
      this.#context.logger.info(
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

  get oldestMs(): number | undefined {
    const times = [...this.#underWay, this.#storage.peek()].flatMap((batch) => batch?.storedMs ?? [])
    return times.length === 0 ? undefined : Math.min(...times)
  }

  get failing(): Failing | undefined {
    return this.#sender.circuit.failing
  }

  /** Why the last batch could not be kept on disk, in the system's word. */
  get diskProblem(): string | undefined {
    return this.#diskProblem
  }

  /** Other limits and waits from now on; what waits stays. `enabled` and `storage` are the same as before. */
  reconfigure({ queue, retry }: SendingConfig): void {
    this.#queue = queue
    this.#retry = retry
    this.#storage.reconfigure?.(queue)
    this.#readLimits()
    this.#blocked.wakeAll()
    this.#pump()
  }

  /**
   * Takes a batch and retains it. Resolves when it is kept; with `wait_for_result`, or without a queue, when the backend has it.
   * Rejects with RefusedError: `busy` when full, closed or given up, `too_large` when it can never fit, `failed` when the backend refused it for good.
   */
  async deliver(payload: Payload): Promise<void> {
    const { enabled, wait_for_result } = this.#queue
    await this.#reserve(payload)
    const result = enabled && !wait_for_result ? undefined : Promise.withResolvers<Result>()
    try {
      await this.#keep(payload, result?.resolve)
    } catch (cause) {
      this.#unreserve(sizeOf(payload))
      throw this.#refusal(payload, 'busy', 'could not keep the batch', cause)
    }
    this.#pump()
    if (result !== undefined) throwUnlessSent(await result.promise, this.exporterId)
  }

  /**
   * Throws, and counts, the RefusedError of `deliver` at this moment. Asked of all queues before one gets the batch, so that a batch that is
   * refused and comes again is not sent twice. With `block_on_overflow` a full queue is no reason, as long as few wait.
   */
  checkRoom(payload: Payload): void {
    const { block_on_overflow, on_full } = this.#queue
    if (this.#countedSize(sizeOf(payload)) > this.#sizeMax || payload.bytes.length > this.#bytesMax) {
      throw this.#refusal(payload, 'too_large', 'is smaller than the batch')
    }
    if (this.#closed) throw this.#refusal(payload, 'busy', 'is closed')
    if (this.#hasRoomFor(payload) || (block_on_overflow && this.#blocked.size < BLOCKED_SENDERS_MAX)) return
    if (on_full === 'drop_oldest' && this.#hasRoomFor(payload, true)) return
    this.#isRefusing = true
    throw this.#refusal(payload, 'busy', 'is full')
  }

  /**
   * Takes nothing new, tries again at once what waits for a retry, and resolves when all is sent or `timeoutMs` have passed.
   * What is left then is dropped and counted as failed; in a durable queue it stays for the next start, as soon as the backend does not take
   * something. Returns the number of items that were dropped.
   */
  async drain(timeoutMs: number): Promise<number> {
    const { clock, logger } = this.#context
    this.#closed = true
    this.#blocked.wakeAll()
    this.#sender.close()
    this.#pump()
    const cancel = clock.after(timeoutMs, () => {
      this.#sender.stop()
      this.#unread.wakeAll()
    })
    while (this.#consumers > 0 || (this.#items > 0 && !this.#sender.isLeaving)) await this.#draining.sleep()
    cancel()
    this.#cancelFlush?.()
    const { itemsGone } = await this.#storage.close()
    if (this.#items > itemsGone)
      logger.info(
        { signal: this.signal, items: this.#items - itemsGone },
        'what the backend did not take waits on disk',
      )
    if (itemsGone > 0) this.#sender.drop(itemsGone, 'unreadable', 'their files are not where the next start looks')
    const { itemsLost } = this.#sender
    if (itemsLost > 0)
      logger.error({ items: itemsLost }, 'the backend did not take everything before the stop: the rest is lost')
    return itemsLost + itemsGone
  }

  // Room

  /** In the unit of the sizer. */
  get #size(): number {
    const { sizer } = this.#queue
    return sizer === 'requests' ? this.#batches : sizer === 'items' ? this.#items : this.#bytes
  }

  #readLimits(): void {
    this.#sizeMax = queueSizeMax(this.#queue)
    this.#bytesMax = queueBytesMax(this.#queue)
    this.#batching = batchingOf(this.#queue)
  }

  async #reserve(payload: Payload): Promise<void> {
    this.checkRoom(payload)
    while (!this.#hasRoomFor(payload)) {
      if (this.#queue.on_full === 'drop_oldest' && this.#dropNext('full', FULL)) continue
      await this.#blocked.sleep()
      this.checkRoom(payload)
    }
    this.#hold(sizeOf(payload))
  }

  #hold(size: BatchSize): void {
    this.#batches++
    this.#bytes += size.bytes
    this.#items += size.items
  }

  #hasRoomFor(payload: Payload, afterDrops = false): boolean {
    const { waiting } = this.#storage
    const size = this.#size - (afterDrops ? waiting[this.#queue.sizer] : 0)
    const bytes = this.#bytes - (afterDrops ? waiting.bytes : 0)
    return size + this.#countedSize(sizeOf(payload)) <= this.#sizeMax && bytes + payload.bytes.length <= this.#bytesMax
  }

  #unreserve(size: BatchSize): void {
    this.#isRefusing = false
    this.#batches--
    this.#bytes -= size.bytes
    this.#items -= size.items
    this.#blocked.wakeAll()
  }

  #countedSize({ items, bytes }: BatchSize): number {
    const { sizer } = this.#queue
    return sizer === 'requests' ? 1 : sizer === 'items' ? items : bytes
  }

  /** Puts the batch into the storage; a full disk is made room on, when the configuration says so. */
  async #keep(payload: Payload, awaited?: Awaited): Promise<void> {
    for (;;) {
      const droppedBefore = this.#dropped
      try {
        await this.#storage.put(payload, this.#context.clock.now(), awaited)
        this.#diskProblem = undefined
        return
      } catch (error) {
        this.#diskProblem = codeOf(error)
        if (this.#queue.on_full === 'refuse' || !DISK_IS_FULL.has(this.#diskProblem)) throw error
        // What failed in the same write as another batch is tried again in the room that was made for that.
        if (this.#dropped === droppedBefore && !this.#dropOldestFile()) throw error
      }
    }
  }

  #dropOldestFile(): boolean {
    const count = this.#storage.batchesUntilFree?.() ?? 0
    for (let i = 0; i < count; i++) this.#dropNext('full', 'the disk is full and on_full is drop_oldest')
    return count > 0
  }

  /** Drops what has waited longest; false when nothing waits. */
  #dropNext(reason: DropReason, text: string): boolean {
    const batch = this.#storage.take()
    if (batch === undefined) return false
    this.#dropped++
    this.#sender.drop(batch.items, reason, text)
    this.#finish(batch, 'gave_up')
    return true
  }

  #dropExpired(): void {
    const { age_max } = this.#queue
    if (age_max === 0) return
    for (let next = this.#storage.peek(); next !== undefined; next = this.#storage.peek()) {
      if (this.#context.clock.now() - next.storedMs <= age_max) return
      this.#dropNext('age', 'they have waited longer than age_max')
    }
  }

  #refusal(payload: Payload, reason: 'busy' | 'too_large', state: string, cause?: unknown): RefusedError {
    this.#counters.refused.add(payload.items)
    this.#log.limited(state, (suppressed) => {
      const code = cause === undefined ? {} : { code: codeOf(cause) }
      this.#context.logger.warn(
        { signal: payload.signal, ...code, suppressed },
        `the sending queue ${state}: a batch is refused`,
      )
    })
    const message = `the sending queue of ${this.exporterId} ${state}`
    return reason === 'busy'
      ? new RefusedError(reason, message, { retryAfterMs: BUSY_RETRY_AFTER_MS, cause })
      : new RefusedError(reason, message)
  }

  // The way out

  #pump(): void {
    const { enabled, num_consumers } = this.#queue
    const consumersMax = enabled ? num_consumers : Infinity
    this.#dropExpired()
    while (this.#consumers < consumersMax && !this.#sender.isLeaving) {
      const group = this.#isDue() ? takeGroup(this.#storage, this.#batching) : []
      if (group.length === 0) break
      this.#consumers++
      void this.#consume(group)
    }
    if (this.#consumers === 0) this.#draining.wakeAll()
  }

  /** Whether what waits is to go now, or to wait for more. */
  #isDue(): boolean {
    const next = this.#storage.peek()
    const batching = this.#batching
    if (next === undefined || batching === undefined || this.#closed) return true
    // A clock that was set back must not hold a batch.
    const leftMs = batching.flushMs - Math.abs(this.#context.clock.now() - next.storedMs)
    if (leftMs <= 0 || this.#storage.waiting[batching.unit] >= batching.sizeMin) return true
    this.#cancelFlush ??= this.#context.clock.after(leftMs, () => {
      this.#cancelFlush = undefined
      this.#pump()
    })
    return false
  }

  async #consume(group: readonly StoredBatch[]): Promise<void> {
    for (const batch of group) this.#underWay.add(batch)
    const payloads: Payload[] = []
    const readable: StoredBatch[] = []
    for (const batch of group) {
      const payload = await loadBatch(batch, () => this.#mayReadAgain())
      if (payload === 'left') this.#finish(batch, 'left')
      else if (payload === undefined) {
        this.#sender.drop(batch.items, 'unreadable', 'they could not be read from the disk again')
        this.#finish(batch, 'rejected')
      } else {
        payloads.push(payload)
        readable.push(batch)
      }
    }
    if (payloads.length > 0) {
      const { age_max } = this.#queue
      const newestMs = Math.max(...readable.map(({ storedMs }) => storedMs))
      const result = await this.#sender.send(payloads, age_max === 0 ? Infinity : newestMs + age_max)
      for (const batch of readable) this.#finish(batch, result)
    }
    this.#consumers--
    this.#pump()
  }

  async #mayReadAgain(): Promise<boolean> {
    if (!this.#sender.isLeaving) await this.#unread.sleep((wake) => this.#context.clock.after(LOAD_RETRY_MS, wake))
    return !this.#sender.isLeaving
  }

  #finish(batch: StoredBatch, result: Result): void {
    this.#underWay.delete(batch)
    if (result !== 'left') {
      this.#unreserve(batch)
      batch.done()
    }
    batch.awaited?.(result)
  }
}

const FULL = 'the queue is full and on_full is drop_oldest'
/** No space, no quota, or a file that may not grow. */
const DISK_IS_FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

function throwUnlessSent(result: Result, id: string): void {
  if (result === 'rejected') throw new RefusedError('failed', `the backend of ${id} refused the batch`)
  if (result === 'gave_up' || result === 'left') {
    throw new RefusedError('busy', `the backend of ${id} did not take the batch`, { retryAfterMs: BUSY_RETRY_AFTER_MS })
  }
}
