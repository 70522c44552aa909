import type { Payload } from '../component.ts'

/** Where the batches of a sending queue wait, first in, first out. The queue counts and bounds; the storage only keeps. */
export interface QueueStorage {
  /** Whether what waits outlives the process. */
  readonly isDurable: boolean
  /** What waits already when the queue is made: left by an earlier process. */
  readonly left: readonly BatchSize[]
  /** What waits and nobody took yet. */
  readonly waiting: SizeSum
  /**
   * Resolves when the batch is kept as safely as this storage promises. It came at `storedMs` since 1970; `awaited` comes back with the batch, while the
   * process lives.
   */
  put(payload: Payload, storedMs: number, awaited?: Awaited): Promise<void>
  /** What `take` would give. */
  peek(): WaitingBatch | undefined
  /** Next batch that nobody took yet. */
  take(): StoredBatch | undefined
  /** How many batches, from the next one on, have to be done with so that a file comes free; 0 where none would, because others in it are under way. */
  batchesUntilFree?(): number
  /** Other limits from now on. */
  reconfigure?(limits: StorageLimits): void
  /** Resolves when nothing is being written any more. What waits in a durable storage stays there, but for `itemsGone`, whose files somebody took away. */
  close(): Promise<{ readonly itemsGone: number }>
}

/** Of `sending_queue`. */
export interface StorageLimits {
  readonly fsync: boolean
  readonly memory_bytes_max: number
}

export interface BatchSize {
  readonly items: number
  readonly bytes: number
}

export interface WaitingBatch extends BatchSize {
  /** When it came, in milliseconds since 1970. */
  readonly storedMs: number
}

/** What became of a batch: all of it sent, some of it refused for good, some of it given up after retries; or it was left where it is, for the next start. */
export type Result = 'sent' | 'rejected' | 'gave_up' | 'left'

/** Somebody who waits for the result of a batch. */
export type Awaited = (result: Result) => void

export interface StoredBatch extends WaitingBatch {
  readonly awaited: Awaited | undefined
  /** Undefined when it cannot be read any more, rejects when it cannot be read now. Valid until `done`. */
  load(): Promise<Payload | undefined>
  /** The batch is sent or given up, and is not needed any more. */
  done(): void
}

interface Held {
  readonly payload: Payload
  readonly storedMs: number
  readonly awaited: Awaited | undefined
}

/** Keeps batches in memory: they are gone with the process. */
export class MemoryStorage implements QueueStorage {
  readonly isDurable = false
  readonly left: readonly BatchSize[] = []
  readonly #waiting = new Fifo<Held>()
  readonly #size = new SizeSum()

  get waiting(): SizeSum {
    return this.#size
  }

  put(payload: Payload, storedMs: number, awaited?: Awaited): Promise<void> {
    this.#waiting.push({ payload: payload.retain(), storedMs, awaited })
    this.#size.add(sizeOf(payload))
    return Promise.resolve()
  }

  peek(): WaitingBatch | undefined {
    const next = this.#waiting.peek()
    return next === undefined ? undefined : { ...sizeOf(next.payload), storedMs: next.storedMs }
  }

  take(): StoredBatch | undefined {
    const next = this.#waiting.shift()
    if (next === undefined) return undefined
    const { payload, storedMs, awaited } = next
    const size = sizeOf(payload)
    this.#size.subtract(size)
    return {
      ...size,
      storedMs,
      awaited,
      load: () => Promise.resolve(payload),
      done: () => payload.release(),
    }
  }

  close(): Promise<{ readonly itemsGone: number }> {
    return Promise.resolve({ itemsGone: 0 })
  }
}

export const sizeOf = ({ items, bytes }: Payload): BatchSize => ({ items, bytes: bytes.length })

/** Several batches together; `requests` is how many. */
export class SizeSum implements BatchSize {
  requests = 0
  items = 0
  bytes = 0

  add({ items, bytes }: BatchSize): void {
    this.requests++
    this.items += items
    this.bytes += bytes
  }

  subtract({ items, bytes }: BatchSize): void {
    this.requests--
    this.items -= items
    this.bytes -= bytes
  }
}

/** An array from whose front it is cheap to take. */
export class Fifo<T> {
  readonly #entries: T[] = []
  #head = 0

  push(entry: T): void {
    this.#entries.push(entry)
  }

  shift(): T | undefined {
    const entry = this.#entries[this.#head]
    if (entry === undefined) return undefined
    this.#head++
    if (this.#head === this.#entries.length || this.#head >= 1024) {
      this.#entries.splice(0, this.#head)
      this.#head = 0
    }
    return entry
  }

  peek(): T | undefined {
    return this.#entries[this.#head]
  }

  /** In their order. */
  values(): readonly T[] {
    return this.#entries.slice(this.#head)
  }
}
