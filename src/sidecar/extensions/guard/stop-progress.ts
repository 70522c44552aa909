import type { Hello, StopState } from '../../../control/guard-messages.ts'
import type { ProcessIdentity } from '../../../control/process-proof.ts'
import type { Clock } from '../../component.ts'
import { processHandle } from './process-handle.ts'
import { isGone, signalProcess } from './process-signals.ts'
import type { SaidProcess, StopSignal } from './process-signals.ts'
import type { Processes } from './processes.ts'

/** Of a process in a stop. `confirmed`: nothing of the scope is under way in it, and none can begin. `killed`: it was signalled, and is seen gone. `gone`: it has ended by itself. */
export type ProcessStopState = 'confirmed' | 'killed' | 'gone' | 'unconfirmed' | 'lease_over'
export const isSure = (state: ProcessStopState): boolean => state !== 'unconfirmed' && state !== 'lease_over'

export interface ProcessStop {
  /** Its handle. */
  readonly process: string
  readonly pid: number
  readonly agent: string
  readonly state: ProcessStopState
  /** Calls that were aborted. */
  readonly aborted: number
  /** Milliseconds from the stop until it was sure. */
  readonly afterMs?: number
  /** The last signal that it was sent. */
  readonly signal?: StopSignal
  /** Of one that is not confirmed: what is known. */
  readonly why?: string
}

/** What is known of processes by their connections: those that may call something, and those that are there. */
export type Connections = Pick<Processes, 'isAlive' | 'isConnected'>

/** When processes that do not confirm are signalled. */
export interface SignalTimes {
  readonly graceMs: number
}

/** A process whose event loop does not turn could not run a handler of SIGTERM: it gets only so long between the two signals. */
const KILL_AFTER_MS = 300
/** How often is looked whether processes are gone, and whether their time is over. */
const LOOK_MS = 50
/** Looked after the last signal: a process that is left then can't be ended by us. */
const LOOK_LONGEST_MS = 5000
/** Of one stop; beyond it those that are gone are forgotten. */
const PROCESSES_MAX = 5000
/** Scopes that may be a whole process: of the others, some of its calls go on. */
const SIGNALLED: ReadonlySet<StopState['scope']> = new Set(['fleet', 'agent', 'tenant'])

interface Followed extends SaidProcess {
  readonly hello: Hello
  /** Milliseconds of the monotonic clock. */
  readonly since: number
  aborted: number | undefined
  /** The stop has arrived, and so many calls were under way. */
  underWay: number | undefined
  signal: StopSignal | undefined
  signalledAt: number
  isGone: boolean
  sureAt: number | undefined
  refusal: string | undefined
}

/** What the processes of one stop have said, and what was done about those that say nothing. */
export class StopProgress {
  readonly stop: StopState & { readonly id: string }
  readonly #clock: Clock
  readonly #times: SignalTimes | undefined
  readonly #connections: Connections
  readonly #processes = new Map<string, Followed>()
  readonly #changed = new Set<() => void>()
  readonly #startedAt: number
  #cancelLook: (() => void) | undefined

  /** Without `times` nobody is signalled. */
  constructor(stop: StopState & { readonly id: string }, clock: Clock, connections: Connections, times?: SignalTimes) {
    this.stop = stop
    this.#clock = clock
    this.#connections = connections
    this.#times = SIGNALLED.has(stop.scope) ? times : undefined
    this.#startedAt = clock.monotonic()
  }

  /** Whether processes that do not confirm are signalled. */
  get signals(): boolean {
    return this.#times !== undefined
  }

  /** Expects the word of a process, if the stop can concern it; again when it has come back. */
  follow(hello: Hello, identity: ProcessIdentity): void {
    if (!mayConcern(this.stop, hello)) return
    this.#makeRoom()
    const known = this.#processes.get(hello.process)
    const { since = this.#clock.monotonic(), signal, signalledAt = 0 } = known ?? {}
    const rest = { aborted: undefined, underWay: undefined, isGone: false, sureAt: undefined, refusal: undefined }
    this.#processes.set(hello.process, { hello, identity, since, signal, signalledAt, ...rest })
  }

  /** Looks after them from now on. */
  start(): void {
    this.#look()
  }

  /** The stop is over, or replaced. */
  end(): void {
    this.#cancelLook?.()
    this.#tell()
  }

  arrived(process: string, underWay: number): void {
    const known = this.#processes.get(process)
    if (known === undefined) return
    known.underWay = underWay
  }

  confirmed(process: string, aborted: number): void {
    const known = this.#processes.get(process)
    if (known === undefined) return
    known.aborted = aborted
    known.sureAt ??= this.#clock.monotonic()
    this.#tell()
  }

  /** Resolves when all are sure, or after `waitMs`. */
  settled(waitMs: number): Promise<void> {
    if (this.#isOver() || waitMs === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        this.#changed.delete(look)
        cancel()
        resolve()
      }
      const look = (): void => void (this.#isOver() && done())
      const cancel = this.#clock.after(waitMs, done)
      this.#changed.add(look)
    })
  }

