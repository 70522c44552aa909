import type { GuardMode } from '../../../control/guard-messages.ts'
import type { DenialCode } from '../../../limits/denial-code.ts'
import type { Clock, OwnMetrics } from '../../component.ts'
import { DenialCounter } from './denial-counter.ts'

/** A call that is denied, or would be. */
export interface Denied {
  readonly agent: string
  /** Its tool or model; empty when the agent has not said. */
  readonly what: string
  readonly code: DenialCode
  /** Name of the budget or rate, or the stop; empty when it is none of them. */
  readonly rule: string
}

export interface RecentDenial extends Denied {
  /** Shadow mode has let the calls through. */
  readonly mode: GuardMode
  /** Of the same kind one after the other, and when the last of them was, Unix ms. */
  readonly times: number
  readonly atMs: number
}

/** Kinds of denials that are remembered; the one that was seen longest ago goes. */
export const DENIALS_MAX = 50

/** Counts what is denied, and has the latest for people: an agent that asks again and again is one line. Since the start of the sidecar. */
export class RecentDenials {
  readonly #clock: Pick<Clock, 'now'>
  readonly #counter: DenialCounter
  readonly #kinds = new Map<string, RecentDenial>()

  constructor({ clock, metrics }: { readonly clock: Pick<Clock, 'now'>; readonly metrics: OwnMetrics }) {
    this.#clock = clock
    this.#counter = new DenialCounter(metrics)
  }

  add({ agent, what, code, rule }: Denied, mode: GuardMode): void {
    this.#counter.add({ agent, code, rule, mode })
    const kind = JSON.stringify([agent, what, code, rule, mode])
    const times = (this.#kinds.get(kind)?.times ?? 0) + 1
    this.#kinds.delete(kind)
    this.#kinds.set(kind, { agent, what, code, rule, mode, times, atMs: this.#clock.now() })
    const [oldest] = this.#kinds.keys()
    if (this.#kinds.size > DENIALS_MAX && oldest !== undefined) this.#kinds.delete(oldest)
  }

  /** Newest first. */
  get all(): readonly RecentDenial[] {
    return [...this.#kinds.values()].toReversed()
  }
}
