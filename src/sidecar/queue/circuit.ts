import type { Clock } from '../component.ts'

/** Temporary failures one after the other after which a backend counts as away. */
export const FAILURES_MAX = 5

/** Since when (milliseconds since 1970) nothing was taken, and what the backend said last. */
export interface Failing {
  readonly sinceMs: number
  readonly reason: string
}

/** closed: the backend takes what it gets. open: it is away and nobody tries. half_open: it is away, and one request tries whether it is back. */
export type CircuitState = 'closed' | 'open' | 'half_open'

export const circuitNumbers: Readonly<Record<CircuitState, number>> = { closed: 0, half_open: 1, open: 2 }

/**
 * What is known of a backend, from its answers to one queue. While it is away, one request at a time tries it: the others would only take the time of the first.
 */
export class Circuit {
  readonly #clock: Pick<Clock, 'now'>
  #failures = 0
  #isTrying = false
  #failing: Failing | undefined

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  get isAway(): boolean {
    return this.#failures >= FAILURES_MAX
  }

  get state(): CircuitState {
    if (!this.isAway) return 'closed'
    return this.#isTrying ? 'half_open' : 'open'
  }

  /** Undefined while the backend takes what it is sent. */
  get failing(): Failing | undefined {
    return this.#failing
  }

  /** Whether a request may go now; one that may is followed by `took`, `refused` or `failed`. */
  tryPass(): boolean {
    if (!this.isAway) return true
    if (this.#isTrying) return false
    this.#isTrying = true
    return true
  }

  took(): void {
    this.#failures = 0
    this.#isTrying = false
    this.#failing = undefined
  }

  /** It is there, and said no for good. */
  refused(reason: string): void {
    this.#failures = 0
    this.#isTrying = false
    this.#note(reason)
  }

  /** It may say yes later. */
  failed(reason: string): void {
    this.#failures++
    this.#isTrying = false
    this.#note(reason)
  }

  #note(reason: string): void {
    this.#failing = { sinceMs: this.#failing?.sinceMs ?? this.#clock.now(), reason }
  }
}
