import { randomFillSync } from 'node:crypto'
import type { IdGenerator } from '@opentelemetry/sdk-trace'

/** Random ids, cut from a pool that is filled for some hundred of them at once. */
export class PooledIds implements IdGenerator {
  readonly #pool = Buffer.allocUnsafe(poolBytes)
  #used = poolBytes

  generateTraceId(): string {
    return this.#next(16)
  }

  generateSpanId(): string {
    return this.#next(8)
  }

  #next(bytes: number): string {
    if (this.#used + bytes > poolBytes) {
      randomFillSync(this.#pool)
      this.#used = 0
    }
    const id = this.#pool.toString('hex', this.#used, this.#used + bytes)
    this.#used += bytes
    // All zeroes means "no id" in W3C trace context: one chance in 2^64, and then another draw.
    return /[^0]/.test(id) ? id : this.#next(bytes)
  }
}

const poolBytes = 4_096
