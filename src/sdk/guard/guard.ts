import { stopDenial as deniedByStop } from '../../control/stop-denial.ts'
import { ambientOf } from '../context.ts'
import { CallsUnderWay } from './calls-under-way.ts'
import { denialError, isDenial } from './denial-error.ts'
import {
  LEASE_LOOK_MS,
  LEASE_WAIT_MS,
  MARKER_LOOK_BY_CALL_MS,
  MARKER_LOOK_MS,
  TELL_INTERVAL_MS,
} from './guard-limits.ts'
import { Purse } from './purse.ts'
import { RunActivities } from './run-activity.ts'
import { RunLoops } from './run-loops.ts'
import { UndoBook } from './undo-book.ts'
import { isSpanContextValid, trace } from '@opentelemetry/api'
import type { Context } from '@opentelemetry/api'
import type {
  Admit,
  Answer,
  CallScopes,
  GuardMode,
  GuardRules,
  StopState,
  Welcome,
} from '../../control/guard-messages.ts'
import type { GuardClient, GuardClientOptions } from '../../control/guard-client.ts'
import type { GuardedCall } from './calls-under-way.ts'
import type { Denial, DenialError } from './denial-error.ts'
import type { PurseOptions } from './purse.ts'

type Client = Pick<
  GuardClient,
  'start' | 'ask' | 'withdraw' | 'tell' | 'flush' | 'close' | 'isConnected' | 'leaseUntil' | 'tellsWaiting'
>
/** What the connection tells. */
export type ClientEvents = Pick<
  GuardClientOptions,
  'inFlight' | 'ended' | 'welcome' | 'stop' | 'resume' | 'mark' | 'remembers' | 'undo' | 'lost'
>

export interface GuardOptions {
  /**
   * `shadow`: whatever the sidecar says, nothing is denied but what a person has stopped. Undefined: no limits are configured yet, and it is looked for them again and again, since
   * an agent may be there before the first sidecar.
   */
  readonly mode: () => 'enforce' | 'shadow' | undefined
  readonly agent: string
  readonly tenant?: string | undefined
  /** For messages: where the sidecar is looked for. */
  readonly place: string
  readonly connect: (events: ClientEvents) => Client
  readonly journal: PurseOptions['journal']
  readonly fault: (where: string, error: unknown) => void
}

/**
 * The limits of this process. Every model call and tool call comes by before it begins: stops and the lease are looked up in memory, money is taken from slices, and what only
 * the sidecar can say is asked. When nobody can say it, the call is denied.
 */
export class Guard {
  readonly client: Client
  readonly purse: Purse
  readonly loops = new RunLoops()
  readonly activities: RunActivities
  readonly underWay: CallsUnderWay
  readonly undos: UndoBook
  readonly #options: GuardOptions
  /** When the first call looked for the sidecar: loading an agent's modules may take longer than the whole wait. */
  #soughtAt: number | undefined
  #welcome: Welcome | undefined
  /** Undefined as long as no limits are configured. */
  #ownMode: 'enforce' | 'shadow' | undefined
  /** No connection could be made, or one has ended. */
  #isLost = false
  #unseen = 0
  #lookAgainAt = Number.NEGATIVE_INFINITY
  #looking: NodeJS.Timeout | undefined
  #telling: NodeJS.Timeout | undefined

