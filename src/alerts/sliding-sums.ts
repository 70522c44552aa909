/** Parts of a window: what is older than the window by less than a part may still be in the sums. */
const PARTS = 60

/** Sums of the last while, in parts that fall out one after the other. */
export class SlidingSums {
  readonly windowMs: number
  readonly #partMs: number
  /** Number of the part since 1970 to its sum. */
  readonly #sums = new Map<number, number>()

  constructor(windowMs: number) {
    this.windowMs = windowMs
    this.#partMs = windowMs / PARTS
  }

  add(nowMs: number, value: number): void {
    this.#forget(nowMs)
    this.#add(Math.floor(nowMs / this.#partMs), value)
  }

  total(nowMs: number): number {
    this.#forget(nowMs)
    let sum = 0
    for (const value of this.#sums.values()) sum += value
    return sum
  }

  /** Start of each part in Unix ms, and its sum. */
  get state(): SlidingState {
    return { windowMs: this.windowMs, parts: [...this.#sums].map(([part, sum]) => [part * this.#partMs, sum]) }
  }

  /** Goes on from a state, of another window too: a sum counts at the start of its part. */
  restore({ parts }: SlidingState): void {
    for (const [atMs, sum] of parts) this.#add(Math.floor(atMs / this.#partMs + EPSILON), sum)
  }

  #add(part: number, value: number): void {
    this.#sums.set(part, (this.#sums.get(part) ?? 0) + value)
  }

  /** A clock that was set back has parts of the future: they are of now. */
  #forget(nowMs: number): void {
    const now = Math.floor(nowMs / this.#partMs)
    for (const [part, sum] of this.#sums) {
      if (part > now - PARTS && part <= now) continue
      this.#sums.delete(part)
      if (part > now) this.#add(now, sum)
    }
  }
}

export interface SlidingState {
  readonly windowMs: number
  readonly parts: readonly [number, number][]
}

/** Of a part: what division and multiplication may lose. */
const EPSILON = 1e-6
