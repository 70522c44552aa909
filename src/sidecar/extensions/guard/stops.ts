import type { CallScopes, Stopped, Stopping, StopState } from '../../../control/guard-messages.ts'
import type { GuardPeer } from '../../../control/guard-server.ts'
import type { KillBook, KillEntry, KillOrder, ResumeOrder } from '../../../ledger/kill-book.ts'
import type { Clock } from '../../component.ts'
import type { Processes } from './processes.ts'
import { isSure, StopProgress } from './stop-progress.ts'
import type { ProcessStop, SignalTimes } from './stop-progress.ts'
import type { StopKept, UnwrittenStops } from './unwritten-stops.ts'

export interface StopReport extends StopState {
  readonly id: string
  readonly isConfirmed: boolean
  /** A stop is in force wherever it is kept. */
  readonly kept: StopKept
  readonly processes: readonly ProcessStop[]
}

export interface StopsOptions {
  readonly processes: Processes
  readonly clock: Clock
  /** Those that the ledger could not take. */
  readonly unwritten: UnwrittenStops
  randomId(): string
}

/** What is stopped, and which processes have said that they have. Whatever is stopped stays so until a person resumes it. */
export class Stops {
  readonly #book: KillBook
  readonly #options: StopsOptions
  /** All that is not running. */
  #entries: ReadonlyMap<string, KillEntry> = new Map()
  /** Of the stops in force. */
  readonly #progress = new Map<string, StopProgress>()

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

  /**
   * In force when it returns; the promise settles when every process that it concerns has confirmed it or is gone, or after `waitMs`. With `signals`, processes that do not confirm
   * are ended. Throws RangeError; that the ledger can't be written is no reason not to stop.
   */
  async stop(stop: StopState, person: string, waitMs: number, signals?: SignalTimes): Promise<StopReport> {
    const { scope, value, reason } = this.#write({ ...stop, person })
    this.#look()
    const known = this.#progress.get(keyOf({ scope, value }))
    // A rule must not call off the signals that a person has ordered.
    if (signals === undefined && known?.signals === true) return this.#reportOf(known)
    const progress = this.#expect({ scope, value, reason }, signals)
    for (const peer of this.#options.processes.connected()) peer.send({ type: 'stop', ...progress.stop })
    progress.start()
    await progress.settled(waitMs)
    return this.#reportOf(progress)
  }

  /** False when it was running. Throws RangeError without a person and a reason, LedgerLockedError. */
  resume(order: ResumeOrder): boolean {
    this.writeLate()
    const value = order.scope === 'fleet' ? 'fleet' : order.value
    if (!this.#book.resume(order)) return false
    this.#look()
    this.#forget(keyOf({ scope: order.scope, value }))
    for (const peer of this.#options.processes.connected()) peer.send({ type: 'resume', scope: order.scope, value })
    return true
  }

  /** A process that comes when something is stopped already has to confirm it as well. */
  joined(peer: GuardPeer): void {
    for (const progress of this.#progress.values()) {
      progress.follow(peer.hello, peer.identity)
      peer.send({ type: 'stop', ...progress.stop })
    }
  }

  /** What a process says of a stop. */
  heard({ hello }: GuardPeer, message: Stopping | Stopped): void {
    for (const progress of this.#progress.values()) {
      if (progress.stop.id !== message.id) continue
      if (message.type === 'stopped') progress.confirmed(hello.process, message.aborted)
      else progress.arrived(hello.process, message.underWay)
    }
  }

  reports(): StopReport[] {
    return Array.from(this.#progress.values(), (progress) => this.#reportOf(progress))
  }

  /** Puts into the ledger what it could not take before. Throws when it still can't. */
  writeLate(): void {
    const { unwritten } = this.#options
    if (unwritten.all().length === 0) return
    this.#book.stopAll(unwritten.all())
    unwritten.clear()
    this.#look()
  }

  /** Forgets runs that were stopped, and what was resumed, before the time (Unix ms). */
  prune(before: number): void {
    this.#book.prune(before)
    this.#look()
    for (const [key, { stop }] of this.#progress) if (!this.isStopped(stop.scope, stop.value)) this.#forget(key)
  }

  /** Looks after nobody any more; what is stopped stays so. */
  close(): void {
    for (const key of this.#progress.keys()) this.#forget(key)
  }

  #write(order: KillOrder): KillEntry {
    try {
      return this.#book.stop(order)
    } catch (error) {
      if (error instanceof RangeError) throw error
      return this.#entries.get(keyOf(order)) ?? this.#options.unwritten.add(order)
    }
  }

  #look(): void {
    const known = [...this.#options.unwritten.all(), ...this.#book.list()]
    this.#entries = new Map(known.map((entry) => [keyOf(entry), entry]))
  }

  #expect(stop: StopState, signals?: SignalTimes): StopProgress {
    const { processes, clock, randomId } = this.#options
    const key = keyOf(stop)
    this.#forget(key)
    const made = new StopProgress({ id: randomId(), ...stop }, clock, processes, signals)
    for (const { hello, identity } of processes.alive()) made.follow(hello, identity)
    this.#progress.set(key, made)
    return made
  }

  #forget(key: string): void {
    this.#progress.get(key)?.end()
    this.#progress.delete(key)
  }

  #reportOf(progress: StopProgress): StopReport {
    const { stop } = progress
    const processes = progress.report()
    // Where nobody is known nobody has confirmed: an agent may be there whose guard has not connected, or that has none.
    const isConfirmed = processes.length > 0 && processes.every(({ state }) => isSure(state))
    const kept = this.#options.unwritten.kept(stop.scope, stop.value)
    return { ...stop, isConfirmed, kept, processes }
  }
}

const SCOPES = ['fleet', 'agent', 'tenant', 'run', 'tool', 'model'] as const

const keyOf = ({ scope, value }: Pick<StopState, 'scope' | 'value'>): string => JSON.stringify([scope, value])
