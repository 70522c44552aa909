import type { RetryConfig } from './queue-config.ts'

/** A backend that asks for a longer pause is asked again after this one. */
export const RETRY_AFTER_MS_MAX = 10 * 60_000

/** The waits of one batch: exponential with jitter, never shorter than what the backend asked for. */
export class Backoff {
  readonly #config: RetryConfig
  readonly #random: () => number
  readonly #startMs: number
  #intervalMs: number

  constructor(config: RetryConfig, random: () => number, nowMs: number) {
    this.#config = config
    this.#random = random
    this.#startMs = nowMs
    this.#intervalMs = config.initial_interval
  }

  /** Milliseconds until the next attempt; undefined when there is none. The last one is made at `max_elapsed_time`. */
  next(nowMs: number, afterMs = 0): number | undefined {
    const { enabled, randomization_factor, multiplier, max_interval, max_elapsed_time } = this.#config
    if (!enabled) return undefined
    const interval = Math.min(this.#intervalMs, max_interval)
    this.#intervalMs = Math.min(interval * multiplier, max_interval)
    const jittered = interval * (1 - randomization_factor + 2 * randomization_factor * this.#random())
    const delay = Math.max(jittered, Math.min(afterMs, RETRY_AFTER_MS_MAX))
    if (max_elapsed_time === 0) return delay
    const left = this.#startMs + max_elapsed_time - nowMs
    return left > 0 ? Math.min(delay, left) : undefined
  }
}
