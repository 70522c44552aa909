/**
 * The generic cell rate algorithm: one number for each limit. A call takes its place in a row of equal intervals, at most `burst` places ahead of now.
 * Times in microseconds, so that no interval is rounded to nothing.
 */
export interface GcraRate {
  readonly intervalMicros: number
  readonly burst: number
}

/** Share of a limit that may come at once. */
const BURST_SHARE = 0.1

/**
 * The rate at which no time of the window's length ever sees more than `limit` calls: the burst is part of the limit, so what comes at once is at most a
 * tenth, and the rest is spread over the window.
 */
export function gcraRate(limit: number, windowMs: number): GcraRate {
  const burst = Math.max(1, Math.floor(limit * BURST_SHARE))
  return { burst, intervalMicros: Math.ceil((windowMs * 1_000) / Math.max(1, limit - burst)) }
}

export type GcraDecision =
  | { readonly isAdmitted: true; readonly tat: number }
  | { readonly isAdmitted: false; readonly retryAfterMs: number }

/** `tat`, the theoretical arrival time: when the row of places is empty; 0 before the first call. */
export function gcra({ intervalMicros, burst }: GcraRate, tat: number, nowMs: number): GcraDecision {
  const now = nowMs * 1_000
  const next = Math.max(tat, now) + intervalMicros
  const ahead = next - now - burst * intervalMicros
  return ahead <= 0 ? { isAdmitted: true, tat: next } : { isAdmitted: false, retryAfterMs: Math.ceil(ahead / 1_000) }
}
