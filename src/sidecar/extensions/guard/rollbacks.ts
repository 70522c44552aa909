import type { AuditAction } from '../../../audit/audit-entry.ts'
import type { FromAgent } from '../../../control/guard-messages.ts'
import type { GuardPeer } from '../../../control/guard-server.ts'
import { REMEMBERS_CALLS_MAX } from '../../../control/undo-messages.ts'
import type { Recipe, Remembered, Remembers, Undo, Undone, UndoResult } from '../../../control/undo-messages.ts'
import type { ComponentContext } from '../../component.ts'
import type { Processes } from './processes.ts'
import { RecipesFile } from './recipes-file.ts'

/** For a process to say what it remembers, in ms. */
const LOOK_MS_MAX = 2_000
/** For an undo to come to its end, in ms: an answer over HTTP waits for it. Its result is written down whenever it comes. */
export const UNDO_MS_MAX = 25_000
/** Orders whose result has not come; the oldest is forgotten: its result has no name on it then. */
const ORDERS_MAX = 1_000

export interface UndoOrder {
  /** As in the audit log. */
  readonly call: string
  /** Id of the agent's process, as in the audit log. */
  readonly process: string
  readonly person: string
  readonly reason: string
}

/** `not_connected`: the process is gone, or has lost its connection. `unconfirmed`: no answer in time, the undo may be running. */
export interface UndoAnswer {
  readonly result: UndoResult | 'not_connected' | 'unconfirmed'
  /** Class of the error, where it failed. */
  readonly error?: string
  /** False when the line about the result is not in the audit log. */
  readonly isRecorded: boolean
}

export interface RollbacksOptions {
  readonly processes: Processes
  readonly context: Pick<ComponentContext, 'clock' | 'logger' | 'metrics' | 'stateFolder'>
  /** Undefined: the books are not open. A line that is not on disk rejects. */
  readonly audit: () => { readonly action: (action: AuditAction) => Promise<unknown> } | undefined
  randomId(): string
}

interface Waiting {
  /** Undefined when it is waited for no longer. */
  resolve: ((message: Undone) => void) | undefined
  readonly order: Omit<UndoOrder, 'process'>
}

/**
 * Carries a person's rollback to the process that made the call. It beats stops and limits: whoever stops an agent wants to take back what it did. What is not on
 * record is not done: a line stands in the audit log before the undo begins, and another one tells its result.
 */
export class Rollbacks {
  readonly recipes: RecipesFile
  readonly #options: RollbacksOptions
  readonly #orders = new Map<string, Waiting>()
  readonly #looks = new Map<string, (message: Remembered) => void>()
  /** Told again over a new connection, results are written once. */
  readonly #done = new Set<string>()

  constructor(options: RollbacksOptions) {
    this.#options = options
    this.recipes = new RecipesFile(options.context)
  }

  /** Which of the calls their processes can still take back, and how many calls those have forgotten. */
  async look(calls: readonly Pick<UndoOrder, 'call' | 'process'>[]): Promise<{ calls: string[]; forgotten: number }> {
    const byProcess = Map.groupBy(calls, ({ process }) => process)
    const asked = Array.from(byProcess, async ([process, ofIt]) => {
      const peer = this.#peerOf(process)
      const ids = ofIt.map(({ call }) => call).slice(0, REMEMBERS_CALLS_MAX)
      return peer === undefined ? undefined : await this.#look(peer, ids)
    })
    const answers = (await Promise.all(asked)).filter((answer) => answer !== undefined)
    return {
      calls: answers.flatMap((answer) => answer.calls),
      forgotten: answers.reduce((sum, { forgotten }) => sum + forgotten, 0),
    }
  }

