import { RefusedError } from '../../component.ts'
import type { BufferPool } from '../../component.ts'

const FIRST_BYTES = 16 * 1024

/** What a client says will come is believed up to here: memory for a larger body is taken as that arrives. */
export const ANNOUNCED_BYTES_MAX = 4 * 1024 * 1024

/** Bounds the memory of all requests that are being read at the same time, over both protocols of a receiver. */
export class BodyMemory {
  readonly #pool: BufferPool
  readonly #bytesMax: number
  #bytes = 0

  constructor(pool: BufferPool, bytesMax: number) {
    this.#pool = pool
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether `take` would give it and leave half of all for bodies that grow as they arrive: promises alone must not lock others out. */
  hasRoomForPromise(size: number): boolean {
    return this.#bytes + size <= this.#bytesMax / 2
  }

  /** Counts memory that comes from elsewhere; call what it returns when that is free again. Throws as `take` does. */
  hold(size: number): () => void {
    this.#checkRoom(size)
    this.#bytes += size
    return () => void (this.#bytes -= size)
  }

  /** Memory for a body; throws RefusedError `busy` when the bound is reached. */
  take(size: number): Buffer {
    this.#checkRoom(size)
    const buffer = this.#pool.take(size)
    this.#bytes += buffer.length
    return buffer
  }

  give(buffer: Buffer): void {
    this.#bytes -= buffer.length
    this.#pool.give(buffer)
  }

  #checkRoom(size: number): void {
    if (this.#bytes + size <= this.#bytesMax) return
    throw new RefusedError('busy', 'too many requests are being read', { retryAfterMs: 1000 })
  }
}

/** A body that arrives in pieces, in one pooled buffer that grows when its size was not announced. */
export class BodyBuffer {
  readonly #memory: BodyMemory
  readonly #bytesMax: number
  #buffer: Buffer | undefined
  #length = 0

  /** `announced` bytes will come, 0 when unknown. */
  constructor(memory: BodyMemory, bytesMax: number, announced = 0) {
    this.#memory = memory
    this.#bytesMax = bytesMax
    if (announced > 0) this.announce(announced)
  }

  get length(): number {
    return this.#length
  }

  /** The body so far; valid until `release`. */
  get bytes(): Buffer {
    return this.#buffer?.subarray(0, this.#length) ?? Buffer.alloc(0)
  }

  /** Throws RefusedError `too_large` beyond the limit, `busy` without memory. */
  add(chunk: Uint8Array): void {
    const length = this.#length + chunk.length
    if (length > this.#bytesMax) throw tooLarge(this.#bytesMax)
    if (this.#buffer === undefined || length > this.#buffer.length) this.#grow(length)
    this.#buffer?.set(chunk, this.#length)
    this.#length = length
  }

  /** The body will have so many bytes: makes room for them at once, unless that is much to believe. */
  announce(length: number): void {
    if (length > ANNOUNCED_BYTES_MAX || length <= (this.#buffer?.length ?? 0)) return
    if (this.#memory.hasRoomForPromise(length)) this.#grow(length, length)
  }

  release(): void {
    if (this.#buffer !== undefined) this.#memory.give(this.#buffer)
    this.#buffer = undefined
    this.#length = 0
  }

  #grow(size: number, most = this.#bytesMax): void {
    const before = this.#buffer
    const doubled = Math.min((before?.length ?? FIRST_BYTES / 2) * 2, most)
    const grown = this.#memory.take(Math.max(size, doubled))
    before?.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
    if (before !== undefined) this.#memory.give(before)
  }
}

export const tooLarge = (bytesMax: number): RefusedError =>
  new RefusedError('too_large', `the body is larger than ${bytesMax} bytes, as sent or decompressed`)
