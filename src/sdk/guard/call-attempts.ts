import type { GuardedAttempt } from '../context.ts'

/** The requests that one model call has made with the guard's leave: a client library repeats one that failed. */
export class CallAttempts {
  readonly #attempts: GuardedAttempt[] = []
  #denial: Error | undefined

  add(attempt: GuardedAttempt): void {
    // Only the last one can still bring an answer.
    this.#attempts.pop()?.end(undefined)
    this.#attempts.push(attempt)
  }

  denied(error: Error): void {
    this.#denial = error
  }

  /** The call has ended. What it cost, in nano-USD, is what its last request did; undefined: nobody knows. */
  end(cost: number | undefined): void {
    this.#attempts.at(-1)?.end(cost)
  }

  /** The guard's own error, where a client library has put another one around it or in its place. */
  get refused(): Error | undefined {
    return this.#denial ?? this.#attempts.at(-1)?.refused
  }
}
