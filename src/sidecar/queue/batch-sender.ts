import type { ComponentContext, Exporter, Payload, Sent, Signal } from '../component.ts'
import { ATTR_SPANWARDEN_TRUNCATED } from '../../conventions.ts'
import { splitRequest } from '../../otlp/split.ts'
import { truncateRequest } from '../../otlp/truncate.ts'
import { unpooledPayload } from '../payload.ts'
import { Backoff } from './backoff.ts'
import { together } from './batch-group.ts'
import { Circuit } from './circuit.ts'
import type { LogLimiter } from './log-limiter.ts'
import type { DropReason, QueueCounters } from './queue-counters.ts'
import type { RetryConfig } from './queue-config.ts'
import type { Result } from './queue-storage.ts'
import { Sleepers } from './sleepers.ts'

export interface BatchSenderOptions {
  readonly signal: Signal
  readonly exporter: Pick<Exporter, 'send'>
  readonly context: Pick<ComponentContext, 'clock' | 'logger' | 'random'>
  readonly counters: QueueCounters
  readonly log: LogLimiter
  /** Whether what is not sent at the end stays where it is, for the next start. */
  readonly isDurable: boolean
  retry(): RetryConfig
  /** Requests are not larger than this, if they can be split. */
  fits(payload: Payload): boolean
}

/** A request, or a part of one; of a single item that lost the ends of its values the whole is kept, to be cut again. */
interface Part {
  readonly payload: Payload
  /** What went together in it. */
  readonly members?: readonly Payload[]
  readonly whole?: Payload
}

/** Sends a batch until the backend has it or has refused it for good: again after failures, in parts when it is too large, in short when one item is. */
export class BatchSender {
  readonly circuit: Circuit
  readonly #options: BatchSenderOptions
  readonly #abort = new AbortController()
  readonly #sleepers = new Sleepers()
  #isClosing = false
  #isLeaving = false
  #itemsLost = 0

  constructor(options: BatchSenderOptions) {
    this.#options = options
    this.circuit = new Circuit(options.context.clock)
  }

  /** What the backend does not take at once stays where it is, and nothing more is to be begun. */
  get isLeaving(): boolean {
    return this.#isLeaving
  }

  /** Items that were dropped because the time to stop was over. */
  get itemsLost(): number {
    return this.#itemsLost
  }

  /** From now on nothing waits for its next attempt. */
  close(): void {
    this.#isClosing = true
    this.#sleepers.wakeAll()
  }

  /** Ends what is under way. */
  stop(): void {
    this.#isLeaving = this.#options.isDurable
    this.#abort.abort()
    this.#sleepers.wakeAll()
  }

