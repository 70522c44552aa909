import { hostname } from 'node:os'
import { bankKeys } from '../../../../ledger/fleet/bank-keys.ts'
import { SliceBook } from '../../../../ledger/fleet/slice-book.ts'
import { Bank } from './bank.ts'
import type { Known, Renewal } from './bank.ts'
import type { BankView } from './bank-view.ts'
import { FleetConfirmations } from './fleet-confirmations.ts'
import { FleetKills } from './fleet-kills.ts'
import type { FleetOptions } from './fleet-options.ts'
import { closedBecause, FOR_EVER_MS, TAKEN } from './fleet-state.ts'
import type { FleetState } from './fleet-state.ts'
import { FleetRates } from './fleet-rates.ts'
import { FleetSlices } from './fleet-slices.ts'
import { RedisLink, RedisUnfitError } from './redis-link.ts'

/** Renewals of a lease: two may be lost. */
const RENEWALS_OF_LEASE = 3
/** A bank that changes while it is being told about us is told again so often, then with the next renewal. */
const REGISTRATIONS_MAX = 3

/**
 * One sidecar of a fleet. Redis or Valkey is the bank: it knows how much of each budget each sidecar has drawn, the calls of all, and what is stopped. Without it a
 * sidecar spends what it has drawn, and nothing with a side effect is done once the lease is over.
 */
export class Fleet implements BankView {
  readonly slices: FleetSlices
  readonly rates: FleetRates
  readonly #options: FleetOptions
  readonly #book: SliceBook
  readonly confirmations: FleetConfirmations
  readonly #kills: FleetKills
  readonly #link: RedisLink
  readonly #bank: Bank
  #bankOps = 0
  #heardAt: number | undefined
  /** Time of the bank less that of the monotonic clock. */
  #offset: number | undefined
  #registered: string | undefined
  #registrations = 0
  #nodesVersion = -1
  #openAt = 0
  #awaited = 0
  #opened = 0
  #why: string | undefined = 'it has not been heard since the start'
  #isTaken = false
  #isClosed = false
  #started: Promise<void> | undefined
  #renewing: Promise<void> | undefined
  #isAgain = false
  #cancelTick = (): void => {}

