import { failureOf, isTransient } from './retry/failure.ts'
import type { Failure } from './retry/failure.ts'
import type { RetryBudget } from './retry/retry-budget.ts'

export interface RetryPolicy {
  /** Calls in all, the first one included. */
  readonly attemptsMax: number
  /** The wait before the n-th retry is anything from 0 to `baseMs * 2^(n-1)`, at most `capMs` (full jitter). */
  readonly baseMs: number
  readonly capMs: number
  /** The longest wait that a server may ask for; where it asks for more, the call has failed. */
  readonly retryAfterMsMax: number
  /** For each call, and for all of them with the waits between. */
  readonly attemptMsMax: number
  readonly totalMsMax: number
  /** False for a call that changes something and carries no key by which the other side knows it again: it is never repeated. */
  readonly isIdempotent: boolean
}

export const RETRY_POLICY_DEFAULT: RetryPolicy = {
  attemptsMax: 4,
  baseMs: 500,
  capMs: 30_000,
  retryAfterMsMax: 60_000,
  attemptMsMax: 60_000,
  totalMsMax: 180_000,
  isIdempotent: true,
}

/** Why a call is not made again. */
export type GiveUp = 'final' | 'not_idempotent' | 'attempts' | 'deadline' | 'retry_after' | 'budget'

export type RetryDecision =
  | { readonly isRetried: true; readonly waitMs: number }
  | { readonly isRetried: false; readonly reason: GiveUp }

export interface Tried {
  /** Calls that were made. */
  readonly attempts: number
  /** When the first one began, and now. Of a clock that does not go back, in ms. */
  readonly startedMs: number
  readonly nowMs: number
  /** From 0 up to 1. */
  readonly random: number
}

/** Whether a failed call is made again, and when. Takes from the budget when it is. */
export function decideRetry(
  policy: RetryPolicy,
  failure: Failure,
  tried: Tried,
  budget: Pick<RetryBudget, 'take'>,
): RetryDecision {
  const { attempts, startedMs, nowMs, random } = tried
  if (!isTransient(failure)) return giveUp('final')
  if (!policy.isIdempotent) return giveUp('not_idempotent')
  if (attempts >= policy.attemptsMax) return giveUp('attempts')
  const { retryAfterMs = 0 } = failure
  if (retryAfterMs > policy.retryAfterMsMax) return giveUp('retry_after')
  const jitterMs = random * Math.min(policy.capMs, policy.baseMs * 2 ** (attempts - 1))
  // Not all at once when the server's time has come.
  const waitMs = Math.ceil(retryAfterMs + jitterMs)
  if (nowMs + waitMs >= startedMs + policy.totalMsMax) return giveUp('deadline')
  return budget.take(nowMs) ? { isRetried: true, waitMs } : giveUp('budget')
}

const giveUp = (reason: GiveUp): RetryDecision => ({ isRetried: false, reason })

/** One call of several. */
export interface Attempt {
  /** 1 for the first. */
  readonly attempt: number
  /** How long it may take: the caller's own timeout is to be no longer. */
  readonly timeoutMs: number
}

/** What a retry needs of the world. */
export interface RetrySurroundings {
  /** Ms, of a clock that does not go back. */
  now(): number
  /** Unix ms, against which servers tell moments. */
  date(): number
  /** From 0 up to 1. */
  random(): number
  /** Rejects when the caller has given up meanwhile. */
  sleep(ms: number): Promise<void>
  /** Told of each failure and what was decided. */
  decided?(failure: Failure, decision: RetryDecision, attempt: Attempt): void
}

/** Calls until it succeeds, or must not or need not be tried again; then what was thrown last is thrown as it came. */
export async function withRetry<T>(
  run: (attempt: Attempt) => Promise<T>,
  policy: RetryPolicy,
  budget: Pick<RetryBudget, 'call' | 'take'>,
  world: RetrySurroundings,
): Promise<T> {
  const startedMs = world.now()
  budget.call(startedMs)
  for (let number = 1; ; number++) {
    const left = startedMs + policy.totalMsMax - world.now()
    const attempt = { attempt: number, timeoutMs: Math.max(1, Math.min(policy.attemptMsMax, left)) }
    try {
      return await run(attempt)
    } catch (error) {
      const failure = failureOf(error, world.date())
      const tried = { attempts: number, startedMs, nowMs: world.now(), random: world.random() }
      const decision = decideRetry(policy, failure, tried, budget)
      world.decided?.(failure, decision, attempt)
      if (!decision.isRetried) throw error
      await world.sleep(decision.waitMs)
    }
  }
}
