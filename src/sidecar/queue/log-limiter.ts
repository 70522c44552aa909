import type { Clock } from '../component.ts'

/** A line of one kind is logged once in this time; the next one says how many there were in between. */
export const LOG_INTERVAL_MS = 10_000

/** Keeps a failing backend from filling the log: counters count everything, the log says it once in a while. Kinds are constants of the code. */
export class LogLimiter {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #kinds = new Map<string, { untilMs: number; suppressed: number }>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** Calls `log` with the number of lines that were left out before it, or leaves this one out. */
  limited(kind: string, log: (suppressed: number) => void): void {
    const now = this.#clock.monotonic()
    const state = this.#kinds.get(kind)
    if (state !== undefined && now < state.untilMs) {
      state.suppressed++
      return
    }
    this.#kinds.set(kind, { untilMs: now + LOG_INTERVAL_MS, suppressed: 0 })
    log(state?.suppressed ?? 0)
  }
}
