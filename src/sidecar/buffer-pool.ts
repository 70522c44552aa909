import type { BufferPool, Clock } from './component.ts'

const CLASS_BYTES_MIN = 4 * 1024
/** Larger ones are allocated and forgotten. */
const CLASS_BYTES_MAX = 32 * 1024 * 1024
/** Memory that is kept for later, over all sizes. */
export const FREE_BYTES_MAX = 64 * 1024 * 1024
/** What was not used in that time is given back to the system: a burst of large requests is not paid for ever. */
export const UNUSED_MS_MAX = 30_000

interface SizeClass {
  readonly free: Buffer[]
  /** Of them, so many were never taken since the last look. */
  unused: number
}

/** Buffers by powers of two, for request bodies and the batches that are made of them. */
export class PowerOfTwoPool implements BufferPool {
  readonly #classes = new Map<number, SizeClass>()
  readonly #clock: Clock | undefined
  readonly #freeBytesMax: number
  #isLookDue = false
  #freeBytes = 0

  /** Without a clock what is free is kept. */
  constructor({ clock, freeBytesMax = FREE_BYTES_MAX }: { clock?: Clock; freeBytesMax?: number } = {}) {
    this.#clock = clock
    this.#freeBytesMax = freeBytesMax
  }

  /** Bytes that wait for their next use. */
  get freeBytes(): number {
    return this.#freeBytes
  }

  take(size: number): Buffer {
    const bytes = classOf(size)
    const known = this.#classes.get(bytes)
    const buffer = known?.free.pop()
    if (known === undefined || buffer === undefined) return Buffer.allocUnsafeSlow(bytes)
    known.unused = Math.min(known.unused, known.free.length)
    this.#freeBytes -= bytes
    return buffer
  }

  give(buffer: Buffer): void {
    const bytes = buffer.length
    if (bytes > CLASS_BYTES_MAX || this.#freeBytes + bytes > this.#freeBytesMax) return
    this.#freeBytes += bytes
    const known = this.#classes.get(bytes)
    if (known === undefined) this.#classes.set(bytes, { free: [buffer], unused: 0 })
    else known.free.push(buffer)
    this.#lookLater()
  }

  #lookLater(): void {
    if (this.#isLookDue || this.#clock === undefined) return
    this.#isLookDue = true
    this.#clock.after(UNUSED_MS_MAX, () => {
      this.#isLookDue = false
      this.#forgetUnused()
      if (this.#freeBytes > 0) this.#lookLater()
    })
  }

  #forgetUnused(): void {
    for (const [bytes, known] of this.#classes) {
      // Those at the front: the last one given is the first one taken.
      known.free.splice(0, known.unused)
      this.#freeBytes -= known.unused * bytes
      known.unused = known.free.length
    }
  }
}

function classOf(size: number): number {
  if (size > CLASS_BYTES_MAX) return size
  return Math.max(CLASS_BYTES_MIN, 2 ** Math.ceil(Math.log2(Math.max(size, 1))))
}
