import type { Admit, Answer, Hello, Hold, Settle, Spend, ToolOutcome } from '../../../control/guard-messages.ts'
import type { GuardPeer } from '../../../control/guard-server.ts'
import { leftOfSlice } from '../../../control/slice-journal.ts'
import type { SliceJournal } from '../../../control/slice-journal.ts'
import type { Ledger } from '../../../ledger/ledger.ts'
import type { CallEnd, RateBook } from '../../../ledger/rate-book.ts'
import type { NanoUsd } from '../../../ledger/nano-usd.ts'
import { LedgerLockedError } from '../../../ledger/together.ts'
import type { ComponentContext } from '../../component.ts'
import type { Approvals } from './approvals.ts'
import type { AuditTrail } from './audit-trail.ts'
import { callKey } from './call-key.ts'
import { Decisions, SLICE } from './decisions.ts'
import type { Decision } from './decisions.ts'
import { DeskInbox } from './desk-inbox.ts'
import type { Booked, Entry } from './desk-inbox.ts'
import { FleetGate } from './fleet/fleet-gate.ts'
import type { Fleet } from './fleet/fleet.ts'
import type { GuardSettings } from './guard-settings.ts'
import { settle } from './settle.ts'
import { HoldQueue } from './hold-queue.ts'
import type { WaitingHold } from './hold-queue.ts'
import type { Processes } from './processes.ts'
import { RecentDenials } from './recent-denials.ts'
import type { Denied } from './recent-denials.ts'
import type { Stops } from './stops.ts'

/** Holds of a process stand so much longer than its lease: what was under way at its end can still be settled. */
const SETTLE_MS = 5000
/** What is to be done when the changes are on disk, and only then. */
type Effects = (() => void)[]

export interface GuardDeskOptions {
  readonly settings: GuardSettings
  readonly ledger: Ledger
  readonly rates: RateBook
  readonly processes: Processes
  readonly stops: Stops
  readonly audit: AuditTrail
  readonly approvals: Approvals
  /** Undefined: this sidecar is by itself. */
  readonly fleet?: Fleet | undefined
  readonly context: Pick<ComponentContext, 'clock' | 'logger' | 'metrics'>
  /** The books could not be written, or can be again. */
  problem(code: string | undefined): void
  /** What a process has written down of its slices. */
  journals(process: string): SliceJournal | undefined
  /** What a process has held is taken from it: it must not spend of it any more. */
  expired(process: string): void
  /** A call cost more than its bound. */
  overBound(model: string, excess: NanoUsd): void
  /** A call did not fit into the account with this key, and will not while its window lasts. */
  exhausted(key: string): void
}

/**
 * Answers what agents ask. What comes in one turn of the event loop is one transaction, and nothing is answered before it is on disk. While the books can't be
 * written, everything is denied and no lease renewed; while another process has locked them, what comes waits for the end of that.
 */
export class GuardDesk {
  readonly #options: GuardDeskOptions
  readonly #decisions: Decisions
  readonly #gate: FleetGate | undefined
  readonly #queue = new HoldQueue()
  /** Ids of open slices that this process has granted. */
  readonly #slices = new Set<string>()
  readonly denials: RecentDenials
  #settings: GuardSettings
  readonly #inbox: DeskInbox
  /** Something was given back: those who wait may have room now. */
  #hasRoom = false