  /**
   * Sends batches in one request; what cannot be sent by `deadlineMs` (since 1970) is dropped. When the backend has an objection to what is in it, the request goes
   * in halves down to the batch that it minds: the others had no part in that.
   */
  async send(batches: readonly Payload[], deadlineMs: number): Promise<Result> {
    const parts: Part[] = partsOf(batches)
    let result: Result = 'sent'
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const { payload } = part
      const sent = await this.#sendWithRetries(payload, deadlineMs)
      if (sent.outcome === 'retry' && this.#isLeaving) return 'left'
      if (sent.outcome === 'sent') this.#countSent(payload, sent.rejectedItems ?? 0)
      else if (sent.outcome === 'rejected' && sent.isAboutContent === true && membersOf(part) > 1)
        parts.push(...this.#halves(part))
      else if (sent.outcome === 'split') {
        const smaller = this.#smaller(part, sent)
        if (smaller !== undefined) parts.push(...smaller)
        else {
          this.#options.counters.rejected.add(payload.items)
          this.drop(payload.items, 'too_large', `${sent.reason}; one item, and no value in it is long enough to be cut`)
          if (result === 'sent') result = 'rejected'
        }
      } else {
        if (this.#abort.signal.aborted) this.#itemsLost += payload.items
        if (sent.outcome === 'rejected') this.#reject(payload.items, sent.reason)
        else this.drop(payload.items, this.#isOver(deadlineMs) ? 'age' : 'retries', sent.reason)
        if (result === 'sent' || sent.outcome === 'retry') result = sent.outcome === 'retry' ? 'gave_up' : 'rejected'
      }
    }
    return result
  }

  /** Counts items that are given up here, and says so once in a while. */
  drop(items: number, reason: DropReason, text: string): void {
    this.#options.counters.dropped(reason).add(items)
    this.#countFailed(items, text)
  }

  #isOver(deadlineMs: number): boolean {
    return this.#options.context.clock.now() > deadlineMs
  }

  /** Sends until the outcome is final; `retry` comes back when there is no further attempt. */
  async #sendWithRetries(payload: Payload, deadlineMs: number): Promise<Sent> {
    const { context, isDurable } = this.#options
    const { clock } = context
    if (payload.items > 1 && !this.#options.fits(payload)) return { outcome: 'split', reason: 'larger than max_size' }
    let reason = 'stopped before it was sent'
    const backoff = new Backoff(this.#options.retry(), () => context.random(), clock.monotonic())
    for (let attempt = 1; ; attempt++) {
      while (!this.circuit.tryPass() && !this.#abort.signal.aborted && !this.#isLeaving) await this.#sleepers.sleep()
      if (this.#abort.signal.aborted || this.#isLeaving) return { outcome: 'retry', reason }
      const sent = await this.#sendOnce(payload)
      if (sent.outcome !== 'retry') return sent
      if (this.#isClosing && isDurable) {
        this.#isLeaving = true
        this.#sleepers.wakeAll()
        return sent
      }
      reason = sent.reason
      const delayMs = backoff.next(clock.monotonic(), sent.afterMs)
      if (delayMs === undefined || this.#abort.signal.aborted || this.#isOver(deadlineMs)) return sent
      this.#sayRetry(payload, sent.reason, attempt, delayMs)
      await this.#waitForRetry(delayMs, sent.afterMs !== undefined)
    }
  }

  /** Until the time is over or, when the backend has named none, until it has taken something else. */
  async #waitForRetry(delayMs: number, isAsked: boolean): Promise<void> {
    const { clock } = this.#options.context
    const untilMs = clock.monotonic() + delayMs
    const wasOpen = this.circuit.isAway
    const wasClosing = this.#isClosing
    for (let leftMs = delayMs; leftMs > 0; leftMs = untilMs - clock.monotonic()) {
      await this.#sleepers.sleep((wake) => clock.after(leftMs, wake))
      if ((this.#isClosing && !wasClosing) || this.#abort.signal.aborted) return
      if (!isAsked && wasOpen && !this.circuit.isAway) return
    }
  }

  async #sendOnce(payload: Payload): Promise<Sent> {
    const wasAway = this.circuit.isAway
    const sent = await this.#sendSafely(payload)
    if (sent.outcome === 'retry') this.circuit.failed(sent.reason)
    else if (sent.outcome === 'rejected') this.circuit.refused(sent.reason)
    else this.circuit.took()
    if (wasAway) this.#sleepers.wakeAll()
    return sent
  }

  async #sendSafely(payload: Payload): Promise<Sent> {
    try {
      return await this.#options.exporter.send(payload, this.#abort.signal)
    } catch (error) {
      // An exporter does not throw; if it does, no more than the kind of error may be said: the message could quote the batch.
      return { outcome: 'retry', reason: error instanceof Error ? `exporter threw ${error.name}` : 'exporter threw' }
    }
  }

  /** Of what went together. The first of them comes last. */
  #halves({ members = [] }: Part): Part[] {
    this.#options.counters.splits.add(1)
    const half = members.length >> 1
    return [...partsOf(members.slice(half)), ...partsOf(members.slice(0, half))]
  }

  /** Two halves, or one item with shorter values; undefined when there is nothing left to cut. The first of them comes last. */
  #smaller(part: Part, { bytesMax }: Extract<Sent, { outcome: 'split' }>): Part[] | undefined {
    if (membersOf(part) > 1) return this.#halves(part)
    const { payload, whole } = part
    const { signal, bytes, items } = payload
    const { counters } = this.#options
    const halves = items > 1 ? splitRequest(signal, bytes) : undefined
    if (halves !== undefined) {
      counters.splits.add(1)
      return halves.map((half) => ({ payload: unpooledPayload(signal, half.bytes, half.items) })).reverse()
    }
    const original = whole ?? payload
    const target = bytesMax !== undefined && bytesMax < bytes.length ? bytesMax : bytes.length >> 1
    const cut = truncateRequest(signal, original.bytes, target, ATTR_SPANWARDEN_TRUNCATED)
    if (cut === undefined || cut.bytes.length >= bytes.length) return undefined
    if (whole === undefined) counters.truncated.add(items)
    this.#sayTruncated(cut.cutBytes)
    return [{ payload: unpooledPayload(signal, cut.bytes, items), whole: original }]
  }

  // What is counted and said

  #countSent(payload: Payload, rejectedItems: number): void {
    const { counters } = this.#options
    const rejected = Math.min(Math.max(rejectedItems, 0), payload.items)
    counters.sent.add(payload.items - rejected)
    if (rejected === 0) return
    counters.partial.add(1)
    this.#reject(rejected, 'partial success: the backend rejected a part')
  }

  #reject(items: number, reason: string): void {
    this.#options.counters.rejected.add(items)
    this.#countFailed(items, reason)
  }

  #countFailed(items: number, reason: string): void {
    const { signal, context, counters, log } = this.#options
    counters.failed.add(items)
    log.limited('dropped', (suppressed) => {
      context.logger.error({ signal, items, reason, suppressed }, 'items were dropped')
    })
  }

  #sayRetry({ signal }: Payload, reason: string, attempt: number, delayMs: number): void {
    const { context, counters, log } = this.#options
    counters.retries.add(1)
    log.limited('retry', (suppressed) => {
      const fields = { signal, reason, attempt, delay_ms: Math.round(delayMs), suppressed }
      context.logger.warn(fields, 'the backend did not take a batch: it is tried again')
    })
  }

  #sayTruncated(bytes: number): void {
    const { signal, context, log } = this.#options
    log.limited('truncated', (suppressed) => {
      const message = 'one item is too large for the backend: the ends of its longest values are cut off'
      context.logger.error({ signal, bytes, suppressed }, message)
    })
  }
}

const membersOf = ({ members }: Part): number => members?.length ?? 1

/** One part of all; none of nothing. */
function partsOf(members: readonly Payload[]): Part[] {
  const [first, ...others] = members
  return first === undefined ? [] : [{ payload: together([first, ...others]), members }]
}
