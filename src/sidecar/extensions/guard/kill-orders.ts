import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StopState } from '../../../control/guard-messages.ts'
import type { ResumeOrder } from '../../../ledger/kill-book.ts'
import type { ComponentContext } from '../../component.ts'
import { bookSpent } from './book-spent.ts'
import type { KnownSpend } from './book-spent.ts'
import type { GuardSettings } from './guard-settings.ts'
import type { Books } from './open-books.ts'
import type { SignalTimes } from './stop-progress.ts'
import type { StopReport } from './stops.ts'

/** In the state folder: while it is there, everything is stopped. */
export const STOP_FILE = 'STOP'
/** Characters of what stands in that file. */
const REASON_CHARS_MAX = 200
/** In place of a person, in the books and in the audit log. */
export const BY_RULE = 'spanwarden'

export interface KillOrdersOptions {
  readonly context: Pick<ComponentContext, 'clock' | 'logger' | 'stateFolder'>
  settings(): GuardSettings | undefined
  books(): Pick<Books, 'ledger' | 'stops' | 'audit'> | undefined
  /** A stop could not be written down. */
  problem(problem: string): void
  randomId(): string
}

/** What people order, and rules in place of people: stop, resume, recover. All of it is in the audit log, with who and why. */
export class KillOrders {
  readonly #options: KillOrdersOptions

  constructor(options: KillOrdersOptions) {
    this.#options = options
  }

  /** In force when it returns, whatever becomes of the audit log. Processes are signalled with `signals` only. Throws RangeError. */
  async stop(stop: StopState, person: string, waitMs: number, signals?: SignalTimes): Promise<StopReport> {
    const { stops, audit } = this.#books()
    const { scope, value, reason } = stop
    const stopping = stops.stop(stop, person, waitMs, signals)
    this.#options.context.logger.warn({ scope, value, person }, 'stopped until a person resumes it')
    // Lost lines are told by the log.
    audit.action({ event: 'action', action: 'stop', scope: named(scope, value), by: person, reason }).catch(() => {})
    return await stopping
  }

  /** A rule stops: nobody is signalled, for it may be wrong, and calls under way may be in the middle of something. */
  stopByRule(stop: StopState): void {
    this.stop(stop, BY_RULE, 0).catch((error: unknown) => {
      this.#options.problem(error instanceof Error ? error.name : 'error')
    })
  }

  /** False when it was running. Its line is in the audit log before it is in force. Throws RangeError, AuditWriteError, LedgerLockedError. */
  async resume(order: ResumeOrder): Promise<boolean> {
    const { ledger, stops, audit } = this.#books()
    const { scope, value, person, reason, isConfirmed } = order
    if (scope === 'fleet' && this.isStopFileThere)
      throw new RangeError(`the file ${STOP_FILE} is in the state folder: remove it first`)
    if (!stops.isStopped(scope, scope === 'fleet' ? 'fleet' : value)) return false
    if (scope === 'fleet' && isConfirmed !== true) throw new RangeError('to resume the whole fleet has to be confirmed')
    ledger.checkUnlocked()
    await audit.action({ event: 'action', action: 'resume', scope: named(scope, value), by: person, reason })
    const isResumed = stops.resume(order)
    if (isResumed) this.#options.context.logger.warn({ scope, value, person }, 'resumed')
    return isResumed
  }

  /** The books were lost: grants again, with what a person says was spent. Throws RangeError, AuditWriteError, LedgerLockedError. */
  async recover(spent: readonly KnownSpend[], person: string, reason: string): Promise<{ booked: number }> {
    const { context, randomId } = this.#options
    const { ledger, audit } = this.#books()
    const settings = this.#options.settings()
    if (settings === undefined || !ledger.isRecovering) throw new RangeError('the ledger does not wait for this')
    ledger.checkUnlocked()
    await audit.action({ event: 'action', action: 'recover', by: person, reason })
    bookSpent(ledger, settings.budgets, spent, { now: context.clock.now(), newId: randomId })
    context.logger.warn({ person, reason, accounts: spent.length }, 'the ledger grants again')
    return { booked: spent.length }
  }

  get isStopFileThere(): boolean {
    return existsSync(join(this.#options.context.stateFolder, STOP_FILE))
  }

  /** To be called twice a second. */
  look(): void {
    const books = this.#options.books()
    this.#writeLate(books)
    if (books === undefined || !this.isStopFileThere || books.stops.isStopped('fleet', 'fleet')) return
    const stop = { scope: 'fleet', value: 'fleet', reason: this.#stopFileReason() } as const
    this.stop(stop, BY_RULE, 0, this.#options.settings()?.signals).catch((error: unknown) => {
      this.#options.problem(error instanceof Error ? error.name : 'error')
    })
  }

  #writeLate(books: Pick<Books, 'stops'> | undefined): void {
    try {
      books?.stops.writeLate()
    } catch (error) {
      this.#options.problem(error instanceof Error ? error.message : 'error')
    }
  }

  /** What whoever put it there wrote into it. */
  #stopFileReason(): string {
    const text = `the file ${STOP_FILE} is in the state folder`
    try {
      const [line = ''] = readFileSync(join(this.#options.context.stateFolder, STOP_FILE), 'utf8').split('\n')
      const said = line.replaceAll(/\p{C}/gu, ' ').trim().slice(0, REASON_CHARS_MAX)
      return said === '' ? text : `${text}: ${said}`
    } catch {
      return text
    }
  }

  #books(): Pick<Books, 'ledger' | 'stops' | 'audit'> {
    const books = this.#options.books()
    if (books === undefined) throw new RangeError("the ledger can't be used: see /readyz")
    return books
  }
}

const named = (scope: StopState['scope'], value: string): string => (scope === 'fleet' ? 'fleet' : `${scope}:${value}`)
