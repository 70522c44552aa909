import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../src/sidecar/component.ts'

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  readonly #startMs: number
  readonly #timers = new Set<Timer>()
  #nowMs: number

  constructor(startMs = Date.UTC(2026, 10, 21, 12)) {
    this.#startMs = startMs
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs - this.#startMs
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, callback }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Milliseconds until the next timer; undefined when none is set. */
  get nextTimerMs(): number | undefined {
    const next = this.#next(Infinity)
    return next === undefined ? undefined : next.atMs - this.#nowMs
  }

  /** Moves the time on and runs what becomes due, in order. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let timer = this.#next(untilMs); timer !== undefined; timer = this.#next(untilMs)) this.#run(timer)
    this.#nowMs = untilMs
  }

  /** The same, and lets promises settle before, between and after the timers. */
  async advanceSettled(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await setImmediate()
    for (let timer = this.#next(untilMs); timer !== undefined; timer = this.#next(untilMs)) {
      this.#run(timer)
      await setImmediate()
    }
    this.#nowMs = untilMs
  }

  #next(untilMs: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.atMs <= untilMs && (first === undefined || timer.atMs < first.atMs)) first = timer
    }
    return first
  }

  #run(timer: Timer): void {
    this.#timers.delete(timer)
    this.#nowMs = timer.atMs
    timer.callback()
  }
}