  constructor(options: GuardDeskOptions) {
    this.#options = options
    this.#settings = options.settings
    const { clock, metrics } = options.context
    this.denials = new RecentDenials(options.context)
    this.#inbox = new DeskInbox({
      clock,
      book: (entries) => this.#commit(entries),
      failed: (entry) => this.#refuse(entry),
      full: ({ peer }) => {
        metrics.counter('spanwarden_guard_inbox_full', 'Connections ended while the ledger was locked.', {}).add(1)
        peer.refuse(UNWRITABLE)
      },
    })
    const count = (denied: Denied): void => this.denials.add(denied, 'shadow')
    this.#decisions = new Decisions({ ...options, count })
    const { fleet } = options
    this.#gate = fleet === undefined ? undefined : new FleetGate({ fleet, settings: () => this.#settings, count })
  }

  set settings(settings: GuardSettings) {
    this.#settings = settings
    this.#decisions.settings = settings
    this.#options.approvals.settings = settings
    this.#wakeSoon()
  }

  get waiting(): number {
    return this.#queue.size
  }

  /** There may be room for who waits. */
  wake(): void {
    this.#wakeSoon()
  }

  take(peer: GuardPeer, message: Booked | Hello): void {
    this.#inbox.add({ peer, message })
  }

  close(): void {
    this.#inbox.close()
  }

  left(peer: GuardPeer): void {
    this.#inbox.left(peer)
    this.#queue.removeOf(peer)
    this.#options.approvals.left(peer)
  }

  /** What processes that are gone have held is taken for spent. */
  expire(): void {
    const { ledger, problem, context, expired: forget } = this.#options
    // Nobody could renew while the ledger was locked: they get the time to.
    if (this.#inbox.unlockedMs < this.#settings.leaseMs) return
    try {
      const ids = ledger.together(() => {
        const expired = ledger.expire()
        this.#options.rates.expire()
        for (const id of expired) if (this.#giveBack(id)) this.#wakeSoon()
        return expired
      })
      if (ids.length > 0) {
        for (const id of ids) this.#slices.delete(id)
        for (const id of new Set(ids.map((one) => ledger.find(one)?.process ?? ''))) forget(id)
        context.logger.warn({ holds: ids.length }, 'holds of processes that are gone are taken for spent')
        context.metrics.counter('agent_guard_expired_holds', 'Holds of processes that went away.').add(ids.length)
      }
      problem(undefined)
    } catch (error) {
      problem(codeOf(error))
    }
  }

  /** What a process that is gone has not used of a slice, by its journal. */
  #giveBack(id: string): boolean {
    const { ledger, journals } = this.#options
    const hold = ledger.find(id)
    const granted = Number(SLICE.exec(hold?.model ?? '')?.[1])
    const record = hold === undefined ? undefined : journals(hold.process)?.slices.find((slice) => slice.id === id)
    if (hold === undefined || record === undefined || !Number.isSafeInteger(granted)) return false
    const rest = hold.amount - leftOfSlice(granted, record)
    if (rest < 0 || rest === hold.amount) return false
    const unknown = Math.min(rest, record.unknown + record.reserved)
    return ledger.settle(id, { spent: rest - unknown, unknown }).isBooked
  }

  #refuse({ peer, message }: Entry): void {
    if (message.type === 'hold' || message.type === 'admit')
      this.#deny(peer, message, { isGranted: false, code: 'GUARD_UNAVAILABLE', message: UNWRITABLE })
    // It comes again, and says again what is not in the books.
    peer.refuse(UNWRITABLE)
  }

  #commit(entries: readonly Entry[]): 'booked' | 'locked' | 'failed' {
    if (entries.length === 0 && !this.#hasRoom) return 'booked'
    const { ledger, problem } = this.#options
    const effects: Effects = []
    try {
      ledger.together(() => {
        const blocked = new Set<string>()
        for (const entry of entries) this.#handle(entry, blocked, effects)
        if (this.#hasRoom) this.#serveQueue(effects)
      })
    } catch (error) {
      problem(codeOf(error))
      return error instanceof LedgerLockedError ? 'locked' : 'failed'
    }
    problem(undefined)
    for (const effect of effects) effect()
    return 'booked'
  }

  #handle({ peer, message }: Entry, blocked: Set<string>, effects: Effects): void {
    switch (message.type) {
      case 'hello':
        return this.#renew(peer)
      case 'renew':
        this.#renew(peer)
        return void effects.push(() => {
          this.#options.processes.renewed(peer, this.#settings.leaseMs, message.inFlight)
          peer.send({ type: 'lease' })
        })
      case 'hold':
        return this.#handleHold(peer, message, blocked, effects)
      case 'spend':
        if (this.#isItsOwn(peer, message.id)) this.#spend(message, effects)
        return
      case 'settle':
        if (this.#isItsOwn(peer, message.id)) this.#settle(message, effects)
        return
      case 'admit':
        return this.#admit(peer, message, effects)
      case 'outcome': {
        this.#options.rates.end(callKey(peer.hello, message.id), endOf(message))
        const withdrawn = this.#options.approvals.withdraw(peer, message.id)
        return void effects.push(() => {
          withdrawn?.()
          this.#gate?.ended(peer.hello, message.id, message.notExecuted !== true)
          this.#options.audit.outcome(message, peer.hello.process)
        })
      }
    }
  }

  #renew({ hello }: GuardPeer): void {
    const { ledger, context } = this.#options
    ledger.renew(hello.process, Math.floor(context.clock.now() + this.#settings.leaseMs + SETTLE_MS))
  }

  #handleHold(peer: GuardPeer, message: Hold, blocked: Set<string>, effects: Effects): void {
    const refs = this.#decisions.accounts(peer.hello, message)
    // Who has waited takes what there is.
    const hasWaited = message.least !== undefined && message.waitMs === 0
    const isBehind = hasWaited ? undefined : refs.find(({ key }) => blocked.has(key) || this.#queue.isWaitedFor(key))
    const decision: Decision =
      isBehind === undefined || this.#options.ledger.find(message.id) !== undefined
        ? this.#decisions.hold(peer.hello, message, refs, this.#slices.size)
        : { isGranted: false, code: 'BUDGET_HELD', rule: isBehind.budget, message: BEHIND, key: isBehind.key }
    const waitMs = Math.min(message.waitMs ?? 0, this.#settings.waitMsMax)
    const mayWait = !decision.isGranted && decision.code === 'BUDGET_HELD' && waitMs > 0 && message.slice !== true
    if (!mayWait || decision.key === undefined || this.#queue.isFull() || !this.#isItsOwn(peer, message.id))
      return this.#answer(peer, message, decision, effects)
    const { key } = decision
    blocked.add(key)
    effects.push(() => {
      this.#wait(peer, message, decision, key, waitMs)
      // What gave room may be in the same transaction, behind it.
      this.#wakeSoon()
    })
  }

  #wait(peer: GuardPeer, message: Hold, decision: Decision, key: string, waitMs: number): void {
    const cancel = this.#options.context.clock.after(waitMs, () => {
      this.#queue.remove(message.id)
      if (message.least === undefined) this.#send(peer, message, decision)
      else this.take(peer, { ...message, waitMs: 0 })
    })
    this.#queue.add({ peer, message, key, cancel })
  }

  /** In each account as many as there is room for, in their order. */
  #serveQueue(effects: Effects): void {
    this.#hasRoom = false
    for (const line of this.#queue.lines()) {
      for (const waiting of line) {
        const decision = this.#retry(waiting)
        const isHeld = !decision.isGranted && decision.code === 'BUDGET_HELD'
        if (isHeld && decision.key === waiting.key) break
        effects.push(() => {
          if (isHeld && decision.key !== undefined) return this.#queue.move(waiting, decision.key)
          if (this.#queue.remove(waiting.message.id) !== undefined) this.#send(waiting.peer, waiting.message, decision)
        })
      }
    }
  }

  #retry({ peer, message }: WaitingHold): Decision {
    const refs = this.#decisions.accounts(peer.hello, message)
    return this.#decisions.hold(peer.hello, message, refs, this.#slices.size)
  }

  #spend({ id, step, amount }: Spend, effects: Effects): void {
    const { ledger } = this.#options
    try {
      ledger.spend(id, step, amount)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      // More than the slice has: booked in full, which ends it. Nothing was written yet.
      this.#settle({ type: 'settle', id, spent: amount }, effects)
    }
  }

  /** Only the process that holds money says what became of it. */
  #isItsOwn({ hello }: GuardPeer, id: string): boolean {
    const holder = this.#options.ledger.find(id)?.process ?? this.#queue.find(id)?.peer.hello.process
    if (holder === undefined || holder === hello.process) return true
    const { metrics } = this.#options.context
    metrics.counter('spanwarden_guard_foreign_holds', 'Messages about holds of another process.', {}).add(1)
    return false
  }

  #settle(message: Settle, effects: Effects): void {
    const { ledger, overBound } = this.#options
    const { id } = message
    const hold = ledger.find(id)
    const model = hold?.model.replace(SLICE, '') ?? ''
    const { isBooked, overBound: excess } = settle(ledger, message, hold?.amount ?? 0)
    if (isBooked) this.#hasRoom = true
    effects.push(() => {
      this.#slices.delete(id)
      this.#queue.remove(id)
      if (excess > 0) overBound(model, excess)
    })
  }

  /** A person comes first, where one is to decide. What is allowed waits for its line in the audit log; without the line it is denied, and what it took of its limits is given back. */
  #admit(peer: GuardPeer, message: Admit, effects: Effects): void {
    const { approvals, audit } = this.#options
    const ofClass = this.#settings.tools[message.tool] ?? message.class
    const verdict = approvals.verdict(peer, message, ofClass, () => this.#decisions.foresee(peer.hello, message))
    if (verdict.kind === 'waits') return void effects.push(() => approvals.waits(peer, message, verdict.entry))
    const decision = verdict.kind === 'denied' ? verdict.decision : this.#decisions.admit(peer.hello, message)
    const finish = (said: Decision): void => {
      const call = { ...message, process: peer.hello.process, class: ofClass }
      const written = audit.attempt(call, said, verdict.approval)
      if (written === undefined) return this.#send(peer, message, said)
      void written.then(
        () => this.#send(peer, message, said),
        () => {
          if (!said.isGranted) return this.#send(peer, message, said)
          this.#undoAdmit(peer, message)
          return this.#send(peer, message, { isGranted: false, code: 'GUARD_UNAVAILABLE', message: UNRECORDED })
        },
      )
    }
    effects.push(() => {
      verdict.settled?.()
      const fleet = decision.isGranted ? this.#gate?.admit(peer.hello, message, ofClass) : undefined
      if (fleet === undefined) return finish(decision)
      void this.#unlessDenied(fleet, peer, message).then((denied) => finish(denied ?? decision))
    })
  }

  async #unlessDenied(
    fleet: Promise<Decision | undefined>,
    peer: GuardPeer,
    message: Admit,
  ): Promise<Decision | undefined> {
    const denied = await fleet.catch((): Decision => ({
      isGranted: false,
      code: 'GUARD_UNAVAILABLE',
      message: UNASKED,
    }))
    if (denied !== undefined) this.#undoAdmit(peer, message)
    return denied
  }

  #undoAdmit(peer: GuardPeer, { id }: Admit): void {
    this.take(peer, { type: 'outcome', id, result: 'not_called', durationMs: 0, notExecuted: true })
  }

  #answer(peer: GuardPeer, message: Hold | Admit, decision: Decision, effects: Effects): void {
    effects.push(() => this.#send(peer, message, decision))
  }

  #send(peer: GuardPeer, message: Hold | Admit, decision: Decision): void {
    if (message.type === 'admit') this.#options.approvals.answered(message.id, decision)
    if (!decision.isGranted) return this.#deny(peer, message, decision)
    if (message.type === 'hold' && message.slice === true) this.#slices.add(message.id)
    const { amount } = decision
    peer.send({ type: 'answer', id: message.id, isGranted: true, ...(amount === undefined ? {} : { amount }) })
  }

  #deny(peer: GuardPeer, { id, ...message }: Hold | Admit, decision: Extract<Decision, { isGranted: false }>): void {
    const { key, ...said } = decision
    if (said.code === 'BUDGET_EXHAUSTED' && key !== undefined) this.#options.exhausted(key)
    // Without a slice the process asks for each call.
    if (message.type === 'admit' || message.slice !== true) {
      const what = message.type === 'admit' ? message.tool : (message.model ?? '')
      const denied = { agent: peer.hello.agent, what, code: said.code, rule: said.rule ?? '' }
      this.denials.add(denied, this.#settings.mode)
    }
    const answer: Answer = { type: 'answer', id, ...said }
    peer.send(answer)
  }

  #wakeSoon(): void {
    this.#hasRoom = true
    this.#inbox.wake()
  }
}

const BEHIND = 'other calls wait for room in the budget: calls under way hold what is left of it'
const UNRECORDED = "the audit log of the sidecar can't be written, so nothing with side effects is done: see its log"
const UNASKED = 'the fleet could not be asked: see the log of the sidecar'
const UNWRITABLE = "the ledger of the sidecar can't be written: see its log and /readyz"

const endOf = ({ notExecuted, result }: ToolOutcome): CallEnd =>
  notExecuted === true ? 'not_executed' : result === 'unknown' || result === 'timeout' ? 'unknown' : 'executed'

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'error'
  if (error instanceof LedgerLockedError) return error.message
  return 'errstr' in error ? String(error.errstr) : 'code' in error ? String(error.code) : error.name
}
