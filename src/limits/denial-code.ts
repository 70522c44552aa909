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
