import { context } from '@opentelemetry/api'
import { ambientOf } from '../context.ts'
import { denialError } from './denial-error.ts'
import { stopDenial } from './guard.ts'
import { ruleOf } from './model-gate.ts'
import { strictestTarget, takeSent } from './model-target.ts'
import type { GuardedCall } from './calls-under-way.ts'
import type { Denial, DenialError } from './denial-error.ts'
import type { Guard } from './guard.ts'

type RawClient = 'node:http' | 'node:http2' | 'undici' | 'claude-agent-sdk'

/** A request of a client that can't be made to wait for an answer of the guard. */
export interface RawRequest {
  readonly client: RawClient
  readonly method: string
  /** Scheme, host and path, each way in which they can be understood. */
  readonly addresses: Iterable<string>
  /** It wants to go on in another protocol: a WebSocket. */
  readonly isUpgrade: boolean
  /** Ends it, whatever its state. Before a connection is made, none is. */
  readonly destroy: (error: DenialError) => void
  /** Calls `over` when nothing of it is left. */
  readonly onceOver: (over: () => void) => void
}

type Ending = Pick<RawRequest, 'client' | 'destroy' | 'onceOver'>

/**
 * The last gate, where requests to models leave by ways that nobody made to ask. What has asked passes, once. For the rest, what memory knows is decided: stops and the lease.
 * Where a budget is set it is denied, since nothing is held for it.
 */
export class RawGate {
  readonly #guard: Guard
  readonly #hosts: readonly string[]

  constructor(guard: Guard, hosts: readonly string[]) {
    this.#guard = guard
    this.#hosts = hosts
  }

  check(request: RawRequest): void {
    try {
      this.#check(request)
    } catch (error) {
      this.#refuse(request, this.#guard.failed(request.client, error))
    }
  }

  #check(request: RawRequest): void {
    const guard = this.#guard
    if (guard.mode === 'off') return
    const { client, method, addresses, isUpgrade } = request
    const target = strictestTarget(isUpgrade ? 'POST' : method, addresses, this.#hosts)
    if (target === undefined) return
    if (target.isFree) return this.#beginFree(request)
    const sent = takeSent()
    if (sent !== undefined) {
      // A signal of the caller's reaches those of undici, whose error is then the signal's reason.
      if (client !== 'undici') sent.attempt?.onceAborted((error) => request.destroy(error))
      return
    }
    this.#begin(request, isUpgrade)
  }

  /** A process that calls models by itself is about to be started. Throws the DenialError; `abort` is called when a stop comes, `over` says that the process has ended. */
  startProcess(client: RawClient, abort: (error: DenialError) => void): () => void {
    let over = (): void => undefined
    let denied: DenialError | undefined
    const process: Ending = { client, destroy: (error) => (denied = error), onceOver: (end) => (over = end) }
    try {
      if (this.#guard.mode !== 'off') this.#begin(process, false, abort)
    } catch (error) {
      this.#refuse(process, this.#guard.failed(client, error))
    }
    if (denied !== undefined) throw denied
    return () => over()
  }

  #begin(request: Ending, isUpgrade: boolean, abort = request.destroy): void {
    const guard = this.#guard
    const call = this.#call()
    const { rules } = guard
    const isUnpaid = rules?.hasBudgets === true && rules.unknownModel === 'deny'
    const denial = guard.denialOf(call) ?? (isUnpaid ? unpaid(request.client, isUpgrade) : undefined)
    if (denial !== undefined && this.#refuse(request, denial)) return
    const under = guard.underWay.begin(call, (stop) => abort(denialError(stopDenial(stop))))
    if (under === undefined) throw new RangeError('too many calls are under way')
    request.onceOver(under.end)
  }

  /** Nothing but a stop holds for it; where too much is under way it goes on, without being cut by one. */
  #beginFree(request: RawRequest): void {
    const guard = this.#guard
    const call = { ...this.#call(), isFree: true }
    const denial = guard.stopOf(call)
    if (denial !== undefined && this.#refuse(request, denial)) return
    const under = guard.underWay.begin(call, (stop) => request.destroy(denialError(stopDenial(stop))))
    if (under !== undefined) request.onceOver(under.end)
  }

  #call(): GuardedCall {
    return { scopes: this.#guard.scopesOf(context.active()), model: ambientOf().modelCall?.model }
  }

  /** False: in the present mode it goes on. */
  #refuse(request: Ending, denial: Denial): boolean {
    const error = this.#guard.refused(denial)
    const { modelCall } = ambientOf()
    modelCall?.decided({ decision: error === undefined ? 'warn' : 'deny', rule: ruleOf(denial) }, error)
    if (error === undefined) return false
    request.destroy(error)
    return true
  }
}

const unpaid = (client: RawClient, isUpgrade: boolean): Denial => ({
  code: 'UNKNOWN_PRICE',
  rule: isUpgrade ? 'websocket' : client,
  message: `a budget is set, and nothing can be held for ${unheld(client, isUpgrade)}: it is denied. Use fetch or a client library that is guarded (docs/libraries.md), or set unknown_model: allow`,
})

function unheld(client: RawClient, isUpgrade: boolean): string {
  if (isUpgrade) return 'a WebSocket to a model'
  if (client === 'claude-agent-sdk') return 'what Claude Code calls in a process of its own'
  return `a request to a model that is made with ${client} directly`
}
