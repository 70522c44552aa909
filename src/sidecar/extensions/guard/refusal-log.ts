import type { GuardServerOptions } from '../../../control/guard-server.ts'
import type { ComponentContext } from '../../component.ts'

type Reason = Parameters<GuardServerOptions['refused']>[0]

/** One line of the log for each reason in so long; all are counted. */
export const SAID_EVERY_MS = 60_000

/** Connections of agents that this side has ended: who can't talk to the guard is denied everything, and somebody should see why. */
export class RefusalLog {
  readonly #context: Pick<ComponentContext, 'clock' | 'logger' | 'metrics'>
  readonly #saidAt = new Map<Reason, number>()

  constructor(context: Pick<ComponentContext, 'clock' | 'logger' | 'metrics'>) {
    this.#context = context
  }

  add(reason: Reason, problem: string): void {
    const { clock, logger, metrics } = this.#context
    const text = 'Connections of agents that were ended.'
    metrics.counter('spanwarden_guard_connections_refused', text, { reason }).add(1)
    const now = clock.monotonic()
    if (now - (this.#saidAt.get(reason) ?? Number.NEGATIVE_INFINITY) < SAID_EVERY_MS) return
    this.#saidAt.set(reason, now)
    logger.warn(
      { reason, problem },
      "an agent's connection to the guard was ended: its calls are denied until it is back",
    )
  }
}
