import type { CallScopes, Stop, Stopped, StopState } from '../../../control/guard-messages.ts'
import type { GuardPeer } from '../../../control/guard-server.ts'
import type { KillBook, KillEntry, ResumeOrder } from '../../../ledger/kill-book.ts'
import type { Clock } from '../../component.ts'
import type { Processes } from './processes.ts'

export interface StopReport extends StopState {
  readonly id: string
  readonly isConfirmed: boolean
  readonly processes: readonly ProcessStop[]
}
/** `confirmed`: nothing of the scope is under way in it, and none can begin. */
export interface ProcessStop {
  readonly process: string
  readonly pid: number
  readonly agent: string
  readonly state: 'confirmed' | 'unconfirmed' | 'lease_over'
  /** Calls that were aborted. */
  readonly aborted: number
}

interface Confirmations {
  readonly stop: Stop
  readonly byProcess: Map<string, { readonly pid: number; readonly agent: string; aborted: number | undefined }>
  readonly changed: Set<() => void>
}

export interface StopsOptions {
  readonly processes: Processes
  readonly clock: Clock
  randomId(): string
}

/** What is stopped, and which processes have said that they have. Whatever is stopped stays so until a person resumes it. */
export class Stops {
  readonly #book: KillBook
  readonly #options: StopsOptions
  /** All of the book that is not running. */
  #entries: ReadonlyMap<string, KillEntry> = new Map()
  /** Of the stops in force. */
  readonly #confirmations = new Map<string, Confirmations>()

  constructor(book: KillBook, options: StopsOptions) {
    this.#book = book
    this.#options = options
    this.#look()
    for (const stop of this.#entries.values()) this.#expect(stop)
  }

  all(): KillEntry[] {
    return [...this.#entries.values()]
  }

  /** What stands in the way of a call. */
  of(scopes: CallScopes, { tool, model }: { tool?: string; model?: string | undefined }): KillEntry | undefined {
    if (this.#entries.size === 0) return undefined
    const values = { fleet: 'fleet', agent: scopes.agent, tenant: scopes.tenant, run: scopes.run, tool, model }
    for (const scope of SCOPES) {
      const value = values[scope]
      const entry = value === undefined ? undefined : this.#entries.get(keyOf({ scope, value }))
      if (entry !== undefined) return entry
    }
    return undefined
  }

  isStopped(scope: StopState['scope'], value: string): boolean {
    return this.#entries.has(keyOf({ scope, value }))
  }

  /** In force when it returns; the promise settles when every process that may call something has confirmed it, or after `waitMs`. Throws RangeError. */
  async stop(stop: StopState, person: string, waitMs: number): Promise<StopReport> {
    const { scope, value, reason } = this.#book.stop({ ...stop, person })
    this.#look()
    const confirmations = this.#expect({ scope, value, reason })
    for (const peer of this.#options.processes.connected()) peer.send(confirmations.stop)
    await this.#settled(confirmations, waitMs)
    return this.#report(confirmations)
  }

  /** False when it was running. Throws RangeError without a person and a reason. */
  resume(order: ResumeOrder): boolean {
    const value = order.scope === 'fleet' ? 'fleet' : order.value
    if (!this.#book.resume(order)) return false
    this.#look()
    this.#confirmations.delete(keyOf({ scope: order.scope, value }))
    for (const peer of this.#options.processes.connected()) peer.send({ type: 'resume', scope: order.scope, value })
    return true
  }

  /** A process that comes when something is stopped already has to confirm it as well. */
  joined(peer: GuardPeer): void {
    const { process, pid, agent } = peer.hello
    for (const { stop, byProcess } of this.#confirmations.values()) {
      for (const [id, known] of byProcess)
        if (byProcess.size >= PROCESSES_MAX && known.aborted === undefined && !this.#options.processes.isAlive(id))
          byProcess.delete(id)
      byProcess.set(process, { pid, agent, aborted: undefined })
      peer.send(stop)
    }
  }

  confirmed({ hello }: GuardPeer, { id, aborted }: Stopped): void {
    for (const { stop, byProcess, changed } of this.#confirmations.values()) {
      const known = byProcess.get(hello.process)
      if (stop.id !== id || known === undefined) continue
      known.aborted = aborted
      for (const look of changed) look()
    }
  }

  reports(): StopReport[] {
    return Array.from(this.#confirmations.values(), (one) => this.#report(one))
  }

  #look(): void {
    this.#entries = new Map(this.#book.list().map((entry) => [keyOf(entry), entry]))
  }

  #expect(stop: StopState): Confirmations {
    const { scope, value, reason } = stop
    const byProcess: Confirmations['byProcess'] = new Map()
    for (const { hello } of this.#options.processes.alive())
      byProcess.set(hello.process, { pid: hello.pid, agent: hello.agent, aborted: undefined })
    const id = this.#options.randomId()
    const made = {
      stop: { type: 'stop', id, scope, value, reason },
      byProcess,
      changed: new Set<() => void>(),
    } as const
    this.#confirmations.set(keyOf(stop), made)
    return made
  }

  #settled({ byProcess, changed }: Confirmations, waitMs: number): Promise<void> {
    const isOver = (): boolean => [...byProcess.values()].every(({ aborted }) => aborted !== undefined)
    if (isOver()) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        changed.delete(look)
        cancel()
        resolve()
      }
      const look = (): void => void (isOver() && done())
      const cancel = this.#options.clock.after(waitMs, done)
      changed.add(look)
    })
  }

  #report({ stop: { id, scope, value, reason }, byProcess }: Confirmations): StopReport {
    const processes = Array.from(byProcess, ([process, { pid, agent, aborted }]): ProcessStop => {
      const other = this.#options.processes.isAlive(process) ? 'unconfirmed' : 'lease_over'
      return { process, pid, agent, state: aborted === undefined ? other : 'confirmed', aborted: aborted ?? 0 }
    })
    // Whose lease is over calls nothing more, if its guard works: known is that only of those that said so.
    const isConfirmed = processes.every(({ state }) => state === 'confirmed')
    return { id, scope, value, reason, isConfirmed, processes }
  }
}

/** Of one stop; beyond it those that are gone are forgotten. */
const PROCESSES_MAX = 5000
const SCOPES = ['fleet', 'agent', 'tenant', 'run', 'tool', 'model'] as const

const keyOf = ({ scope, value }: Pick<StopState, 'scope' | 'value'>): string => JSON.stringify([scope, value])
