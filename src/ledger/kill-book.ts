import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { LedgerClock } from './ledger-clock.ts'
import { together } from './together.ts'

/** What can be stopped; `model` is one whose calls cost more than their bound. A fleet has one value, `fleet`. */
export type KillScope = 'fleet' | 'agent' | 'tenant' | 'run' | 'tool' | 'model'

/** `draining`: what is under way may end, nothing new begins. */
export type KillState = 'running' | 'draining' | 'stopped'

/** What a call is part of. */
export type KillScopeValues = { readonly [S in Exclude<KillScope, 'fleet'>]?: string | undefined }

export interface KillEntry {
  readonly scope: KillScope
  readonly value: string
  readonly state: KillState
  readonly reason: string
  /** Who: a person, or the rule that stopped it. */
  readonly person: string
  /** Unix ms. */
  readonly at: number
  /** Goes up with every change in the file: who has seen one knows what is newer. */
  readonly change: number
}

export interface KillOrder {
  readonly scope: KillScope
  readonly value: string
  readonly reason: string
  readonly person: string
}

export interface ResumeOrder extends KillOrder {
  /** A fleet is resumed only when it is said twice. */
  readonly isConfirmed?: boolean
}

/** Longest reason and name, in characters; longer ones are cut. */
export const KILL_TEXT_CHARACTERS_MAX = 256
/** Things that are not running; one more stops the fleet: nothing that was to be stopped may run because the list is full. */
export const KILL_ENTRIES_MAX = 10_000

/** What may run, in the ledger's file: a stop outlives every restart, and only a person with a reason ends it. */
export class KillBook {
  readonly #database: DatabaseSync
  readonly #clock: LedgerClock
  readonly #sql: Statements
  readonly #entriesMax: number

  /** The file and its clock are the ledger's. */
  constructor(
    { database, clock }: { readonly database: DatabaseSync; readonly clock: LedgerClock },
    entriesMax = KILL_ENTRIES_MAX,
  ) {
    this.#entriesMax = entriesMax
    this.#database = database
    this.#clock = clock
    this.#sql = prepare(database)
  }

  /** Stops, whatever the clock says. What is stopped already keeps its first reason. */
  stop(order: KillOrder): KillEntry {
    return this.#halt(order, 'stopped')
  }

  /** Stops all of them, or none. */
  stopAll(orders: readonly KillOrder[]): void {
    together(this.#database, () => orders.forEach((order) => this.stop(order)))
  }

  /** Lets what is under way end. What is stopped stays stopped. */
  drain(order: KillOrder): KillEntry {
    return this.#halt(order, 'draining')
  }

  /** False when it was running. Throws RangeError without a person and a reason, and for a fleet that is not confirmed. */
  resume({ scope, value: named, person, reason, isConfirmed = false }: ResumeOrder): boolean {
    const value = valueOf(scope, named)
    if (person.trim() === '') throw new RangeError('who resumes? A person has to be named')
    if (reason.trim() === '') throw new RangeError('why is it resumed? A reason has to be given')
    if (scope === 'fleet' && !isConfirmed) throw new RangeError('to resume the whole fleet has to be confirmed')
    return together(this.#database, () => {
      const known = this.#sql.get.get(scope, value)
      if (known === undefined || stateOf(known['state']) === 'running') return false
      this.#write(scope, value, 'running', reason, person)
      return true
    })
  }

  /** The strictest state of all that a call is part of, and what it comes from; undefined when everything runs. */
  effective(values: KillScopeValues): KillEntry | undefined {
    let strictest = this.entry('fleet', FLEET)
    for (const scope of SCOPES) {
      const value = values[scope]
      const entry = value === undefined ? undefined : this.entry(scope, value)
      if (entry !== undefined && RANK[entry.state] > RANK[strictest?.state ?? 'running']) strictest = entry
    }
    return strictest
  }

  /** What stands in the way of one scope; undefined when it runs. */
  entry(scope: KillScope, value: string): KillEntry | undefined {
    const row = this.#sql.get.get(scope, value)
    const entry = row === undefined ? undefined : entryOf(row)
    return entry?.state === 'running' ? undefined : entry
  }

