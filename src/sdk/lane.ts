import type { Notices } from './notices.ts'
import { nextRequestId } from './request-id.ts'
import type { OtlpRequest, OtlpSender, Signal } from './sender.ts'

export interface LaneOptions<Item> {
  readonly signal: Signal
  readonly sender: OtlpSender
  readonly notices: Notices
  /** Items kept while the receiver is away or slow. A further one is dropped and counted. */
  readonly queueItemsMax: number
  /** Items of one request. */
  readonly batchItemsMax: number
  /** The longest that an item waits for company. */
  readonly delayMs: number
  readonly serialise: (items: readonly Item[]) => Uint8Array
}

/**
 * The bounded way of one signal out of the process. One request is under way at a time; a failed one is kept and repeated with exponential
 * backoff, in order. Nothing here waits for the receiver and nothing here keeps the process alive.
 */
export class Lane<Item> {
  readonly counts = { sent: 0, dropped: 0, rejected: 0, retries: 0 }
  readonly #options: LaneOptions<Item>
  #queue: Item[] = []
  #underWay: OtlpRequest | undefined
  #pumping: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #notBefore = 0

  constructor(options: LaneOptions<Item>) {
    this.#options = options
  }

  /** Items that have not been acknowledged. */
  get unsent(): number {
    return this.#queue.length + (this.#underWay?.items ?? 0)
  }

  push(item: Item): void {
    const { queueItemsMax, batchItemsMax, delayMs } = this.#options
    if (this.unsent >= queueItemsMax) return this.#drop(1, 'its queue is full')
    this.#queue.push(item)
    const full = this.#queue.length >= batchItemsMax
    this.#schedule(full ? 0 : delayMs)
  }

  /** Tries once to send everything, also when a backoff is running. Resolves when all was sent or a request failed. Never rejects. */
  async flush(): Promise<void> {
    await this.#pumping
    this.#notBefore = 0
    await this.#pump()
  }

  /** Hands over everything that has not been acknowledged, as requests, and forgets it: for the end of the process. */
  takeUnsent(): OtlpRequest[] {
    clearTimeout(this.#timer)
    const requests = this.#underWay === undefined ? [] : [this.#underWay]
    this.#underWay = undefined
    while (this.#queue.length > 0) {
      const request = this.#nextRequest()
      if (request !== undefined) requests.push(request)
    }
    return requests
  }

  /** Counts what is lost with the process. */
  giveUp(items: number, reason: string): void {
    this.#drop(items, reason)
  }

  #schedule(delayMs: number): void {
    const waitMs = Math.max(delayMs, this.#notBefore - performance.now())
    if (this.#timer !== undefined) {
      if (waitMs > 0 || this.#pumping !== undefined) return
      clearTimeout(this.#timer)
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#pump()
    }, waitMs)
    this.#timer.unref()
  }

  #pump(): Promise<void> {
    this.#pumping ??= this.#sendAll().finally(() => {
      this.#pumping = undefined
      if (this.unsent > 0) this.#schedule(this.#options.delayMs)
    })
    return this.#pumping
  }

  async #sendAll(): Promise<void> {
    while (this.unsent > 0 && performance.now() >= this.#notBefore) {
      const request = (this.#underWay ??= this.#nextRequest())
      if (request === undefined) continue
      const result = await this.#options.sender.send(request)
      // takeUnsent() may have taken the request away meanwhile.
      if (this.#underWay !== request) return
      if (result.kind === 'retry') return this.#backOff(result.reason, result.afterMs)
      this.#underWay = undefined
      this.#failures = 0
      if (result.kind === 'sent') this.counts.sent += request.items
      else this.#reject(request.items, result.reason)
    }
  }

  #nextRequest(): OtlpRequest | undefined {
    const { signal, batchItemsMax, serialise, notices } = this.#options
    const items = this.#queue.splice(0, batchItemsMax)
    if (items.length === 0) return undefined
    try {
      return { id: nextRequestId(), signal, body: serialise(items), items: items.length }
    } catch (error) {
      notices.fault(`serialising ${signal}`, error)
      this.counts.dropped += items.length
      return undefined
    }
  }

  #backOff(reason: string, afterMs: number | undefined): void {
    const { signal, sender, notices } = this.#options
    this.counts.retries += 1
    const exponential = Math.min(backoffMsMax, backoffMsMin * 2 ** this.#failures) * (0.8 + 0.4 * Math.random())
    this.#failures += 1
    this.#notBefore = performance.now() + Math.min(afterMs ?? exponential, backoffMsMax)
    notices.warn(
      `unreachable ${signal}`,
      `${where(sender, signal)} does not take ${signal} (${reason}); they wait in a bounded queue, the agent goes on`,
    )
  }

  #reject(items: number, reason: string): void {
    const { signal, sender, notices } = this.#options
    this.counts.rejected += items
    notices.error(
      `rejected ${signal}`,
      `${where(sender, signal)} refuses ${signal} for good (${reason}); the batch is dropped`,
    )
  }

  #drop(items: number, reason: string): void {
    const { signal, notices } = this.#options
    this.counts.dropped += items
    notices.error(`dropped ${signal} ${reason}`, `${signal} are dropped: ${reason}`)
  }
}

const backoffMsMin = 1_000
const backoffMsMax = 30_000

/** Host and port only: a path or a query may hold a token. */
const where = (sender: OtlpSender, signal: Signal): string => {
  const endpoint = sender.endpoint(signal)
  return endpoint === undefined ? 'nobody' : new URL(endpoint.url).host
}
