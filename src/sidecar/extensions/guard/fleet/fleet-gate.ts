import type { Admit, Hello, ToolClass } from '../../../../control/guard-messages.ts'
import { rateRefsOf } from '../../../../limits/rates/rate-limit.ts'
import { callKey } from '../call-key.ts'
import type { Decision } from '../decisions.ts'
import type { GuardSettings } from '../guard-settings.ts'
import type { Denied } from '../recent-denials.ts'
import type { Fleet } from './fleet.ts'

export interface FleetGateOptions {
  readonly fleet: Pick<Fleet, 'rates' | 'unheard'>
  settings(): GuardSettings
  /** A denial that shadow mode does not carry out. */
  count(denied: Denied): void
}

/** What the fleet says to a call of a tool that this sidecar would let in. */
export class FleetGate {
  readonly #options: FleetGateOptions

  constructor(options: FleetGateOptions) {
    this.#options = options
  }

  /** Undefined when nobody has to be asked; else the denial, or undefined. */
  admit(hello: Hello, message: Admit, ofClass: ToolClass): Promise<Decision | undefined> | undefined {
    const { fleet, settings } = this.#options
    const { unheard } = fleet
    const { id, tool, scopes } = message
    if (ofClass !== 'read' && unheard !== undefined)
      return Promise.resolve(
        this.#orShadow({ isGranted: false, code: 'GUARD_UNAVAILABLE', message: `${tool}: ${unheard}` }, hello, message),
      )
    const values = { ...scopes, tenant: scopes.tenant ?? hello.tenant }
    const refs = fleet.rates.shared(rateRefsOf(settings().rates, { tool, class: ofClass }, values))
    if (refs.length === 0) return undefined
    return fleet.rates.admit(callKey(hello, id), tool, refs).then((denied) => this.#orShadow(denied, hello, message))
  }

  ended(hello: Hello, id: string, wasExecuted: boolean): void {
    const { rates } = this.#options.fleet
    if (wasExecuted) rates.ended(callKey(hello, id))
    else rates.giveBack(callKey(hello, id))
  }

  #orShadow(denied: Decision | undefined, { agent }: Hello, { tool, goesOn }: Admit): Decision | undefined {
    const { settings, count } = this.#options
    if (denied === undefined || denied.isGranted) return denied
    if (settings().mode !== 'shadow' && goesOn !== true) return denied
    count({ agent, what: tool, code: denied.code, rule: denied.rule ?? '' })
    return undefined
  }
}
