import type { Renew, StopState } from '../../../control/guard-messages.ts'
import { NANO_PER_USD } from '../../../ledger/nano-usd.ts'
import type { ComponentContext } from '../../component.ts'
import { FailureWindow } from './failure-window.ts'
import type { GuardSettings } from './guard-settings.ts'
import type { Books } from './open-books.ts'

export interface AutomaticStopsOptions {
  readonly context: Pick<ComponentContext, 'clock'>
  settings(): GuardSettings | undefined
  books(): Pick<Books, 'ledger' | 'stops'> | undefined
  /** Stops something until a person resumes it. */
  stop(stop: StopState): void
}

/** A budget is taken for spent when a call is denied and no more than this share of it is left. */
const LEFT_SHARE_MAX = 0.1

/** Rules that stop an agent, where they are configured: it fails all the time, or a budget is spent. In shadow mode they stop nothing. */
export class AutomaticStops {
  readonly #options: AutomaticStopsOptions
  readonly #failures = new FailureWindow()

  constructor(options: AutomaticStopsOptions) {
    this.#options = options
  }

  /** A process says what became of its calls since the last time. */
  ended(agent: string, { ended = 0, failed = 0 }: Renew): void {
    const rule = this.#options.settings()?.stopOn.errorBurst
    if (rule === undefined || ended === 0) return
    const sums = this.#failures.add(agent, { ended, failed }, this.#options.context.clock.monotonic(), rule.withinMs)
    if (sums.failed < rule.failures || sums.failed < sums.ended * rule.share) return
    const minutes = Math.round(rule.withinMs / 6000) / 10
    this.#stop({
      scope: 'agent',
      value: agent,
      reason: `${sums.failed} of ${sums.ended} calls failed within ${minutes} min`,
    })
    // When a person lets it go on, it is measured from there.
    this.#failures.forget(agent)
  }

  /** A call did not fit into the account with this key. */
  exhausted(key: string): void {
    if (this.#options.settings()?.stopOn.hardCap !== true) return
    const account = this.#options.books()?.ledger.account(key)
    if (account === undefined || account.cap - account.committed > account.cap * LEFT_SHARE_MAX) return
    const { scope, value, budget, window, committed, cap } = account
    if (window === 'run' || !(scope === 'fleet' || scope === 'agent' || scope === 'tenant')) return
    const [spent, limit] = [committed, cap].map((nano) => Math.round((nano / NANO_PER_USD) * 1e4) / 1e4)
    this.#stop({
      scope,
      value: scope === 'fleet' ? 'fleet' : value,
      reason: `the budget ${budget} is spent: ${spent} of ${limit} USD`,
    })
  }

  #stop(stop: StopState): void {
    const isOff = this.#options.settings()?.mode !== 'enforce'
    if (isOff || this.#options.books()?.stops.isStopped(stop.scope, stop.value) === true) return
    this.#options.stop(stop)
  }
}
