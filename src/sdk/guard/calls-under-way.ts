import { CALLS_UNDER_WAY_MAX } from './guard-limits.ts'
import type { CallScopes, Stop, Stopped, Stopping, StopState } from '../../control/guard-messages.ts'

/** A model call or a tool call, as rules and stops name it. */
export interface GuardedCall {
  readonly scopes: CallScopes
  readonly tool?: string | undefined
  readonly model?: string | undefined
  /** Not a call: it is only cut by a stop. */
  readonly isFree?: boolean
}

/** What is under way in this process, and the stops that are in force. */
export class CallsUnderWay {
  readonly #calls = new Set<CallUnderWay>()
  #ended = 0
  #failed = 0
  #stops: readonly StopState[] = []
  /** Stops that wait until nothing of their scope is under way. */
  readonly #stopping = new Map<string, StopUnderWay>()
  readonly #tell: (message: Stopping | Stopped) => void

  constructor(tell: (message: Stopping | Stopped) => void) {
    this.#tell = tell
  }

  /** Calls that have ended since the last time, and how many of them failed. */
  takeEnded(): { ended: number; failed: number } {
    const taken = { ended: this.#ended, failed: this.#failed }
    this.#ended = this.#failed = 0
    return taken
  }

  get size(): number {
    return this.#calls.size
  }

  /** As the sidecar has them: those that are not among them are over. */
  set stops(stops: readonly StopState[]) {
    this.#stops = stops
    for (const stop of stops) this.#abort(stop)
  }

  stop(stop: Stop): void {
    this.#stops = [...this.#stops.filter((one) => !isSame(one, stop)), stop]
    const aborted = this.#abort(stop)
    this.#stopping.set(stop.id, { stop, aborted })
    this.#confirm()
    if (!this.#stopping.has(stop.id)) return
    const underWay = this.#within(stop)
    this.#tell({ type: 'stopping', id: stop.id, underWay })
  }

  resume(scope: StopState['scope'], value: string): void {
    this.#stops = this.#stops.filter((one) => !isSame(one, { scope, value }))
    for (const [id, { stop }] of this.#stopping) if (isSame(stop, { scope, value })) this.#stopping.delete(id)
  }

  /** The stop that a call is under. */
  stopOf(call: GuardedCall): StopState | undefined {
    return this.#stops.find((stop) => isWithin(call, stop))
  }

  /** `abort` is called once when a stop comes, and may do nothing. Undefined: there are too many. */
  begin(call: GuardedCall, abort: (stop: StopState) => void): CallUnderWay | undefined {
    if (this.#calls.size >= CALLS_UNDER_WAY_MAX) return undefined
    const under: CallUnderWay = {
      call,
      abort,
      isFailed: false,
      end: () => {
        if (!this.#calls.delete(under)) return
        if (call.isFree !== true) this.#ended += 1
        if (under.isFailed) this.#failed += 1
        this.#confirm()
      },
    }
    this.#calls.add(under)
    return under
  }

  #abort(stop: StopState): number {
    let aborted = 0
    for (const { call, abort } of this.#calls) {
      if (!isWithin(call, stop)) continue
      aborted += 1
      abort(stop)
    }
    return aborted
  }

  #confirm(): void {
    for (const [id, { stop, aborted }] of this.#stopping) {
      if (this.#within(stop) > 0) continue
      this.#stopping.delete(id)
      this.#tell({ type: 'stopped', id, aborted })
    }
  }

  #within(stop: StopState): number {
    let count = 0
    for (const { call } of this.#calls) if (isWithin(call, stop)) count += 1
    return count
  }
}

export interface CallUnderWay {
  readonly call: GuardedCall
  readonly abort: (stop: StopState) => void
  /** To be set before the end; neither a denial nor the agent's own abort is a failure. */
  isFailed: boolean
  readonly end: () => void
}

interface StopUnderWay {
  readonly stop: Stop
  readonly aborted: number
}

type Scope = Pick<StopState, 'scope' | 'value'>

const isSame = (one: Scope, other: Scope): boolean => one.scope === other.scope && one.value === other.value

function isWithin({ scopes, tool, model }: GuardedCall, { scope, value }: Scope): boolean {
  switch (scope) {
    case 'fleet':
      return true
    case 'agent':
      return scopes.agent === value
    case 'tenant':
      return scopes.tenant === value
    case 'run':
      return scopes.run === value
    case 'tool':
      return tool === value
    case 'model':
      return model === value
  }
}
