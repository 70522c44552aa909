import type { FromAgent, GuardMode } from '../../../control/guard-messages.ts'
import type { GuardPeer } from '../../../control/guard-server.ts'
import type { DenialCode } from '../../../limits/denial-code.ts'
import type { OwnMetrics } from '../../component.ts'

/** Agents that are told apart; all others are `_OTHER`. */
export const DENIED_AGENTS_MAX = 200

export interface CountedDenial {
  readonly agent: string
  readonly code: DenialCode
  /** Name of the budget, rate or rule. */
  readonly rule: string
  readonly mode: GuardMode
}

/** `agent_guard_denied_total`. Runs, sessions and tenants are no labels: a rule that names one is counted by its kind. */
export class DenialCounter {
  readonly #metrics: OwnMetrics
  readonly #agents = new Set<string>()

  constructor(metrics: OwnMetrics) {
    this.#metrics = metrics
  }

  add({ agent, code, rule, mode }: CountedDenial): void {
    const labels = { agent: this.#known(agent), reason: reasonOf(code), rule: kindOf(rule), mode }
    this.#metrics.counter('agent_guard_denied_total', 'Calls that were denied.', labels).add(1)
  }

  /** Shadow mode has let calls through that no sidecar was asked about. */
  unseen(agent: string, calls = 0): void {
    if (calls === 0) return
    const text =
      'Calls that shadow mode let through without a word of a sidecar: what it would have denied is not known.'
    this.#metrics.counter('agent_guard_unseen_total', text, { agent: this.#known(agent) }).add(calls)
  }

  #known(agent: string): string {
    if (this.#agents.size < DENIED_AGENTS_MAX) this.#agents.add(agent)
    return this.#agents.has(agent) ? agent : '_OTHER'
  }

  /** Denies what is asked while the books are not open. */
  unavailable(peer: GuardPeer, message: FromAgent, mode: GuardMode = 'enforce', problem = 'it is stopping'): void {
    if (message.type !== 'hold' && message.type !== 'admit') return
    this.add({ agent: peer.hello.agent, code: 'GUARD_UNAVAILABLE', rule: '', mode })
    const text = `the ledger of the sidecar can't be used (${problem}): see its log and /readyz`
    peer.send({ type: 'answer', id: message.id, isGranted: false, code: 'GUARD_UNAVAILABLE', message: text })
  }
}

/** `ledger_unavailable`: nobody could say whether the call is allowed. */
const reasonOf = (code: DenialCode): string =>
  code === 'GUARD_UNAVAILABLE' ? 'ledger_unavailable' : code.toLowerCase()

const kindOf = (rule: string): string => /^(run|session|tenant):/.exec(rule)?.[1] ?? rule
