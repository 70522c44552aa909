import type { BufferPool } from './component.ts'

const CLASS_BYTES_MIN = 4 * 1024
/** Larger ones are allocated and forgotten. */
const CLASS_BYTES_MAX = 32 * 1024 * 1024
/** Memory that is kept for later, over all sizes. */
export const FREE_BYTES_MAX = 64 * 1024 * 1024

/** Buffers by powers of two, for request bodies and the batches that are made of them. */
export class PowerOfTwoPool implements BufferPool {
  readonly #free = new Map<number, Buffer[]>()
  readonly #freeBytesMax: number
  #freeBytes = 0

  constructor(freeBytesMax = FREE_BYTES_MAX) {
    this.#freeBytesMax = freeBytesMax
  }

  /** Bytes that wait for their next use. */
  get freeBytes(): number {
    return this.#freeBytes
  }

  take(size: number): Buffer {
    const bytes = classOf(size)
    const free = this.#free.get(bytes)?.pop()
    if (free === undefined) return Buffer.allocUnsafeSlow(bytes)
    this.#freeBytes -= bytes
    return free
  }

  give(buffer: Buffer): void {
    const bytes = buffer.length
    if (bytes > CLASS_BYTES_MAX || this.#freeBytes + bytes > this.#freeBytesMax) return
    this.#freeBytes += bytes
    const free = this.#free.get(bytes)
    if (free === undefined) this.#free.set(bytes, [buffer])
    else free.push(buffer)
  }
}

function classOf(size: number): number {
  if (size > CLASS_BYTES_MAX) return size
  return Math.max(CLASS_BYTES_MIN, 2 ** Math.ceil(Math.log2(Math.max(size, 1))))
}
