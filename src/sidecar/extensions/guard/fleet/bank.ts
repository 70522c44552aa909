import { DRAW, GIVE, LEAVE, OPEN, REGISTER, RENEW } from '../../../../ledger/fleet/bank-scripts.ts'
import { HEAR_STOPS, SAY_STOPS, SET_KILL } from '../../../../ledger/fleet/kill-scripts.ts'
import { ADMIT, GIVE_BACK } from '../../../../ledger/fleet/rate-scripts.ts'
import type { BankKeys } from '../../../../ledger/fleet/bank-keys.ts'
import { KILL_ENTRIES_MAX } from '../../../../ledger/kill-book.ts'
import type { KillEntry } from '../../../../ledger/kill-book.ts'
import type { NanoUsd } from '../../../../ledger/nano-usd.ts'
import type { RedisLink } from './redis-link.ts'

/** Sidecars of one fleet. */
const NODES_MAX = 10_000

/** Who asks. `generation` goes up with each start of a node: an older one is refused. */
export interface NodeIdentity {
  readonly node: string
  readonly generation: number
  readonly token: string
  readonly name: string
}

export interface Renewal {
  readonly code: 'OK'
  readonly epoch: string
  readonly now: number
  readonly ops: number
  readonly openAt: number
  readonly awaited: number
  /** Undefined when nothing changed. */
  readonly nodes: { readonly version: number; readonly ids: readonly string[]; readonly left: number } | undefined
  readonly stops: readonly KillEntry[]
  /** In the order of the keys. */
  readonly accounts: readonly { readonly drawn: NanoUsd; readonly spent: NanoUsd; readonly wantedAt: number }[]
  /** Of the server: the most that it had since it is the bank. */
  readonly replicas: number
}
export type Renewed =
  | Renewal
  | {
      readonly code: 'REGISTER'
      readonly epoch: string
      readonly now: number
      readonly ops: number
      readonly opened: number
    }
  | { readonly code: 'TAKEN' }

/** What a node tells a bank that does not know it. */
export interface Registration {
  readonly name: string
  readonly nodes_max: number
  /** It knew a bank before this one. */
  readonly knew: boolean
  /** How long the bank waits for others then, in ms. */
  readonly opening: number
  /** Nodes that it has seen. */
  readonly nodes: readonly string[]
  /** When the last one that left has left, in Unix ms of the bank; 0 for none. */
  readonly left: number
  readonly accounts: readonly {
    readonly drawn: NanoUsd
    readonly seq: number
    readonly spent: NanoUsd
    readonly total: NanoUsd
    readonly ends: number
  }[]
  readonly rates: readonly RateTaken[]
}

/** What calls of this node have taken of a limit. */
export type RateTaken =
  /** Ids, and how long ago in ms. */
  | { readonly kind: 'log'; readonly window: number; readonly calls: readonly (readonly [string, number])[] }
  | { readonly kind: 'day'; readonly count: number; readonly ends: number }
  /** Microseconds that the row of places is ahead of now. */
  | { readonly kind: 'gcra'; readonly ahead: number }

export type RateAsked =
  | { readonly kind: 'log'; readonly limit: number; readonly window: number }
  | { readonly kind: 'day'; readonly limit: number; readonly starts: number; readonly ends: number }
  | { readonly kind: 'gcra'; readonly interval: number; readonly burst: number; readonly window: number }

export type ChangeCode = 'OK' | 'SHORT' | 'SEEN' | 'CLOSED' | 'WINDOW' | 'LOST' | 'TAKEN'
export interface Changed {
  readonly code: ChangeCode
  readonly ops: number
  readonly now: number
  /** By this node. */
  readonly drawn: NanoUsd
  /** By all nodes. */
  readonly total: NanoUsd
  /** By all nodes, as they have said. */
  readonly spent: NanoUsd
  readonly seq: number
}

export interface DrawRequest {
  readonly key: string
  readonly seq: number
  readonly cap: NanoUsd
  readonly starts: number
  readonly ends: number
  readonly asked: NanoUsd
  readonly wanted: NanoUsd
  readonly nodes: number
}

export interface AdmitRequest {
  readonly id: string
  /** How long the id is known, in ms. */
  readonly keep: number
  readonly keys: readonly string[]
  readonly refs: readonly RateAsked[]
}
export type Admitted =
  | { readonly code: 'OK' | 'LOST' | 'TAKEN' | 'WINDOW' }
  | { readonly code: 'FULL'; readonly index: number; readonly retryAfterMs: number }
  | { readonly code: 'CLOSED'; readonly index: number }

