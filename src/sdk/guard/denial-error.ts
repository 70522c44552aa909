import type { DenialCode } from '../../limits/denial-code.ts'

/** Why a call may not be made. */
export interface Denial {
  readonly code: DenialCode
  /** Name of the budget, rate or rule. */
  readonly rule?: string | undefined
  /** For people: what, where, what now. No content. */
  readonly message: string
  /** A person's word, or a rule's for good: it holds in every mode. */
  readonly isStop?: boolean
  /** Asking earlier is of no use. Absent: asking again is of none, until a person or the next window changes something. */
  readonly retryAfterMs?: number | undefined
}

/**
 * The guard has refused a model call or a tool call: nothing was sent and nothing was done. Never retried by us, and not to be retried by others without
 * looking at `retryAfterMs`. The preload and the agent have copies of these classes: `instanceof` goes by what the error says of itself.
 */
export class DenialError extends Error {
  override readonly name: string = 'DenialError'
  readonly code: DenialCode
  readonly rule: string | undefined
  readonly retryAfterMs: number | undefined
  /** For frameworks that retry what has no status: 402 for money, 403 for everything else. No server was asked. */
  readonly status: number

  constructor(denial: Denial) {
    super(denial.message)
    this.code = denial.code
    this.rule = denial.rule
    this.retryAfterMs = denial.retryAfterMs
    this.status = denial.code.startsWith('BUDGET') ? 402 : 403
    Object.defineProperty(this, BRAND, { value: true })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (!isDenial(value)) return false
    const codes = codesOf.get(this)
    return codes === undefined
      ? Object.is(this, DenialError) || this.prototype.isPrototypeOf(value)
      : codes.has(value.code)
  }
}

/** A budget is spent (`BUDGET_EXHAUSTED`: final for its window), or what is left of it is held for calls under way (`BUDGET_HELD`). */
export class BudgetExhaustedError extends DenialError {
  override readonly name = 'BudgetExhaustedError'
}
/** Nobody knows what the call can cost at most. */
export class UnknownPriceError extends DenialError {
  override readonly name = 'UnknownPriceError'
}
/** So many calls of the tool or its class were made, or these are its quiet hours. */
export class RateLimitedError extends DenialError {
  override readonly name = 'RateLimitedError'
}
/** The run does the same over and over. */
export class LoopStoppedError extends DenialError {
  override readonly name = 'LoopStoppedError'
}
/** A person, or a rule, has stopped the agent; only `spanwarden resume` ends it. */
export class StoppedError extends DenialError {
  override readonly name = 'StoppedError'
}
/** Limits are configured, and nobody can say whether they allow the call. */
export class GuardUnavailableError extends DenialError {
  override readonly name = 'GuardUnavailableError'
}
/** A person has refused the call, or did not answer in time. */
export class ApprovalDeniedError extends DenialError {
  override readonly name = 'ApprovalDeniedError'
}

/** The error that stands for a denial. */
export const denialError = (denial: Denial): DenialError => new CLASSES[denial.code](denial)

export const isDenial = (value: unknown): value is DenialError =>
  typeof value === 'object' && value !== null && Reflect.get(value, BRAND) === true

const BRAND = Symbol.for('spanwarden.denial')

const CLASSES: Readonly<Record<DenialCode, typeof DenialError>> = {
  BUDGET_EXHAUSTED: BudgetExhaustedError,
  BUDGET_HELD: BudgetExhaustedError,
  UNKNOWN_PRICE: UnknownPriceError,
  RATE_LIMITED: RateLimitedError,
  QUIET_HOURS: RateLimitedError,
  LOOP_STOPPED: LoopStoppedError,
  STOPPED: StoppedError,
  CLOCK_SKEW: GuardUnavailableError,
  RECOVERING: GuardUnavailableError,
  GUARD_UNAVAILABLE: GuardUnavailableError,
  APPROVAL_DENIED: ApprovalDeniedError,
}

const codesOf = new Map<unknown, ReadonlySet<string>>(
  [...new Set(Object.values(CLASSES))].map((one) => [
    one,
    new Set(Object.entries(CLASSES).flatMap(([code, made]) => (made === one ? [code] : []))),
  ]),
)