  report(): ProcessStop[] {
    return Array.from(this.#processes.values(), (one): ProcessStop => {
      const { hello, aborted, signal } = one
      if (aborted === undefined) this.#lookAt(one)
      const state = this.#stateOf(one)
      const why = isSure(state) ? undefined : this.#why(one)
      return {
        process: processHandle(hello.process),
        pid: hello.pid,
        agent: hello.agent,
        state,
        aborted: aborted ?? 0,
        ...(one.sureAt === undefined ? {} : { afterMs: Math.round(one.sureAt - this.#startedAt) }),
        ...(signal === undefined ? {} : { signal }),
        ...(why === undefined ? {} : { why }),
      }
    })
  }

  #stateOf({ hello, aborted, isGone: hasEnded, signal }: Followed): ProcessStopState {
    if (aborted !== undefined) return 'confirmed'
    if (hasEnded) return signal === undefined ? 'gone' : 'killed'
    // Whose lease is over calls nothing more, if its guard works: known is that only of those that said so.
    return this.#connections.isAlive(hello.process) ? 'unconfirmed' : 'lease_over'
  }

  #why({ underWay, refusal, signal }: Followed): string {
    const heard =
      underWay === undefined ? 'it does not answer' : `${underWay} calls that can't be aborted were under way`
    if (refusal !== undefined) return `${heard}; not signalled: ${refusal}`
    if (signal !== undefined) return `${heard}; ${signal} was sent`
    return heard
  }

  #isOver(): boolean {
    return [...this.#processes.values()].every((one) => one.isGone || one.aborted !== undefined)
  }

  #look(): void {
    const now = this.#clock.monotonic()
    for (const one of this.#processes.values()) {
      if (one.isGone || one.aborted !== undefined) continue
      if (!this.#lookAt(one)) this.#signal(one, now)
    }
    this.#tell()
    const longest = 2 * (this.#times?.graceMs ?? 0) + LOOK_LONGEST_MS
    this.#cancelLook =
      this.#isOver() || now - this.#startedAt > longest ? undefined : this.#clock.after(LOOK_MS, () => this.#look())
  }

  #lookAt(one: Followed): boolean {
    // As long as there is a connection, there is a process.
    one.isGone ||= !this.#connections.isConnected(one.hello.process) && isGone(one)
    if (one.isGone) one.sureAt ??= this.#clock.monotonic()
    return one.isGone
  }

  #signal(one: Followed, now: number): void {
    if (this.#times === undefined || one.refusal !== undefined || one.signal === 'SIGKILL') return
    const { graceMs } = this.#times
    if (one.signal === undefined) {
      if (now - one.since >= graceMs) this.#send(one, 'SIGTERM', now)
      return
    }
    const killAfterMs = one.underWay === undefined ? KILL_AFTER_MS : graceMs
    if (now - one.signalledAt >= killAfterMs) this.#send(one, 'SIGKILL', now)
  }

  #send(one: Followed, signal: StopSignal, now: number): void {
    one.refusal = this.#isOther(one) ? 'it may work for other tenants, too' : signalProcess(one, signal)
    if (one.refusal !== undefined) return
    one.signal = signal
    one.signalledAt = now
  }

  #isOther({ hello }: Followed): boolean {
    return this.stop.scope === 'tenant' && hello.tenant !== this.stop.value
  }

  #tell(): void {
    for (const look of this.#changed) look()
  }

  #makeRoom(): void {
    if (this.#processes.size < PROCESSES_MAX) return
    for (const [id, { aborted }] of this.#processes)
      if (aborted === undefined && !this.#connections.isAlive(id)) this.#processes.delete(id)
  }
}

/** A process has one agent; a tenant only when it works for one alone. */
function mayConcern({ scope, value }: StopState, { agent, tenant }: Hello): boolean {
  if (scope === 'agent') return agent === value
  if (scope === 'tenant') return tenant === undefined || tenant === value
  return true
}
