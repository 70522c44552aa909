/** How many retries there may be beside the calls that need none. */
export interface RetryBudgetOptions {
  /** Retries for each call. */
  readonly share: number
  /** That many a minute in any case. */
  readonly perMinute: number
  /** Retries that can be saved up. */
  readonly savedMax: number
}

export const RETRY_BUDGET_DEFAULT: RetryBudgetOptions = { share: 0.1, perMinute: 3, savedMax: 10 }

/**
 * A bucket of retries, shared by all calls of a process: when everything fails, an outage is not made worse by calling four times as often. In any time there
 * are at most `savedMax + share * calls + perMinute * minutes` retries.
 */
export class RetryBudget {
  readonly #options: RetryBudgetOptions
  #saved: number
  #atMs: number | undefined

  constructor(options: Partial<RetryBudgetOptions> = {}) {
    this.#options = { ...RETRY_BUDGET_DEFAULT, ...options }
    this.#saved = Math.min(this.#options.perMinute, this.#options.savedMax)
  }

  /** A call is made for the first time. `nowMs` of any clock, also for `take`; one that goes back adds nothing. */
  call(nowMs: number): void {
    this.#refill(nowMs)
    this.#saved = Math.min(this.#options.savedMax, this.#saved + this.#options.share)
  }

  /** Takes one retry; false when there is none. */
  take(nowMs: number): boolean {
    this.#refill(nowMs)
    // Ten tenths are a little less than one.
    if (this.#saved < 1 - 1e-9) return false
    this.#saved = Math.max(0, this.#saved - 1)
    return true
  }

  #refill(nowMs: number): void {
    const elapsed = nowMs - (this.#atMs ?? nowMs)
    if (elapsed > 0) {
      const { perMinute, savedMax } = this.#options
      this.#saved = Math.min(savedMax, this.#saved + (elapsed / 60_000) * perMinute)
    }
    this.#atMs = Math.max(nowMs, this.#atMs ?? nowMs)
  }
}
