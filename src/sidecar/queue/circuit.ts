import type { Clock } from '../component.ts'

/** Temporary failures one after the other after which a backend counts as away. */
export const FAILURES_MAX = 5

/** closed: the backend takes what it gets. open: it is away and nobody tries. half_open: it is away, and one request tries whether it is back. */
export type CircuitState = 'closed' | 'open' | 'half_open'

export const circuitNumbers: Readonly<Record<CircuitState, number>> = { closed: 0, half_open: 1, open: 2 }

/**
 * What is known of a backend, from its answers to one queue. While it is away, one request at a time tries it: the others would only take the time of the first.
 */
export class Circuit {
  readonly #clock: Pick<Clock, 'monotonic'>
  #failures = 0
  #isTrying = false
  #awaySinceMs = 0
  #reason = ''

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  get isAway(): boolean {
    return this.#failures >= FAILURES_MAX
  }

  get state(): CircuitState {
    if (!this.isAway) return 'closed'
    return this.#isTrying ? 'half_open' : 'open'
  }

  /** Whether a request may go now; one that may is followed by `succeeded` or `failed`. */
  tryPass(): boolean {
    if (!this.isAway) return true
    if (this.#isTrying) return false
    this.#isTrying = true
    return true
  }

  /** The backend has answered for good, be it yes or no. */
  succeeded(): void {
    this.#failures = 0
    this.#isTrying = false
  }

  failed(reason: string): void {
    if (this.#failures === 0) this.#awaySinceMs = this.#clock.monotonic()
    this.#failures++
    this.#isTrying = false
    this.#reason = reason
  }

  /** For people; undefined while all is well. */
  get problem(): string | undefined {
    if (!this.isAway) return undefined
    const seconds = Math.round((this.#clock.monotonic() - this.#awaySinceMs) / 1000)
    return `the backend has taken nothing for ${seconds} s (${this.#reason}); what comes waits`
  }
}
