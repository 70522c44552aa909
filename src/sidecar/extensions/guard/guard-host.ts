import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { CONTROL_PROTOCOL } from '../../../control/guard-messages.ts'
import type { FromAgent, Hello, StopState, Welcome } from '../../../control/guard-messages.ts'
import { GuardServer } from '../../../control/guard-server.ts'
import type { GuardListen, GuardPeer } from '../../../control/guard-server.ts'
import { Ledger } from '../../../ledger/ledger.ts'
import { NANO_PER_USD } from '../../../ledger/nano-usd.ts'
import type { ComponentContext, ServiceName } from '../../component.ts'
import { AutomaticStops } from './automatic-stops.ts'
import { bookedMs, readEpoch, writeEpoch } from './epoch-file.ts'
import { DenialCounter } from './denial-counter.ts'
import type { GuardSettings } from './guard-settings.ts'
import { KillOrders } from './kill-orders.ts'
import { LedgerPlace } from './ledger-place.ts'
import { LoopWatch } from './loop-watch.ts'
import { openBooks } from './open-books.ts'
import type { Books } from './open-books.ts'
import { Processes } from './processes.ts'
import { pruneBooks } from './prune-books.ts'
import { tellRenamedBudgets } from './renamed-budgets.ts'
import { RefusalLog } from './refusal-log.ts'
import { isUndoMessage, Rollbacks } from './rollbacks.ts'
import { writeMarker } from './state-files.ts'
import { rulesAt } from './supervised-config.ts'
import { WindowTurn } from './window-turn.ts'

/** How often is looked whether leases are over, and whether the file STOP is there. */
const LOOK_MS = 500
const PRUNE_EVERY_MS = 3_600_000
/** Processes whose holds were taken from them, each with a number. */
const EXPIRED_MAX = 1000
/** Bytes of the stops in a welcome; calls that are asked for are denied in all of them. */
const STOPS_BYTES_MAX = 16 * 1024

/** One for a sidecar: connections, leases and waiting calls outlive a reload of the configuration. */
export const guardHost: ServiceName<GuardHost> = {
  name: 'guard',
  create: (context) => new GuardHost(context),
}

/** Opens the books and the control socket, and connects the two. Where the books can't be opened, agents are let in and everything is denied. */
export class GuardHost {
  readonly processes: Processes
  readonly kill: KillOrders
  readonly rollbacks: Rollbacks
  readonly #context: ComponentContext
  readonly #server: GuardServer
  readonly #denials: DenialCounter
  /** Whoever has the guard configured; the last one counts. */
  #users: { readonly owner: object; readonly settings: GuardSettings; readonly listen: readonly GuardListen[] }[] = []
  #books: Books | undefined
  #epoch = ''
  #problem: string | undefined
  #startedAt = 0
  #prunedAt = 0
  #expiredAt = 0
  #bookedMs = 0
  #ports: number[] = []
  #cancelLook = (): void => {}
  readonly #windowTurn = new WindowTurn()
  readonly #place: LedgerPlace
  readonly #expired = new Map<string, string>()
  readonly #loops: LoopWatch
  readonly #automatic: AutomaticStops

