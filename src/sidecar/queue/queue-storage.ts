import type { Payload } from '../component.ts'

/** Where the batches of a sending queue wait, first in, first out. The queue counts and bounds; the storage only keeps. */
export interface QueueStorage {
  /** Resolves when the batch is kept as safely as this storage promises. The payload is retained until `done`. */
  put(payload: Payload): Promise<void>
  /** Next batch that nobody took yet. */
  take(): StoredBatch | undefined
}

export interface StoredBatch {
  readonly payload: Payload
  /** The batch is sent or given up, and is not needed any more. */
  done(): void
}

/** Keeps batches in memory: they are gone with the process. */
export class MemoryStorage implements QueueStorage {
  readonly #payloads: Payload[] = []
  #head = 0

  put(payload: Payload): Promise<void> {
    this.#payloads.push(payload.retain())
    return Promise.resolve()
  }

  take(): StoredBatch | undefined {
    const payload = this.#payloads[this.#head]
    if (payload === undefined) return undefined
    this.#head++
    if (this.#head === this.#payloads.length || this.#head >= 1024) {
      this.#payloads.splice(0, this.#head)
      this.#head = 0
    }
    return { payload, done: () => payload.release() }
  }
}
