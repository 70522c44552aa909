import type { BufferPool, Payload, Signal } from './component.ts'

/** A batch in pooled memory; made with one holder, whose `release` (or the last `release`) gives the memory back. */
export class PooledPayload implements Payload {
  readonly signal: Signal
  readonly bytes: Buffer
  readonly items: number
  readonly #memory: Buffer
  readonly #pool: BufferPool
  #holders = 1

  /** `bytes` lies in `memory`, which came from `pool`. */
  constructor(signal: Signal, bytes: Buffer, items: number, memory: Buffer, pool: BufferPool) {
    this.signal = signal
    this.bytes = bytes
    this.items = items
    this.#memory = memory
    this.#pool = pool
  }

  retain(): this {
    if (this.#holders === 0) throw new Error('a payload was retained after its last release')
    this.#holders++
    return this
  }

  release(): void {
    if (this.#holders === 0) throw new Error('a payload was released more often than retained')
    if (--this.#holders === 0) this.#pool.give(this.#memory)
  }
}

/** A batch in memory of its own, which nobody has to give back. */
export function unpooledPayload(signal: Signal, bytes: Buffer, items: number): Payload {
  const payload: Payload = { signal, bytes, items, retain: () => payload, release: () => undefined }
  return payload
}
