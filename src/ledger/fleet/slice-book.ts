import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { NanoUsd } from '../nano-usd.ts'
import { together } from '../together.ts'

/** What this sidecar has drawn from the bank for one account. */
export interface FleetSlice {
  readonly key: string
  /** All that it may spend in the window, spent or not. */
  readonly drawn: NanoUsd
  /** Number of the last change that was asked for: the bank takes each once, and none behind a later one. */
  readonly seq: number
  readonly cap: NanoUsd
  /** Drawn by all nodes, when the bank was heard last. */
  readonly total: NanoUsd
  /** Unix ms of the bank; 0 for never. */
  readonly starts: number
  readonly ends: number
}

/** Texts that are kept: the epoch of the bank, the sidecars that were seen, how far stops have gone. */
export type FleetFact = 'epoch' | 'nodes' | 'left' | 'generation' | 'kill_seen' | 'kill_pushed'

/**
 * What belongs to this sidecar in a fleet, in the ledger's file, so that one transaction changes both. Another ledger is another node: what the one before had
 * drawn counts as spent.
 */
export class SliceBook {
  readonly #database: DatabaseSync
  readonly #sql: Statements
  readonly #slices = new Map<string, FleetSlice>()

  /** `node`: the name of the ledger (its epoch). */
  constructor(database: DatabaseSync, node: string) {
    this.#database = database
    database.exec(TABLES)
    this.#sql = prepare(database)
    together(database, () => {
      if (this.#fact('node') !== node) {
        database.exec('DELETE FROM fleet_slice; DELETE FROM fleet_fact')
        this.#sql.setFact.run('node', node)
      }
      this.#sql.setFact.run('generation', String(Number(this.fact('generation') ?? 0) + 1))
    })
    for (const row of this.#sql.all.all()) {
      const slice = sliceOf(row)
      this.#slices.set(slice.key, slice)
    }
  }

  /** Goes up with every start. */
  get generation(): number {
    return Number(this.fact('generation') ?? 0)
  }

  slice(key: string): FleetSlice | undefined {
    return this.#slices.get(key)
  }

  all(): FleetSlice[] {
    return [...this.#slices.values()]
  }

  /** On disk when it returns, or when the transaction around it has ended. */
  put(slice: FleetSlice): void {
    const { key, drawn, seq, cap, total, starts, ends } = slice
    this.#sql.put.run(key, drawn, seq, cap, total, starts, ends)
    this.#slices.set(key, slice)
  }

  forget(key: string): void {
    this.#sql.drop.run(key)
    this.#slices.delete(key)
  }

  together<T>(change: () => T): T {
    return together(this.#database, change)
  }

  fact(key: FleetFact): string | undefined {
    return this.#fact(key)
  }

  setFact(key: FleetFact, value: string): void {
    this.#sql.setFact.run(key, value)
  }

  #fact(key: string): string | undefined {
    const value = this.#sql.fact.get(key)?.['value']
    return typeof value === 'string' ? value : undefined
  }
}

const sliceOf = (row: Record<string, unknown>): FleetSlice => ({
  key: String(row['key']),
  drawn: Number(row['drawn']),
  seq: Number(row['seq']),
  cap: Number(row['cap']),
  total: Number(row['total']),
  starts: Number(row['starts']),
  ends: Number(row['ends']),
})

const TABLES = `
CREATE TABLE IF NOT EXISTS fleet_slice (
  key TEXT PRIMARY KEY, drawn INTEGER NOT NULL, seq INTEGER NOT NULL, cap INTEGER NOT NULL, total INTEGER NOT NULL, starts INTEGER NOT NULL, ends INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fleet_fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`

type Statements = { readonly [Name in keyof typeof SQL]: StatementSync }

const SQL = {
  all: 'SELECT * FROM fleet_slice',
  put: 'INSERT INTO fleet_slice VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET drawn = excluded.drawn, seq = excluded.seq, cap = excluded.cap, total = excluded.total, starts = excluded.starts, ends = excluded.ends',
  drop: 'DELETE FROM fleet_slice WHERE key = ?',
  fact: 'SELECT value FROM fleet_fact WHERE key = ?',
  setFact: 'INSERT INTO fleet_fact VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
} as const

const prepare = (database: DatabaseSync): Statements => {
  const made: Partial<Record<keyof typeof SQL, StatementSync>> = {}
  for (const [name, text] of Object.entries(SQL)) made[name as keyof typeof SQL] = database.prepare(text)
  return made as Statements
}