  constructor(options: GuardOptions) {
    this.#options = options
    this.client = options.connect({
      inFlight: () => this.underWay.size,
      ended: () => ({ ...this.underWay.takeEnded(), unseen: this.#takeUnseen() }),
      lost: () => (this.#isLost = true),
      welcome: (welcome) => this.#welcomed(welcome),
      stop: (stop) => {
        this.underWay.stop(stop)
        this.#forget(stop)
      },
      resume: ({ scope, value }) => this.underWay.resume(scope, value),
      mark: (mark) => this.activities.marked(mark),
      remembers: (asked) => this.undos.look(asked),
      undo: (order) => void this.undos.undo(order),
    })
    this.underWay = new CallsUnderWay((message) => this.client.tell(message))
    this.undos = new UndoBook({ tell: (message) => this.client.tell(message) })
    this.activities = new RunActivities((message) => this.client.tell(message))
    this.purse = new Purse({ client: this.client, journal: options.journal })
  }

  /** To be called once. Connects as soon as limits are configured, without a call: a person who stops this agent then reaches it. */
  start(): void {
    if (this.#look() === undefined) this.#looking = setInterval(() => this.#look(), MARKER_LOOK_MS).unref()
  }

  /** Something is left that the sidecar would want to know at the end of the process. */
  get isUntold(): boolean {
    return this.client.tellsWaiting > 0 || this.purse.hasSlices
  }

  /** Slices go back, and all that was told is in the books; at most `timeoutMs`. Calls may follow. */
  async flush(timeoutMs: number): Promise<void> {
    this.purse.close()
    this.activities.tell()
    await this.client.flush(timeoutMs)
  }

  close(): void {
    clearInterval(this.#looking)
    this.#lookAgainAt = Number.POSITIVE_INFINITY
    clearInterval(this.#telling)
    this.purse.close()
    this.client.close()
  }

  /** `off` as long as no limits are configured. */
  get mode(): GuardMode {
    const own = this.#ownMode ?? this.#look()
    if (own === undefined) return 'off'
    const said = this.#welcome?.mode ?? own
    return said === 'enforce' ? own : said
  }

  /** Undefined before the sidecar's first word. */
  get rules(): GuardRules | undefined {
    return this.#welcome?.rules
  }

  /** Whether calls may begin without looking for the sidecar. */
  get hasLease(): boolean {
    return performance.now() < this.client.leaseUntil
  }

  scopesOf(active: Context): CallScopes {
    const { agent, tenant } = this.#options
    const span = trace.getSpanContext(active)
    const run = span !== undefined && isSpanContextValid(span) ? span.traceId : undefined
    const session = ambientOf(active).conversationId
    return {
      agent,
      ...(tenant === undefined ? {} : { tenant }),
      ...(session === undefined ? {} : { session: labelOf(session) }),
      ...(run === undefined ? {} : { run }),
    }
  }

  /** In shadow mode a call waits for nothing but the first lease of a sidecar that is there: without it nobody knows what would be denied. */
  get needsWait(): boolean {
    const { mode } = this
    if (mode === 'off' || this.hasLease) return false
    if (mode === 'enforce') return true
    const isFirst = !this.#isLost && this.client.leaseUntil === Number.NEGATIVE_INFINITY
    return isFirst && performance.now() < (this.#soughtAt ?? Number.POSITIVE_INFINITY) + LEASE_WAIT_MS
  }

  /** Waits, for a short time, for the first word of a sidecar that is there, or for the renewal that a busy process has missed. */
  async ready(): Promise<void> {
    this.#soughtAt ??= performance.now()
    const until = (this.#welcome === undefined ? this.#soughtAt : performance.now()) + LEASE_WAIT_MS
    const isWorthWaiting = (): boolean =>
      (this.#welcome === undefined || this.client.isConnected) && performance.now() < until
    while (isWorthWaiting() && this.needsWait) await delay(LEASE_LOOK_MS)
  }

  /** In shadow mode a call does not wait for a sidecar that is gone. */
  get isToAsk(): boolean {
    return this.mode === 'enforce' || this.hasLease || this.client.isConnected
  }

  /**
   * Asks, for as long as the sidecar can answer: a person may be thinking, but nobody waits for a sidecar that is gone, or when `interrupted` comes first (`interrupted` then). What
   * is waited for no more is withdrawn, so that no person decides about it.
   */
  async answerWithinLease(
    message: Admit,
    timeoutMs: number,
    interrupted: Promise<'interrupted'>,
  ): Promise<Answer | 'interrupted'> {
    const over = new AbortController()
    const asked = this.client.ask(message, timeoutMs)
    const answer = await Promise.race([asked, this.#sidecarGone(over.signal), interrupted])
    over.abort()
    if (typeof answer === 'object') return answer
    this.client.withdraw(message.id)
    void this.#giveBack(asked)
    return answer ?? unanswered(message.id)
  }

  /** Resolves when the sidecar is away, and the lease with it. */
  async #sidecarGone(over: AbortSignal): Promise<undefined> {
    while (!over.aborted && (this.client.isConnected || (this.hasLease && this.mode === 'enforce')))
      await delay(LEASE_LOOK_MS * 10)
  }

  /** The answer comes too late: what it grants was not done. */
  async #giveBack(asked: Promise<Answer>): Promise<void> {
    const { id, isGranted } = await asked
    if (isGranted) this.client.tell({ type: 'outcome', id, result: 'not_called', durationMs: 0, notExecuted: true })
  }

  /** Why no such call may begin now, whatever it costs. Synchronous, in memory. */
  denialOf(call: GuardedCall): Denial | undefined {
    return this.stopOf(call) ?? (this.hasLease ? undefined : this.unavailable())
  }

  /** The stop in its way. */
  stopOf(call: GuardedCall): Denial | undefined {
    const stop = this.underWay.stopOf(call)
    return stop === undefined ? undefined : stopDenial(stop)
  }

  unavailable(why = `no sidecar answers at ${this.#options.place}`): Denial {
    return {
      code: 'GUARD_UNAVAILABLE',
      message: `limits are configured for this agent, and ${why}: the call is denied. Start the sidecar (spanwarden collect), or see spanwarden status`,
    }
  }

  /**
   * What a denial means in the present mode: the error to throw, or undefined where the call goes on. A stop is a person's word, or that of a rule which is not in
   * shadow mode: it holds in every mode.
   */
  refused(denial: Denial): DenialError | undefined {
    if (this.mode === 'off') return undefined
    if (this.mode === 'enforce' || denial.code === 'STOPPED' || denial.isStop === true) return denialError(denial)
    if (denial.code === 'GUARD_UNAVAILABLE') this.#unseen += 1
    return undefined
  }

  /** The guard has thrown: instrumentation fails open, the guard does not. */
  failed(where: string, error: unknown): Denial {
    if (isDenial(error)) return error
    this.#options.fault(`guard: ${where}`, error)
    return this.unavailable('the guard of this process has failed')
  }

  #takeUnseen(): number {
    const taken = this.#unseen
    this.#unseen = 0
    return taken
  }

  #look(): 'enforce' | 'shadow' | undefined {
    const now = performance.now()
    if (now < this.#lookAgainAt) return undefined
    this.#lookAgainAt = now + MARKER_LOOK_BY_CALL_MS
    this.#ownMode = this.#options.mode()
    if (this.#ownMode === undefined) return undefined
    clearInterval(this.#looking)
    this.client.start()
    this.#telling = setInterval(() => this.purse.tell(), TELL_INTERVAL_MS).unref()
    return this.#ownMode
  }

  /** The stop of a run stands for what this process knew of it: when it is resumed, in this process or in another, it is new. */
  #forget({ scope, value }: StopState): void {
    if (scope !== 'run') return
    this.loops.forget(value)
    this.activities.forget(value)
  }

  #welcomed(welcome: Welcome): void {
    this.#welcome = welcome
    this.purse.epoch = welcome.epoch
    this.underWay.stops = welcome.stops
    for (const stop of welcome.stops) this.#forget(stop)
  }
}

const unanswered = (id: string): Answer => ({
  type: 'answer',
  id,
  isGranted: false,
  code: 'GUARD_UNAVAILABLE',
  message:
    'this tool call has to be asked for, and no sidecar answers: it is denied. Start the sidecar (spanwarden collect), or see spanwarden status',
})

export const stopDenial = (stop: StopState): Denial => ({ ...deniedByStop(stop), isStop: true })

/** Not node:timers/promises, which would be loaded with each start. */
const delay = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })

/** An id of the application's may be anything; a message takes a short line. */
const labelOf = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, '?').slice(0, 256)
