/** Numbers that follow from a seed: input 4711 of a target is the same on every machine and in every run. */
export class Random {
  #state: number

  constructor(...seeds: readonly number[]) {
    let state = 0x9e3779b9
    for (const seed of seeds) state = mixed(state ^ mixed(seed))
    this.#state = state
  }

  /** A 32-bit integer (mulberry32). */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }

  /** An integer in [0, limit); 0 when there is none. */
  below(limit: number): number {
    return limit <= 1 ? 0 : this.word() % limit
  }

  chance(probability: number): boolean {
    return this.word() < probability * 0x1_0000_0000
  }

  /** Throws when there is nothing to choose from. */
  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError('nothing to pick from')
    return from[this.below(from.length)] as T
  }

  /** Small numbers mostly, a large one now and then. */
  size(max: number): number {
    return this.below(this.below(this.below(max) + 1) + 1)
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let i = 0; i < length; i++) bytes[i] = this.word()
    return bytes
  }
}

function mixed(value: number): number {
  let t = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  t = Math.imul(t ^ (t >>> 13), 0xc2b2ae35)
  return (t ^ (t >>> 16)) | 0
}
