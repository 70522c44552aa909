import type { Payload } from '../component.ts'

/** Where the batches of a sending queue wait, first in, first out. The queue counts and bounds; the storage only keeps. */
export interface QueueStorage {
  /** Whether what waits outlives the process. */
  readonly isDurable: boolean
  /** What waits already when the queue is made: left by an earlier process. */
  readonly left: readonly BatchSize[]
  /** Resolves when the batch is kept as safely as this storage promises. `awaited` comes back with the batch, while the process lives. */
  put(payload: Payload, awaited?: Awaited): Promise<void>
  /** Next batch that nobody took yet. */
  take(): StoredBatch | undefined
  /** Resolves when nothing is being written any more. What waits in a durable storage stays there. */
  close(): Promise<void>
}

export interface BatchSize {
  readonly items: number
  readonly bytes: number
}

/** What became of a batch: all of it sent, some of it refused for good, some of it given up after retries; or it was left where it is, for the next start. */
export type Result = 'sent' | 'rejected' | 'gave_up' | 'left'

/** Somebody who waits for the result of a batch. */
export type Awaited = (result: Result) => void

export interface StoredBatch extends BatchSize {
  readonly awaited: Awaited | undefined
  /** Undefined when it cannot be read any more. Valid until `done`. */
  load(): Promise<Payload | undefined>
  /** The batch is sent or given up, and is not needed any more. */
  done(): void
}

/** Keeps batches in memory: they are gone with the process. */
export class MemoryStorage implements QueueStorage {
  readonly isDurable = false
  readonly left: readonly BatchSize[] = []
  readonly #waiting = new Fifo<{ readonly payload: Payload; readonly awaited: Awaited | undefined }>()

  put(payload: Payload, awaited?: Awaited): Promise<void> {
    this.#waiting.push({ payload: payload.retain(), awaited })
    return Promise.resolve()
  }

  take(): StoredBatch | undefined {
    const next = this.#waiting.shift()
    if (next === undefined) return undefined
    const { payload, awaited } = next
    return {
      items: payload.items,
      bytes: payload.bytes.length,
      awaited,
      load: () => Promise.resolve(payload),
      done: () => payload.release(),
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
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

  /** In their order. */
  values(): readonly T[] {
    return this.#entries.slice(this.#head)
  }
}
