import type { Admit, ToolClass } from '../../../control/guard-messages.ts'
import type { GuardPeer } from '../../../control/guard-server.ts'
import type { ApprovalBook, ApprovalEntry, ApprovalState } from '../../../ledger/approval-book.ts'
import type { ComponentContext } from '../../component.ts'
import { attemptedOf, callOf, denialOf, fateOf, tooMany } from './approval-texts.ts'
import type { AttemptApproval, AuditTrail } from './audit-trail.ts'
import type { Decision } from './decisions.ts'
import type { GuardSettings } from './guard-settings.ts'
import type { Processes } from './processes.ts'
import { isSupervised } from './supervised-config.ts'

/** How long whoever has decided waits to hear what came of it. */
const RESULT_MS_MAX = 2000

/** What a call may do, as far as persons are concerned. */
export type Verdict =
  /** No person is asked, or one has approved it. All other limits are still to be asked. */
  | { readonly kind: 'free'; readonly approval?: AttemptApproval; readonly settled?: () => void }
  | { readonly kind: 'waits'; readonly entry: ApprovalEntry }
  | {
      readonly kind: 'denied'
      readonly decision: Decision
      /** Absent: it has nothing to do with a person. */
      readonly approval?: AttemptApproval
      /** To be called when the transaction is on disk. */
      readonly settled?: () => void
    }

export interface Decided {
  readonly entry: ApprovalEntry
  /** What the call was answered; undefined: its process is not connected, and gets the answer when it is back. */
  readonly answer: Decision | undefined
}

/** A call that waits, for people. */
export interface WaitingCall extends ApprovalEntry {
  readonly isConnected: boolean
  readonly waitedMs: number
  readonly leftMs: number
}

/** The request is not known, or was decided before. */
export class ApprovalError extends Error {
  override readonly name = 'ApprovalError'
  readonly status: 404 | 409
  readonly entry: ApprovalEntry | undefined

  constructor(message: string, entry?: ApprovalEntry) {
    super(message)
    this.status = entry === undefined ? 404 : 409
    this.entry = entry
  }
}

export interface ApprovalsOptions {
  readonly book: ApprovalBook
  readonly audit: AuditTrail
  readonly processes: Pick<Processes, 'isAlive'>
  readonly context: Pick<ComponentContext, 'clock' | 'logger' | 'metrics'>
  readonly settings: GuardSettings
  /** Asks for the call once more, now that something was decided. */
  again(peer: GuardPeer, message: Admit): void
  /** Whether a stop is in the way. */
  isStopped(call: Pick<Admit, 'scopes' | 'tool'>): boolean
}

interface Waiting {
  readonly entry: ApprovalEntry
  /** Undefined before its process has come back after a restart of the sidecar. */
  readonly message: Admit | undefined
  peer: GuardPeer | undefined
  /** Of the monotonic clock. */
  readonly since: number
  readonly until: number
}

/**
 * Calls that a person is to decide about. The question and its one decision stand in the ledger's file: a call that asks again after a lost connection or a restart finds the
 * same question, and the same answer. Nobody's silence is a yes.
 */
export class Approvals {
  readonly #options: ApprovalsOptions
  readonly #waiting = new Map<string, Waiting>()
  /** Who has decided, and waits to hear what came of it. */
  readonly #answers = new Map<string, (answer: Decision | undefined) => void>()
  readonly #startedAt: number
  #settings: GuardSettings
  #isActive: boolean

  constructor(options: ApprovalsOptions) {
    this.#options = options
    this.#settings = options.settings
    this.#startedAt = options.context.clock.monotonic()
    const left = options.book.pending()
    for (const entry of left) this.#wait(entry, undefined, undefined)
    if (left.length > 0)
      options.context.logger.warn(
        { calls: left.length },
        'calls waited for approval when the sidecar ended: they wait again, for the rest of their time',
      )
    this.#isActive = this.#tell()
  }

