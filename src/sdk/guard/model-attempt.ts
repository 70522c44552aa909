import { CALL_COST_MAX } from '../../limits/call-cost-max.ts'
import { denialError } from './denial-error.ts'
import { stopDenial } from './guard.ts'
import type { StopState } from '../../control/guard-messages.ts'
import type { CallUnderWay } from './calls-under-way.ts'
import type { DenialError } from './denial-error.ts'
import type { GuardDecision } from '../context.ts'
import type { HeldAmount } from './purse.ts'

/** What an attempt has come to, in nano-USD. */
export interface AttemptTold {
  /** The call cost more than was held for it. */
  exceeded(excess: number): void
  spent(nanoUsd: number): void
}

/** One request to a model that was let through: what it may cost is held until it is known what it did. */
export class ModelAttempt {
  readonly decision: GuardDecision
  /** Aborts the request when a stop comes; its reason is the error that the caller gets. */
  readonly controller = new AbortController()
  readonly #held: HeldAmount | undefined
  readonly #told: AttemptTold
  #under: CallUnderWay | undefined
  #isOver = false
  #refused: DenialError | undefined

  constructor(decision: GuardDecision, held: HeldAmount | undefined, told: AttemptTold) {
    this.decision = decision
    this.#held = held
    this.#told = told
  }

  set under(under: CallUnderWay | undefined) {
    this.#under = under
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** The error of the stop that has cut it. */
  get refused(): DenialError | undefined {
    return this.#refused
  }

  /** For what no signal reaches. */
  onceAborted(listener: (error: DenialError) => void): void {
    const tell = (): void => {
      if (this.#refused !== undefined) listener(this.#refused)
    }
    this.controller.signal.addEventListener('abort', tell, { once: true })
    tell()
  }

  abort(stop: StopState): void {
    if (this.#isOver) return
    this.#refused = denialError(stopDenial(stop))
    this.controller.abort(this.#refused)
    // What the server has done by now nobody knows. Whoever reads the answer is told first.
    setImmediate(() => this.end(undefined))
  }

  /** The head of the answer has arrived. A provider does not charge for what it refuses; of what it failed at, or took too long for, nobody knows. */
  responded(status: number): void {
    if (status >= 400) this.#fails()
    if (status >= 400) this.end(status < 500 && status !== 408 ? 0 : undefined)
  }

  /** There will be no answer. */
  failed(error: unknown): void {
    if (!isAbort(error)) this.#fails()
    this.end(wasNotSent(error) ? 0 : undefined)
  }

  #fails(): void {
    if (this.#under !== undefined && this.#refused === undefined) this.#under.isFailed = true
  }

  /** What it cost, in nano-USD; undefined: nobody knows. The first time counts. What no call costs is not believed, and is beyond its bound all the same. */
  end(said: number | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    const isBelieved = said !== undefined && said >= 0 && said <= CALL_COST_MAX
    const cost = isBelieved ? Math.ceil(said) : undefined
    this.#held?.settle(cost)
    this.#under?.end()
    const known = cost ?? (said === undefined ? 0 : CALL_COST_MAX)
    const excess = this.#held === undefined ? 0 : known - this.#held.amount
    if (excess > 0) this.#told.exceeded(excess)
    // What nobody knows is spent, as far as it was held.
    const spent = cost ?? this.#held?.amount ?? 0
    if (spent > 0) this.#told.spent(spent)
  }
}

/** The agent has given the request up by itself. */
const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'

/** The connection was never there: no byte of the request was read by anybody. */
function wasNotSent(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > CAUSES_MAX) return false
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code === 'string' && NOT_CONNECTED.test(code)) return true
  return wasNotSent(Reflect.get(error, 'cause'), depth + 1)
}

const CAUSES_MAX = 4
const NOT_CONNECTED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_INVALID_URL|ERR_TLS_CERT_ALTNAME_INVALID|CERT_HAS_EXPIRED|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/