  /** All that is not running, the latest change first. */
  list(limit = KILL_ENTRIES_MAX): KillEntry[] {
    return this.#sql.list.all(limit).map(entryOf)
  }

  /** What changed after the change with the number, in order; resumed ones too. */
  since(change: number, limit = KILL_ENTRIES_MAX): KillEntry[] {
    return this.#sql.since.all(change, limit).map(entryOf)
  }

  /** Forgets what was resumed, and runs that were stopped, before the time (Unix ms): no run comes back. What else is stopped is never forgotten. */
  prune(before: number): void {
    together(this.#database, () => this.#sql.prune.run(before))
  }

  #halt({ scope, value: named, reason, person }: KillOrder, state: 'draining' | 'stopped'): KillEntry {
    const value = valueOf(scope, named)
    return together(this.#database, () => {
      const known = this.entry(scope, value)
      if (known !== undefined && RANK[known.state] >= RANK[state]) return known
      const isFull = known === undefined && scope !== 'fleet' && this.#count() >= this.#entriesMax
      if (isFull)
        return this.#halt(
          { scope: 'fleet', value: FLEET, reason: `more than ${this.#entriesMax} things are stopped`, person },
          'stopped',
        )
      return this.#write(scope, value, state, reason, person)
    })
  }

  #count(): number {
    return Number(this.#sql.count.get()?.['count'] ?? 0)
  }

  #write(scope: KillScope, value: string, state: KillState, reason: string, person: string): KillEntry {
    const at = this.#clock.atLeastLast()
    const change = Number(this.#sql.last.get()?.['change'] ?? 0) + 1
    const [why, who] = [reason, person].map((text) => text.trim().slice(0, KILL_TEXT_CHARACTERS_MAX))
    const entry = { scope, value, state, reason: why ?? '', person: who ?? '', at, change }
    this.#sql.put.run(scope, value, state, entry.reason, entry.person, at, change)
    this.#sql.remember.run(change)
    return entry
  }
}

const FLEET = 'fleet'
const SCOPES = ['agent', 'tenant', 'run', 'tool', 'model'] as const
const RANK: Readonly<Record<KillState, number>> = { running: 0, draining: 1, stopped: 2 }

function valueOf(scope: KillScope, value: string): string {
  if (scope === 'fleet') return FLEET
  if (value === '') throw new RangeError(`which ${scope}? Its name has to be given`)
  return value
}

/** What can't be read is stopped. */
const stateOf = (value: unknown): KillState => (value === 'running' || value === 'draining' ? value : 'stopped')

const entryOf = (row: Record<string, unknown>): KillEntry => ({
  scope: SCOPES.find((scope) => scope === row['scope']) ?? 'fleet',
  value: String(row['value']),
  state: stateOf(row['state']),
  reason: String(row['reason']),
  person: String(row['person']),
  at: Number(row['at']),
  change: Number(row['changes']),
})

type Statements = { readonly [Name in keyof typeof SQL]: StatementSync }

const SQL = {
  get: 'SELECT * FROM kill WHERE scope = ? AND value = ?',
  put: `INSERT INTO kill VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (scope, value) DO UPDATE SET
    state = excluded.state, reason = excluded.reason, person = excluded.person, at = excluded.at, changes = excluded.changes`,
  list: `SELECT * FROM kill WHERE state <> 'running' ORDER BY changes DESC LIMIT ?`,
  since: 'SELECT * FROM kill WHERE changes > ? ORDER BY changes LIMIT ?',
  count: `SELECT count(*) AS count FROM kill WHERE state <> 'running'`,
  // The number outlives the entry that had it.
  last: `SELECT value AS change FROM meta WHERE key = 'kill_change'`,
  remember: `INSERT INTO meta VALUES ('kill_change', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  prune: `DELETE FROM kill WHERE (state = 'running' OR scope = 'run') AND at < ?`,
} as const

const prepare = (database: DatabaseSync): Statements => {
  const made: Partial<Record<keyof typeof SQL, StatementSync>> = {}
  for (const [name, text] of Object.entries(SQL)) made[name as keyof typeof SQL] = database.prepare(text)
  return made as Statements
}
