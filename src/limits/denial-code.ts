/** Why a call is denied. None of them is worth a repetition by itself: `retryAfterMs` beside it says when asking again is of use. */
export const DENIAL_CODES = [
  'BUDGET_EXHAUSTED',
  'BUDGET_HELD',
  'CLOCK_SKEW',
  'RECOVERING',
  'UNKNOWN_PRICE',
  'RATE_LIMITED',
  'QUIET_HOURS',
  'LOOP_STOPPED',
  'STOPPED',
  'GUARD_UNAVAILABLE',
  'APPROVAL_DENIED',
] as const

export type DenialCode = (typeof DENIAL_CODES)[number]

/** With these no limit has spoken: nobody could say whether the call is allowed. What fails for them is a failure, and not a limit that works. */
export const UNDECIDED_CODES: readonly string[] = [
  'GUARD_UNAVAILABLE',
  'CLOCK_SKEW',
  'RECOVERING',
] satisfies readonly DenialCode[]