  constructor(context: ComponentContext) {
    this.#context = context
    this.#place = new LedgerPlace(context.stateFolder)
    this.#denials = new DenialCounter(context.metrics)
    this.processes = new Processes(() => context.clock.monotonic())
    this.kill = new KillOrders({
      context,
      settings: () => this.settings,
      books: () => this.#books,
      problem: (problem) => this.#setProblem(problem),
      randomId,
    })
    this.rollbacks = new Rollbacks({ processes: this.processes, context, audit: () => this.#books?.audit, randomId })
    this.#automatic = new AutomaticStops({
      context,
      settings: () => this.settings,
      books: () => this.#books,
      stop: (stop) => this.kill.stopByRule(stop),
    })
    this.#loops = new LoopWatch({
      context,
      processes: this.processes,
      settings: () => this.settings,
      books: () => this.#books,
      stop: (stop) => this.#stopBySelf(stop),
    })
    const refusals = new RefusalLog(context)
    this.#server = new GuardServer({
      // What limits the configuration may set; more is asked for at a restart only.
      connectionsMax: 10_000,
      joined: (peer) => this.#joined(peer),
      received: (peer, message) => this.#received(peer, message),
      left: (peer) => {
        this.processes.left(peer)
        this.#books?.desk.left(peer)
      },
      refused: (reason, problem) => refusals.add(reason, problem),
    })
  }

  get settings(): GuardSettings | undefined {
    return this.#users.at(-1)?.settings
  }

  get books(): Books | undefined {
    return this.#books
  }

  get epoch(): string {
    return this.#epoch
  }

  get waiting(): number {
    return this.#books?.desk.waiting ?? 0
  }

  /** Why everything is denied. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** For people, in /readyz; undefined when it works. */
  get deniesBecause(): string | undefined {
    if (this.#problem !== undefined) return `the ledger can't be used, all calls are denied: ${this.#problem}`
    if (this.#books?.ledger.isRecovering !== true) return undefined
    return 'the ledger was lost or restored, model calls are denied: say what was spent with POST /api/guard/recover'
  }

  /** Of TCP listeners. */
  get ports(): readonly number[] {
    return this.#ports
  }

  monotonic(): number {
    return this.#context.clock.monotonic()
  }

  /** Throws, with the address, when it can't listen. */
  async use(owner: object, settings: GuardSettings, listen: readonly GuardListen[]): Promise<void> {
    const before = this.#users.at(-1)
    this.#users.push({ owner, settings, listen })
    this.rollbacks.recipes.configured = settings.recipes
    if (before === undefined) {
      this.#startedAt = this.#context.clock.monotonic()
      this.#open()
      this.#look()
    }
    try {
      await this.#books?.fleet?.start()
      if (before === undefined || JSON.stringify(before.listen) !== JSON.stringify(listen)) await this.#listen(listen)
    } catch (error) {
      await this.leave(owner)
      throw error
    }
    if (before !== undefined) this.#changed()
  }

  async leave(owner: object): Promise<void> {
    const was = this.#users.at(-1)
    this.#users = this.#users.filter((user) => user.owner !== owner)
    const now = this.#users.at(-1)
    if (now === was) return
    if (now === undefined) return await this.#stop()
    if (JSON.stringify(now.listen) !== JSON.stringify(was?.listen)) await this.#listen(now.listen)
    this.#changed()
  }

  close = (): void => void this.#stop()

  async #listen(listen: readonly GuardListen[]): Promise<void> {
    await this.#server.close()
    this.#ports = []
    writeMarker(this.#context.stateFolder, this.settings?.mode ?? 'off')
    for (const on of listen) {
      const port = await this.#server.listen(on)
      if (port !== undefined) this.#ports.push(port)
    }
  }

  async #stop(): Promise<void> {
    this.#cancelLook()
    await this.#server.close()
    const books = this.#books
    this.#books = undefined
    if (books === undefined) return
    await books.fleet?.close()
    books.desk.close()
    books.stops.close()
    await books.audit.close().catch((error: unknown) => this.#warn(error, 'the audit log could not be ended'))
    this.#writeEpoch(books.ledger)
    books.ledger.close()
  }

  #changed(): void {
    const { settings } = this
    if (settings === undefined) return
    writeMarker(this.#context.stateFolder, this.settings?.mode ?? 'off')
    this.rollbacks.recipes.configured = settings.recipes
    if (this.#books !== undefined) {
      tellRenamedBudgets(this.#books.ledger, settings.budgets, this.#context.logger)
      this.#books.desk.settings = settings
      this.#books.audit.classes = settings.rules.auditClasses
    }
    this.#welcomeAll(settings)
  }

  #open(): void {
    const { settings } = this
    if (settings === undefined || this.#books !== undefined) return
    const { stateFolder, clock, logger } = this.#context
    let ledger: Ledger | undefined
    try {
      // One wait for another process that writes is enough.
      const waitMs = this.#problem === undefined ? undefined : 0
      ledger = new Ledger({ path: join(stateFolder, 'ledger.db'), waitMs, now: () => clock.now() })
      const epoch = readEpoch(this.#epochFile, ledger, this.#place, randomId)
      this.#epoch = epoch.id
      this.#bookedMs = ledger.clock.lastMs
      if (epoch.lost !== undefined)
        logger.error(
          { why: epoch.lost },
          'the ledger was lost or restored: nothing is granted until a person has said what was spent',
        )
      this.#books = openBooks(ledger, settings, {
        context: this.#context,
        epoch: epoch.id,
        settings: () => this.settings,
        processes: this.processes,
        randomId,
        problem: (code) => this.#setProblem(code),
        expired: (process) => this.#takeFrom(process),
        overBound: (model, excess) => this.#overBound(model, excess),
        exhausted: (key) => this.#automatic.exhausted(key),
      })
      tellRenamedBudgets(ledger, settings.budgets, logger)
      this.#setProblem(undefined)
      // Who starts the sidecar waits for it, and is told.
      this.#books.fleet?.start().catch(() => {})
    } catch (error) {
      ledger?.close()
      this.#setProblem(error instanceof Error ? error.message : 'error')
    }
  }

  #setProblem(problem: string | undefined): void {
    if (problem === this.#problem) return
    this.#problem = problem
    const { logger } = this.#context
    if (problem === undefined) logger.info({}, 'the ledger is open')
    else logger.error({ problem }, "the ledger can't be used: all that agents ask for is denied")
  }

  #joined(peer: GuardPeer): void {
    const { settings } = this
    if (settings === undefined) return peer.refuse('the guard is stopping')
    if (this.processes.alive().length >= settings.processesMax && !this.processes.isAlive(peer.hello.process)) {
      this.#count('spanwarden_guard_connections_refused', 'Connections of agents that were ended.', { reason: 'full' })
      return peer.refuse(`${settings.processesMax} processes are connected: raise max_processes of the guard`)
    }
    if (!this.processes.mayJoin(peer)) return peer.refuse('another process goes by this id')
    this.processes.joined(peer)
    peer.send(this.#welcome(peer, settings))
    this.#books?.stops.joined(peer)
    this.#books?.desk.take(peer, peer.hello)
  }

  /** Who has a slice gives it back. */
  #welcomeAll(settings: GuardSettings): void {
    for (const peer of this.processes.connected()) peer.send(this.#welcome(peer, settings))
  }

  #welcome({ hello }: GuardPeer, { mode, leaseMs, rules: limits, supervised }: GuardSettings): Welcome {
    const rules = rulesAt(limits, supervised, this.#context.clock.now())
    const stops: StopState[] = []
    let bytes = 0
    for (const { scope, value, reason } of this.#books?.stops.all() ?? []) {
      bytes += Buffer.byteLength(JSON.stringify({ scope, value, reason }))
      if (bytes < STOPS_BYTES_MAX) stops.push({ scope, value, reason })
    }
    // Slices that were given back must not be spent from: they are of another epoch for their process.
    const epoch = `${this.#epoch === '' ? 'none' : this.#epoch}${this.#expired.get(hello.process) ?? ''}`
    return { type: 'welcome', protocol: CONTROL_PROTOCOL, mode, leaseMs, epoch, rules, stops }
  }

  #received(peer: GuardPeer, message: Exclude<FromAgent, Hello>): void {
    if (isUndoMessage(message)) return this.rollbacks.received(message)
    const books = this.#books
    if (books === undefined) return this.#denials.unavailable(peer, message, this.settings?.mode, this.#problem)
    switch (message.type) {
      case 'renew':
        this.#automatic.ended(peer.hello.agent, message)
        this.#denials.unseen(peer.hello.agent, message.unseen)
        return books.desk.take(peer, message)
      case 'stopping':
      case 'stopped':
        return books.stops.heard(peer, message)
      case 'violation':
        return this.#overBound(message.model, message.excess, peer.hello.agent)
      case 'loop':
        return this.#loops.reported(message)
      case 'activity':
        return this.#loops.told(peer, message)
      default:
        return books.desk.take(peer, message)
    }
  }

  #overBound(model: string, excess: number, agent?: string): void {
    this.#count('agent_budget_bound_violations_total', 'Calls that cost more than their bound.', { model })
    this.#context.logger.error(
      { model, agent, excess_usd: excess / NANO_PER_USD },
      'a call cost more than its bound: its price, or the bound, is wrong; the model is stopped',
    )
    if (model !== '') this.kill.stopByRule({ scope: 'model', value: model, reason: 'a call cost more than its bound' })
  }

  #stopBySelf(stop: StopState): void {
    this.kill.stopByRule(stop)
  }

  /** Its slices are no longer its own. */
  #takeFrom(process: string): void {
    for (const id of this.#expired.keys()) if (this.#expired.size >= EXPIRED_MAX) this.#expired.delete(id)
    this.#expired.set(process, `.${randomId()}`)
    for (const peer of this.processes.connected())
      if (peer.hello.process === process) peer.refuse('the lease of the process was over')
  }

  #look(): void {
    const { clock } = this.#context
    this.#cancelLook = clock.after(LOOK_MS, () => this.#look())
    this.#open()
    const { books: { ledger, desk } = {}, settings } = this
    if (ledger === undefined || desk === undefined || settings === undefined) return
    if (this.#windowTurn.isTurned(settings.budgets, clock.now())) this.#welcomeAll(settings)
    // Agents that were there before get the time to come back.
    const now = clock.monotonic()
    if (now - this.#startedAt > settings.leaseMs && now - this.#expiredAt > settings.leaseMs / 5) {
      this.#expiredAt = now
      desk.expire()
    }
    this.kill.look()
    this.#books?.fleet?.look()
    this.#tryTo(() => {
      // Agents ask for other calls from now on.
      if (this.#books?.approvals.look() === true) this.#changed()
    })
    if (now - this.#prunedAt > PRUNE_EVERY_MS) this.#prune()
    this.#tryTo(() => this.#loops.look())
    this.#tryTo(() => this.#books?.audit.look())
    if (ledger.clock.lastMs - this.#bookedMs > 60_000) this.#writeEpoch(ledger)
  }

  #prune(): void {
    const { clock } = this.#context
    this.#prunedAt = clock.monotonic()
    this.#tryTo(() => this.#books && pruneBooks(this.#books, clock.now()))
  }

  #tryTo(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#setProblem(error instanceof Error ? error.message : 'error')
    }
  }

  #writeEpoch(ledger: Ledger): void {
    this.#bookedMs = ledger.clock.lastMs
    try {
      writeEpoch(this.#epochFile, this.#epoch, bookedMs(ledger))
      this.#place.remember(ledger)
    } catch (error) {
      this.#warn(error, 'the epoch of the ledger could not be written')
    }
  }

  #warn(error: unknown, message: string): void {
    this.#context.logger.warn({ code: error instanceof Error && 'code' in error ? error.code : 'error' }, message)
  }

  get #epochFile(): string {
    return join(this.#context.stateFolder, 'ledger.epoch')
  }

  #count(name: string, description: string, labels: Readonly<Record<string, string>>): void {
    this.#context.metrics.counter(name, description, labels).add(1)
  }
}

const randomId = (): string => randomBytes(12).toString('base64url')