  /** Rejects with RangeError or AuditWriteError when it can't be put on record: nothing was done then. */
  async undo({ process, ...order }: UndoOrder): Promise<UndoAnswer> {
    const peer = this.#peerOf(process)
    if (peer === undefined) return { result: 'not_connected', isRecorded: true }
    const { call, person, reason } = order
    await this.#write({ action: 'rollback', call, by: person, reason })
    const id = this.#options.randomId()
    const [oldest] = this.#orders.keys()
    if (this.#orders.size >= ORDERS_MAX && oldest !== undefined) this.#orders.delete(oldest)
    const { promise, resolve } = Promise.withResolvers<Undone>()
    this.#orders.set(id, { resolve, order })
    const message: Undo = { type: 'undo', id, call }
    const said = await this.#within(UNDO_MS_MAX, promise, () => peer.send(message))
    if (said === undefined) {
      const waiting = this.#orders.get(id)
      if (waiting !== undefined) waiting.resolve = undefined
      return { result: 'unconfirmed', isRecorded: true }
    }
    const isRecorded = await this.#finish(said, order)
    return { result: said.result, ...(said.error === undefined ? {} : { error: said.error }), isRecorded }
  }

  /** A person has taken a call back by hand. */
  async byHand({ call, person, reason }: Omit<UndoOrder, 'process'>): Promise<void> {
    await this.#write({ action: 'rolled_back_by_hand', call, by: person, reason, result: 'ok' })
    this.#count('by_hand')
  }

  received(message: Remembered | Undone | Recipe): void {
    switch (message.type) {
      case 'recipe':
        return this.recipes.told(message.tool, message.recipe)
      case 'remembered':
        return this.#looks.get(message.id)?.(message)
      case 'undone': {
        if (this.#done.has(message.id)) return
        for (const id of this.#done) if (this.#done.size >= ORDERS_MAX) this.#done.delete(id)
        this.#done.add(message.id)
        const waiting = this.#orders.get(message.id)
        this.#orders.delete(message.id)
        if (waiting?.resolve !== undefined) return waiting.resolve(message)
        // Nobody waits any more, or the order is of a sidecar before this one.
        void this.#finish(message, waiting?.order)
      }
    }
  }

  /** False when its line is not in the log. */
  async #finish({ call, result, error }: Undone, order: Omit<UndoOrder, 'process'> | undefined): Promise<boolean> {
    this.#count(result)
    if (result !== 'ok' && result !== 'failed') return true
    const said = result === 'ok' ? 'ok' : error === undefined ? 'error' : `error:${error}`
    try {
      await this.#write({ action: 'rolled_back', call, by: order?.person, reason: order?.reason, result: said })
      return true
    } catch {
      this.#options.context.logger.error(
        { call, result },
        'a call was rolled back, and its line is not in the audit log',
      )
      return false
    }
  }

  async #write(action: Omit<AuditAction, 'event'>): Promise<void> {
    const audit = this.#options.audit()
    if (audit === undefined)
      throw new RangeError('the audit log is not open, and what is not on record is not rolled back: see /readyz')
    await audit.action({ event: 'action', ...action })
  }

  async #look(peer: GuardPeer, calls: readonly string[]): Promise<Remembered | undefined> {
    const id = this.#options.randomId()
    const { promise, resolve } = Promise.withResolvers<Remembered>()
    this.#looks.set(id, resolve)
    const message: Remembers = { type: 'remembers', id, calls }
    const said = await this.#within(LOOK_MS_MAX, promise, () => peer.send(message))
    this.#looks.delete(id)
    return said
  }

  async #within<T>(ms: number, answer: Promise<T>, begin: () => void): Promise<T | undefined> {
    const late = Promise.withResolvers<undefined>()
    const cancel = this.#options.context.clock.after(ms, () => late.resolve(undefined))
    begin()
    const first = await Promise.race([answer, late.promise])
    cancel()
    return first
  }

  #peerOf(process: string): GuardPeer | undefined {
    return this.#options.processes.connected().find(({ hello }) => hello.process === process)
  }

  #count(result: string): void {
    this.#options.context.metrics
      .counter('agent_guard_rollbacks_total', 'Calls that a person had taken back, by result.', { result })
      .add(1)
  }
}

export const isUndoMessage = (message: FromAgent): message is Remembered | Undone | Recipe =>
  message.type === 'remembered' || message.type === 'undone' || message.type === 'recipe'