  set settings(settings: GuardSettings) {
    const before = this.#settings.supervised
    this.#settings = settings
    if (JSON.stringify(before) !== JSON.stringify(settings.supervised)) this.#isActive = this.#tell()
    for (const { peer, message } of this.#waiting.values()) this.#askAgain(peer, message)
  }

  /** Calls wait now. */
  get isActive(): boolean {
    return this.#isActive && this.#settings.mode === 'enforce'
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Of the one that has waited longest, in milliseconds; 0 when none waits. */
  get oldestMs(): number {
    const [oldest] = this.list()
    return oldest?.waitedMs ?? 0
  }

  /** Oldest first. */
  list(): WaitingCall[] {
    const now = this.#options.context.clock.monotonic()
    return [...this.#waiting.values()]
      .map(({ entry, peer, since, until }) => ({
        ...entry,
        isConnected: peer !== undefined,
        waitedMs: Math.max(0, now - since),
        leftMs: Math.max(0, until - now),
      }))
      .toSorted((one, other) => other.waitedMs - one.waitedMs)
  }

  /** The newest first. */
  decided(limit: number): ApprovalEntry[] {
    return this.#options.book.decided(limit)
  }

  /** To be called within the transaction of the question. `foreseen`: what the other limits would say now. */
  verdict(peer: GuardPeer, message: Admit, ofClass: ToolClass, foreseen: () => Decision): Verdict {
    const { book } = this.#options
    const known = book.find(message.id)
    if (known !== undefined) return this.#known(known, peer, ofClass, foreseen)
    const { supervised } = this.#settings
    if (supervised === undefined || !this.#isMeant(message.tool, ofClass) || !isSupervised(supervised, this.#now()))
      return { kind: 'free' }
    if (this.#settings.mode !== 'enforce' || message.goesOn === true) {
      this.#count('would_wait')
      return { kind: 'free' }
    }
    // Nobody is asked for what is denied anyway.
    const decision = foreseen()
    if (!decision.isGranted) return { kind: 'denied', decision }
    if (book.pendingCount >= supervised.pendingMax) {
      this.#count('full')
      return { kind: 'denied', decision: tooMany(message.tool, supervised), approval: {} }
    }
    const askedAt = this.#now()
    const call = callOf(message, ofClass)
    book.ask({ id: message.id, process: peer.hello.process, call, askedAt, deadline: askedAt + supervised.timeoutMs })
    const entry = book.find(message.id)
    return entry === undefined ? { kind: 'free' } : { kind: 'waits', entry }
  }

  /** The question is on disk. */
  waits(peer: GuardPeer, message: Admit, entry: ApprovalEntry): void {
    const known = this.#waiting.get(entry.id)
    this.#wait(entry, peer, message)
    if (known !== undefined) return
    const { tool, class: ofClass, agent } = entry.call
    this.#options.context.logger.info({ id: entry.id, tool, class: ofClass, agent }, 'a call waits for approval')
  }

  /** The call was answered. */
  answered(id: string, answer: Decision): void {
    this.#answers.get(id)?.(answer)
  }

  /** Its caller wants it no more; to be called within a transaction, and what it returns when that is on disk. */
  withdraw({ hello }: GuardPeer, id: string): (() => void) | undefined {
    if (this.#waiting.get(id)?.entry.process !== hello.process) return undefined
    return this.#options.book.decide(id, 'withdrawn', this.#now()) ? () => this.#over(id, 'withdrawn') : undefined
  }

  left(peer: GuardPeer): void {
    for (const waiting of this.#waiting.values()) if (waiting.peer === peer) waiting.peer = undefined
  }

  /**
   * A person's word. It is in force when the promise is returned: the second one gets ApprovalError, with who was first. Settles when the call was answered; rejects when
   * the audit log can't be written, and the call is not made then.
   */
  async decide(id: string, state: 'approved' | 'denied', person: string, reason: string): Promise<Decided> {
    const { book, audit, context } = this.#options
    const waiting = this.#waiting.get(id)
    if (waiting === undefined || waiting.until <= context.clock.monotonic()) throw this.#tooLate(id)
    if (!book.decide(id, state, this.#now(), person, reason)) throw this.#tooLate(id)
    const { tool, agent } = waiting.entry.call
    context.logger.info({ id, tool, agent, person }, `a call was ${state}`)
    const action = state === 'approved' ? 'approve' : 'deny'
    const recorded = audit.action({ event: 'action', action, call: id, scope: `tool:${tool}`, by: person, reason })
    const { peer, message } = waiting
    this.#forget(id, state)
    try {
      await recorded
    } finally {
      // Without its line the log takes no attempt either: then the call is denied.
      if (peer !== undefined && message !== undefined) this.#options.again(peer, message)
    }
    const answer = peer === undefined ? undefined : await this.#answerOf(id)
    return { entry: book.find(id) ?? { ...waiting.entry, state, person, reason }, answer }
  }

  /** Ends what has waited too long, what nobody waits for any more and what was stopped. True when supervision has begun or ended. Throws when the book can't be written. */
  look(): boolean {
    const { clock } = this.#options.context
    const now = clock.monotonic()
    // Agents that were there before a restart get the time to come back.
    const mayBeGone = now - this.#startedAt > this.#settings.leaseMs
    const over: [id: string, state: 'timeout' | 'withdrawn'][] = []
    for (const { entry, peer, message, until } of this.#waiting.values()) {
      if (until <= now) over.push([entry.id, 'timeout'])
      else if (peer === undefined && mayBeGone && !this.#options.processes.isAlive(entry.process))
        over.push([entry.id, 'withdrawn'])
      else if (message !== undefined && this.#options.isStopped(message)) this.#askAgain(peer, message)
    }
    if (over.length > 0) {
      this.#options.book.together((book) => over.forEach(([id, state]) => book.decide(id, state, this.#now())))
      for (const [id, state] of over) this.#over(id, state)
    }
    const { supervised } = this.#settings
    const isActive = supervised !== undefined && isSupervised(supervised, this.#now())
    if (isActive === this.#isActive) return false
    this.#isActive = this.#tell()
    return true
  }

  prune(before: number): void {
    this.#options.book.prune(before)
  }

  #known(entry: ApprovalEntry, peer: GuardPeer, ofClass: ToolClass, foreseen: () => Decision): Verdict {
    if (entry.process !== peer.hello.process)
      return { kind: 'denied', decision: { isGranted: false, code: 'GUARD_UNAVAILABLE', message: NOT_ITS_OWN } }
    const approval = entry.person === '' ? {} : { by: entry.person }
    if (entry.state === 'approved') return { kind: 'free', approval }
    if (entry.state === 'released') return { kind: 'free' }
    if (entry.state !== 'pending') return { kind: 'denied', decision: denialOf(entry), approval }
    const decision = foreseen()
    if (!decision.isGranted && STOPS.has(decision.code))
      return { kind: 'denied', decision, ...this.#close(entry, 'stopped') }
    // A person has changed the configuration. That its time is over is nobody's yes: what waits goes on waiting then.
    const isReleased = this.#settings.mode !== 'enforce' || !this.#isMeant(entry.call.tool, ofClass)
    return isReleased ? { kind: 'free', ...this.#close(entry, 'released') } : { kind: 'waits', entry }
  }

  #close({ id }: ApprovalEntry, state: 'stopped' | 'released'): { approval: AttemptApproval; settled: () => void } {
    this.#options.book.decide(id, state, this.#now())
    return { approval: {}, settled: () => void this.#forget(id, state) }
  }

  #isMeant(tool: string, ofClass: ToolClass): boolean {
    const { supervised } = this.#settings
    return supervised !== undefined && (supervised.classes.includes(ofClass) || supervised.tools.includes(tool))
  }

  /** Its caller is told; where there is none any more, the line about the attempt is written here. */
  #over(id: string, state: 'timeout' | 'withdrawn'): void {
    const { entry, peer, message } = this.#forget(id, state) ?? {}
    if (entry === undefined) return
    if (state === 'timeout' && peer !== undefined) return this.#askAgain(peer, message)
    // What is lost is counted by the log, and told in it.
    this.#options.audit.attempt(attemptedOf(entry), denialOf({ ...entry, state }), {})?.catch(() => {})
  }

  #askAgain(peer: GuardPeer | undefined, message: Admit | undefined): void {
    if (peer !== undefined && message !== undefined) this.#options.again(peer, message)
  }

  #wait(entry: ApprovalEntry, peer: GuardPeer | undefined, message: Admit | undefined): void {
    const known = this.#waiting.get(entry.id)
    const now = this.#options.context.clock.monotonic()
    // By the steady clock from here on: whoever sets the other one neither lengthens nor ends it.
    const passed = Math.max(0, this.#now() - entry.askedAt)
    const since = known?.since ?? now - passed
    const until = known?.until ?? since + (entry.deadline - entry.askedAt)
    this.#waiting.set(entry.id, { entry, peer, message, since, until })
  }

  #forget(id: string, state: ApprovalState): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    this.#waiting.delete(id)
    this.#count(state)
    const { clock, metrics } = this.#options.context
    metrics
      .counter('agent_guard_approval_wait_seconds_total', 'How long calls have waited for a person, together.')
      .add(Math.max(0, clock.monotonic() - waiting.since) / 1000)
    return waiting
  }

  #answerOf(id: string): Promise<Decision | undefined> {
    return new Promise((resolve) => {
      const done = (answer: Decision | undefined): void => {
        this.#answers.delete(id)
        cancel()
        resolve(answer)
      }
      const cancel = this.#options.context.clock.after(RESULT_MS_MAX, () => done(undefined))
      this.#answers.set(id, done)
    })
  }

  #tooLate(id: string): ApprovalError {
    const entry = this.#options.book.find(id)
    if (entry === undefined) return new ApprovalError('no call with this id waits, or has waited')
    return new ApprovalError(fateOf(entry), entry)
  }

  /** Says whether calls wait now, and until when. */
  #tell(): boolean {
    const { logger } = this.#options.context
    const { supervised, mode } = this.#settings
    if (supervised === undefined) return false
    const { classes, tools, untilMs } = supervised
    const until = untilMs === undefined ? 'for good' : new Date(untilMs).toISOString()
    if (!isSupervised(supervised, this.#now())) {
      logger.warn({ until, waiting: this.size }, 'supervised mode has ended: no further call waits for a person')
      return false
    }
    logger.info({ until, classes, tools, mode }, 'supervised mode: calls wait for a person')
    return true
  }

  #now(): number {
    return this.#options.context.clock.now()
  }

  #count(decision: ApprovalState | 'full' | 'would_wait'): void {
    this.#options.context.metrics
      .counter('agent_guard_approvals_total', 'Calls that a person was to decide about, by what came of it.', {
        decision,
      })
      .add(1)
  }
}

const STOPS: ReadonlySet<string> = new Set(['STOPPED', 'LOOP_STOPPED'])
const NOT_ITS_OWN = 'the question is of another process'