export interface StopsHeard {
  readonly epoch: string
  /** Version of each stop; 0: the bank does not have it. */
  readonly changes: readonly number[]
  readonly sidecars: readonly {
    readonly node: string
    readonly name: string
    readonly heardMsAgo: number
    /** As it was said; empty when it has said nothing. */
    readonly said: string
  }[]
}

/** The scripts of the bank, with their arguments and answers in types. Every method throws RedisAwayError. */
export class Bank {
  readonly #link: Pick<RedisLink, 'run'>
  readonly #keys: BankKeys
  readonly #identity: NodeIdentity

  constructor(link: Pick<RedisLink, 'run'>, keys: BankKeys, identity: NodeIdentity) {
    this.#link = link
    this.#keys = keys
    this.#identity = identity
  }

  async renew(known: {
    readonly epoch: string
    readonly ops: number
    readonly newEpoch: string
    readonly openingMs: number
    readonly newOpeningMs: number
    readonly killVersion: number
    readonly nodesVersion: number
    readonly accounts: readonly { readonly key: string; readonly spent: NanoUsd }[]
  }): Promise<Renewed> {
    const { accounts } = known
    const keys = [...this.#common(), this.#keys.kill, ...accounts.map(({ key }) => this.#keys.account(key))]
    const { newEpoch, openingMs, killVersion, nodesVersion, newOpeningMs } = known
    const args = [newEpoch, openingMs, killVersion, nodesVersion, newOpeningMs, ...accounts.map(({ spent }) => spent)]
    const reply = list(await this.#run(RENEW, keys, known, args))
    const [code, epoch, now, ops] = [text(reply[0]), text(reply[1]), number(reply[2]), number(reply[3])]
    if (code === 'TAKEN') return { code }
    if (code === 'REGISTER') return { code, epoch, now, ops, opened: number(reply[4]) }
    return {
      code: 'OK',
      epoch,
      now,
      ops,
      openAt: number(reply[4]),
      awaited: number(reply[5]),
      nodes: text(reply[6]) === '' ? undefined : nodesOf(text(reply[6])),
      stops: list(reply[7]).map((entry) => killEntry(text(entry))),
      accounts: list(reply[8]).map((entry) => {
        const [drawn, spent, wantedAt] = list(entry).map(number)
        return { drawn: drawn ?? 0, spent: spent ?? 0, wantedAt: wantedAt ?? 0 }
      }),
      replicas: number(reply[9]),
    }
  }

  async register(
    epoch: string,
    told: Omit<Registration, 'name' | 'nodes_max'>,
    keys: { readonly accounts: readonly string[]; readonly rates: readonly string[] },
  ): Promise<string> {
    const all = [
      ...this.#common(),
      ...keys.accounts.map((key) => this.#keys.account(key)),
      ...keys.rates.map((key) => this.#keys.rate(key)),
    ]
    const registration: Registration = { ...told, name: this.#identity.name, nodes_max: NODES_MAX }
    return text(list(await this.#run(REGISTER, all, { epoch, ops: 0 }, [JSON.stringify(registration)]))[0])
  }

  async draw(known: Known, request: DrawRequest): Promise<Changed> {
    const { key, seq, cap, starts, ends, asked, wanted, nodes } = request
    const args = [seq, cap, starts, ends, asked, wanted, nodes, key]
    return changed(await this.#run(DRAW, this.#ofAccount(key), known, args, true))
  }

  /** `amount` below 0: so much more was spent than drawn. */
  async give(known: Known, change: { key: string; seq: number; amount: NanoUsd; spent: NanoUsd }): Promise<Changed> {
    const { key, seq, amount, spent } = change
    return changed(await this.#run(GIVE, this.#ofAccount(key), known, [seq, amount, spent, key]))
  }

  async leave(known: Known): Promise<void> {
    await this.#run(LEAVE, [...this.#common(), this.#keys.news], known, [])
  }

  /** The nodes that were waited for; undefined when the bank is another one. */
  async open(known: Known, person: string, reason: string): Promise<string[] | undefined> {
    const [code, waited] = list(await this.#run(OPEN, this.#common(), known, [person, reason]))
    return text(code) === 'OK' ? list(waited).map(text) : undefined
  }

  async admit(known: Known, { id, keep, keys, refs }: AdmitRequest): Promise<Admitted> {
    const all = [...this.#common(), this.#keys.call(id), ...keys.map((key) => this.#keys.rate(key))]
    const reply = list(await this.#run(ADMIT, all, known, [JSON.stringify({ id, keep, refs })], true))
    const code = text(reply[0])
    if (code === 'FULL') return { code, index: number(reply[1]) - 1, retryAfterMs: number(reply[2]) }
    if (code === 'CLOSED') return { code, index: number(reply[1]) - 1 }
    return { code: code === 'OK' || code === 'TAKEN' || code === 'WINDOW' ? code : 'LOST' }
  }

  async giveBack(known: Known, { id, keep, keys, refs }: AdmitRequest): Promise<void> {
    const all = [...this.#common(), this.#keys.call(id), ...keys.map((key) => this.#keys.rate(key))]
    await this.#run(GIVE_BACK, all, known, [JSON.stringify({ id, keep, refs })])
  }

  /** Version of the bank's stops. */
  async setKill({ scope, value, state, reason, person }: Omit<KillEntry, 'at' | 'change'>): Promise<number> {
    const keys = [this.#keys.bank, this.#keys.kill, this.#keys.news]
    const args = [scope, value, state, reason, person, KILL_ENTRIES_MAX]
    return number(await this.#link.run({ text: SET_KILL, keys, args }, true))
  }

  async sayStops(said: string): Promise<void> {
    const keys = [this.#keys.nodes, this.#keys.said]
    await this.#link.run({ text: SAY_STOPS, keys, args: [this.#identity.node, said] })
  }

  /** Of stops, and of the sidecars that were heard within `heardWithinMs`. */
  async hearStops(stops: readonly Pick<KillEntry, 'scope' | 'value'>[], heardWithinMs: number): Promise<StopsHeard> {
    const keys = [this.#keys.bank, this.#keys.nodes, this.#keys.kill, this.#keys.said]
    const args = [heardWithinMs, ...stops.flatMap(({ scope, value }) => [scope, value])]
    const [epoch, changes, sidecars] = list(await this.#link.run({ text: HEAR_STOPS, keys, args }))
    return {
      epoch: text(epoch),
      changes: list(changes).map(number),
      sidecars: list(sidecars).map((one) => {
        const [node, name, heardMsAgo, said] = list(one)
        return { node: text(node), name: text(name), heardMsAgo: number(heardMsAgo), said: text(said) }
      }),
    }
  }

  #run(script: string, keys: readonly string[], known: Known, args: readonly (string | number)[], isDurable = false) {
    const { node, generation, token } = this.#identity
    const all = [node, generation, token, known.epoch, known.ops, ...args]
    return this.#link.run({ text: script, keys, args: all }, isDurable)
  }

  #common(): string[] {
    return [this.#keys.bank, this.#keys.nodes, this.#keys.awaited]
  }

  #ofAccount(key: string): string[] {
    return [...this.#common(), this.#keys.account(key), this.#keys.news]
  }
}

/** Of the bank, as it was heard last. */
export interface Known {
  readonly epoch: string
  readonly ops: number
}

const list = (reply: unknown): unknown[] => (Array.isArray(reply) ? reply : [])
const text = (reply: unknown): string => (typeof reply === 'string' || typeof reply === 'number' ? String(reply) : '')
const number = (reply: unknown): number => Number(text(reply) || 0)

function changed(reply: unknown): Changed {
  const [code, ops, now, drawn, total, spent, seq] = list(reply)
  const known = CODES.find((one) => one === code) ?? 'LOST'
  return {
    code: known,
    ops: number(ops),
    now: number(now),
    drawn: number(drawn),
    total: number(total),
    spent: number(spent),
    seq: number(seq),
  }
}
const CODES = ['OK', 'SHORT', 'SEEN', 'CLOSED', 'WINDOW', 'LOST', 'TAKEN'] as const

/** Written by scripts of this project. */
const nodesOf = (json: string) => {
  const { version, ids, left } = JSON.parse(json) as { version: number; ids: string[] | object; left: number }
  // An empty table of Lua is an object.
  return { version, left, ids: Array.isArray(ids) ? ids.map(String) : [] }
}

const SCOPES = ['agent', 'tenant', 'run', 'tool', 'model'] as const

/** What can't be read is a stop of the fleet. */
function killEntry(json: string): KillEntry {
  const { scope, value, state, reason, person, at, change } = JSON.parse(json) as Record<string, unknown>
  return {
    scope: SCOPES.find((one) => one === scope) ?? 'fleet',
    value: text(value),
    state: state === 'running' || state === 'draining' ? state : 'stopped',
    reason: text(reason),
    person: text(person),
    at: number(at),
    change: number(change),
  }
}
