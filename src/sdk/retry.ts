import { RETRY_POLICY_DEFAULT, withRetry } from '../limits/retry.ts'
import type { RetryPolicy } from '../limits/retry.ts'
import { retryBudgetOfProcess } from './retry-budget-of-process.ts'
import { runtime } from './runtime.ts'
import type { RetryState } from './runtime.ts'

export interface RetryOptions {
  /** Calls in all, the first one included: 4. */
  readonly maxAttempts?: number
  /** The wait before the n-th repetition is anything from 0 to `baseMs * 2^(n-1)`, at most `capMs`: 500 and 30,000. */
  readonly baseMs?: number
  readonly capMs?: number
  /** For each call: 60,000. It is told by the signal, and the call is given up. */
  readonly attemptTimeoutMs?: number
  /** For all of them, with the waits between: 180,000. */
  readonly totalTimeoutMs?: number
  /** Whoever aborts it gets its reason at once. */
  readonly signal?: AbortSignal
  /** False: the call changes something. It is repeated only with an `idempotencyKey`. */
  readonly isIdempotent?: boolean
  /** By which the other side knows the call again; to be sent with each attempt. */
  readonly idempotencyKey?: string
}

/** One call of several. */
export interface RetryAttempt {
  /** 1 for the first. */
  readonly attempt: number
  /** Aborted when the attempt has lasted too long, or the caller has given up. */
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly idempotencyKey: string | undefined
}

/**
 * Calls again what failed for a while: 408, 425, 429, 5xx, locks, and connections that failed, after as long as the server asks for and with full jitter. Never what a limit or a
 * stop has denied, what the caller has aborted, or what will fail again; never a call that changes something, by `isIdempotent` or because a tool of such a class ran in it, without
 * an `idempotencyKey`. All of a process share a budget of a tenth of their calls, at least 3 a minute: an outage is not made worse. Client libraries that
 * repeat calls themselves do not inside of it. What was thrown last is thrown as it came.
 */
export function retry<T>(call: (attempt: RetryAttempt) => T | PromiseLike<T>, options: RetryOptions = {}): Promise<T> {
  const { signal, idempotencyKey, isIdempotent = true } = options
  const state: RetryState = { attempt: 1, hasChanged: false }
  const policy: RetryPolicy = {
    ...RETRY_POLICY_DEFAULT,
    attemptsMax: options.maxAttempts ?? RETRY_POLICY_DEFAULT.attemptsMax,
    baseMs: options.baseMs ?? RETRY_POLICY_DEFAULT.baseMs,
    capMs: options.capMs ?? RETRY_POLICY_DEFAULT.capMs,
    attemptMsMax: options.attemptTimeoutMs ?? RETRY_POLICY_DEFAULT.attemptMsMax,
    totalMsMax: options.totalTimeoutMs ?? RETRY_POLICY_DEFAULT.totalMsMax,
    get isIdempotent() {
      return idempotencyKey !== undefined || (isIdempotent && !state.hasChanged)
    },
  }
  return withRetry<T>(
    ({ attempt, timeoutMs }) => {
      state.attempt = attempt
      const once = (within: AbortSignal): T | PromiseLike<T> => {
        const work = (): T | PromiseLike<T> => call({ attempt, timeoutMs, idempotencyKey, signal: within })
        return runtime()?.retrying?.({ state, call: work }) ?? work()
      }
      return withinTime(once, timeoutMs, signal)
    },
    policy,
    retryBudgetOfProcess(),
    {
      now: () => performance.now(),
      date: () => Date.now(),
      random: () => Math.random(),
      sleep: (ms) => sleepUntilAborted(ms, signal),
    },
  )
}

/** A call that does not look at its signal is given up all the same. */
async function withinTime<T>(
  call: (signal: AbortSignal) => T | PromiseLike<T>,
  timeoutMs: number,
  outer: AbortSignal | undefined,
): Promise<T> {
  outer?.throwIfAborted()
  const controller = new AbortController()
  const { promise: over, reject } = Promise.withResolvers<never>()
  const end = (reason: unknown): void => {
    reject(reason)
    controller.abort(reason)
  }
  const timer = setTimeout(
    () => end(new DOMException(`the attempt took longer than ${timeoutMs} ms`, 'TimeoutError')),
    timeoutMs,
  )
  const aborted = (): void => end(outer?.reason)
  outer?.addEventListener('abort', aborted, { once: true })
  try {
    return await Promise.race([call(controller.signal), over])
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', aborted)
  }
}

function sleepUntilAborted(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason)
    const aborted = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted)
      resolve()
    }, ms)
    signal?.addEventListener('abort', aborted, { once: true })
  })
}