  constructor(options: FleetOptions) {
    const { config, node, ledger, kill, stops, context, randomId } = options
    this.#options = options
    this.#book = new SliceBook(ledger.database, node)
    const keys = bankKeys(config.key_prefix)
    this.#link = new RedisLink({
      config,
      channel: keys.news,
      clock: context.clock,
      random: () => context.random(),
      connected: () => void this.renew(),
      lost: (error) => this.#setAway(error),
      news: (message) => this.#news(message),
    })
    const identity = {
      node,
      generation: this.#book.generation,
      token: randomId(),
      name: config.node_name || hostname(),
    }
    this.#bank = new Bank(this.#link, keys, identity)
    const parts = { config, book: this.#book, ledger, bank: this.#bank, view: this, context, clock: context.clock }
    this.slices = new FleetSlices({ ...parts, budgets: () => options.settings().budgets, wake: options.wake })
    this.rates = new FleetRates({ ...parts, limits: () => options.settings().rates, renewed: () => this.renew() })
    this.#kills = new FleetKills({
      ...parts,
      kill,
      stops,
      signals: () => options.settings().signals,
      applied: ({ scope, value, state, person }) => {
        context.logger.warn({ scope, value, state, person }, 'stopped or resumed by another sidecar of the fleet')
        this.confirmations.begun()
      },
    })
    this.confirmations = new FleetConfirmations({ ...parts, node, stops, seen: () => this.#kills.seen })
  }

  /** Once; goes on when Redis is away. Throws RedisUnfitError: Redis would forget, or its client is not installed. */
  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  async #start(): Promise<void> {
    this.#tick()
    await this.#link.open()
    await this.#renewing
  }

  /** What is not needed goes back; nobody waits for this sidecar then. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#renewing
    const known = this.known()
    if (known !== undefined) {
      await this.slices.giveAll()
      await this.#bank.leave(known).catch(() => {})
    }
    this.end()
  }

  /** At once, as if it were killed: what was drawn stays its own. */
  end(): void {
    this.#isClosed = true
    this.#cancelTick()
    this.#registered = undefined
    this.slices.end()
    this.confirmations.end()
    this.#link.close()
  }

  // What its parts know of the bank.

  known(): Known | undefined {
    if (this.#registered === undefined || this.#isTaken || !this.#link.isReady) return undefined
    return { epoch: this.#registered, ops: this.#bankOps }
  }

  now(): number | undefined {
    if (this.#offset === undefined || this.#isTaken) return undefined
    return Math.floor(this.#options.context.clock.monotonic() + this.#offset)
  }

  get registrations(): number {
    return this.#registrations
  }

  get nodes(): number {
    return Math.max(1, this.#nodeIds().length)
  }

  get away(): string | undefined {
    if (this.#isTaken) return TAKEN
    return this.#why
  }

  closedFor(starts: number): string | undefined {
    if (this.#registered === undefined || starts >= this.#opened) return undefined
    return closedBecause(this.#awaited, this.#openAt - (this.now() ?? 0))
  }

  heard(ops: number, now: number): void {
    this.#bankOps = Math.max(this.#bankOps, ops)
    if (this.#offset === undefined) return
    // The answer is older than now, so the bank is ahead by the way of it at most.
    this.#offset = Math.max(this.#offset, now - this.#options.context.clock.monotonic())
  }

  lost(): void {
    this.#registered = undefined
    void this.renew()
  }

  taken(): void {
    if (!this.#isTaken) this.#options.context.logger.error({}, TAKEN)
    this.#isTaken = true
    this.#options.wake()
  }

  // What the guard asks.

  /** Whether the fleet's stops are known: not when the bank has been away for longer than a lease. Undefined when they are; else why not. */
  get unheard(): string | undefined {
    const { clock } = this.#options.context
    const leaseMs = this.#options.settings().leaseMs
    if (this.#isTaken) return this.away
    if (this.#heardAt !== undefined && clock.monotonic() - this.#heardAt <= leaseMs) return undefined
    return `the bank of the fleet has not been heard for longer than the lease (${leaseMs / 1000} s), so nobody knows whether this is stopped: ${this.#why ?? 'Redis is slow'}`
  }

  /** Throws RangeError. The sidecars that the bank has waited for. */
  async open(person: string, reason: string): Promise<string[]> {
    const known = this.known()
    const waited = known === undefined ? undefined : await this.#bank.open(known, person, reason)
    if (waited === undefined) throw new RangeError("the bank of the fleet can't be reached: try again")
    this.#options.context.logger.warn({ person, waited }, 'the bank of the fleet was opened by a person')
    await this.renew()
    return waited
  }

  get state(): FleetState {
    const { clock } = this.#options.context
    return {
      node: this.#options.node,
      away: this.away,
      closed: this.closedFor(0),
      epoch: this.#registered ?? '',
      nodes: this.nodes,
      awaited: this.#awaited,
      heardMsAgo: this.#heardAt === undefined ? undefined : Math.round(clock.monotonic() - this.#heardAt),
      drawn: this.#book.all(),
    }
  }

  /** A stop or resume was ordered here: it goes out at once, and the fleet says what became of it. */
  ordered(): void {
    this.confirmations.begun()
    this.look()
  }

  /** Stops that were ordered here go out. */
  look(): void {
    if (this.known() !== undefined) void this.#kills.send().catch(() => {})
  }

  /** One at a time; who asks while one is under way gets another behind it. */
  renew(): Promise<void> {
    if (this.#isClosed || !this.#link.isReady) return Promise.resolve()
    if (this.#renewing !== undefined) {
      this.#isAgain = true
      return this.#renewing
    }
    const renewing = this.#renewAll().finally(() => {
      this.#renewing = undefined
      if (!this.#isAgain) return
      this.#isAgain = false
      void this.renew()
    })
    this.#renewing = renewing
    return renewing
  }

  async #renewAll(): Promise<void> {
    try {
      for (let i = 0; i < REGISTRATIONS_MAX; i++) if (await this.#renewOnce()) break
    } catch (error) {
      this.#setAway(error instanceof Error ? error : new Error('Redis failed'))
    }
    this.#options.wake()
  }

  /** False when it has to be done again. */
  async #renewOnce(): Promise<boolean> {
    const { context, config, settings, randomId } = this.#options
    const leaseMs = settings().leaseMs
    const sentAt = context.clock.monotonic()
    const accounts = this.slices.told()
    const renewed = await this.#bank.renew({
      epoch: this.#book.fact('epoch') ?? '',
      ops: this.#bankOps,
      newEpoch: randomId(),
      openingMs: leaseMs,
      newOpeningMs: config.new_bank === 'wait' ? leaseMs : FOR_EVER_MS,
      killVersion: this.#kills.seen,
      nodesVersion: this.#nodesVersion,
      accounts,
    })
    if (renewed.code === 'TAKEN') {
      this.taken()
      return true
    }
    this.#offset = renewed.now - (sentAt + context.clock.monotonic()) / 2
    if (renewed.code === 'REGISTER') return (await this.#register(renewed), false)
    this.#heardAt = sentAt
    this.#apply(renewed)
    this.slices.renewed(
      accounts.map(({ key }) => key),
      renewed,
    )
    await this.#kills.send()
    await this.confirmations.say()
    return true
  }

  #apply({ epoch, ops, openAt, awaited, nodes, stops, replicas }: Renewal): void {
    if (this.#registered === undefined)
      this.#options.context.logger.info({ epoch }, 'the bank of the fleet knows this sidecar')
    this.#registered = epoch
    this.#bankOps = Math.max(this.#bankOps, ops)
    this.#openAt = openAt
    this.#link.replicas = replicas
    this.#awaited = awaited
    this.#why = undefined
    if (nodes !== undefined) {
      this.#nodesVersion = nodes.version
      this.#book.setFact('nodes', JSON.stringify(nodes.ids))
      this.#book.setFact('left', String(nodes.left))
    }
    if (stops.length > 0) this.#kills.apply(stops)
  }

  async #register({
    epoch,
    now,
    ops,
    opened,
  }: {
    epoch: string
    now: number
    ops: number
    opened: number
  }): Promise<void> {
    const { settings, context } = this.#options
    const before = this.#book.fact('epoch')
    this.#registered = undefined
    this.#registrations += 1
    this.confirmations.forget()
    if (before !== epoch) {
      if (before !== undefined)
        context.logger.warn(
          { epoch },
          'the bank of the fleet is another one: it is told what was drawn and what is stopped',
        )
      await this.#kills.tellAll()
    }
    const slices = this.slices.registered(now)
    const rates = this.rates.registered()
    const knew = before !== undefined && before !== epoch
    const code = await this.#bank.register(
      epoch,
      {
        knew,
        opening: settings().leaseMs,
        nodes: knew ? this.#nodeIds() : [],
        left: knew ? Number(this.#book.fact('left') ?? 0) : 0,
        accounts: slices.map(({ key, drawn, seq, total, ends }) => ({
          drawn,
          seq,
          total,
          ends,
          spent: this.slices.spentOf(key),
        })),
        rates: before === epoch ? [] : rates.rates,
      },
      { accounts: slices.map(({ key }) => key), rates: before === epoch ? [] : rates.keys },
    )
    if (code === 'TAKEN') return this.taken()
    if (code === 'FULL') throw new Error('too many sidecars have this key_prefix')
    if (code !== 'OK') return
    this.#book.setFact('epoch', epoch)
    this.#bankOps = ops
    this.#opened = opened
    this.#nodesVersion = -1
  }

  #nodeIds(): string[] {
    const ids: unknown = JSON.parse(this.#book.fact('nodes') ?? '[]')
    return Array.isArray(ids) ? ids.map(String) : []
  }

  #tick(): void {
    const { clock } = this.#options.context
    this.#cancelTick = clock.after(this.#options.settings().leaseMs / RENEWALS_OF_LEASE, () => {
      this.#tick()
      void this.renew()
    })
  }

  #setAway(error: Error): void {
    const { logger, metrics } = this.#options.context
    if (this.#isClosed || error.message === this.#why) return
    this.#why = error.message
    metrics.counter('agent_fleet_losses_total', 'Times that the bank of the fleet went away.').add(1)
    // Nobody who waits is helped by asking again.
    if (error instanceof RedisUnfitError)
      return logger.error({ reason: error.message }, "the bank of the fleet can't be used")
    logger.warn(
      { reason: error.message },
      'the bank of the fleet is away: what was drawn of budgets can be spent, no more',
    )
    this.#options.wake()
  }

  #news(message: string): void {
    if (this.#isClosed) return
    const [kind, key = ''] = [message.split(' ', 1)[0], message.slice(message.indexOf(' ') + 1)]
    if (kind === 'want') return this.slices.wantedBack(key)
    if (kind === 'room') return this.slices.roomIn(key)
    if (kind === 'kill' || kind === 'left') void this.renew()
  }
}
