import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { together } from './together.ts'

/**
 * What became of a call that a person is to decide about. `timeout`: nobody did in time. `withdrawn`: its process is gone, or wants it no more. `stopped`: a stop came
 * first. `released`: the configuration asks for no person any more.
 */
export type ApprovalState = 'pending' | 'approved' | 'denied' | 'timeout' | 'withdrawn' | 'stopped' | 'released'

/** What a person is shown, and what the audit log is told: structure and ids, nothing that the call is given. */
export interface ApprovalCall {
  readonly tool: string
  readonly class: string
  readonly agent: string
  readonly run?: string | undefined
  readonly trace?: string | undefined
  readonly span?: string | undefined
  readonly summary: string
  readonly argumentsHmac: string
}

export interface ApprovalEntry {
  /** That of the call, chosen by who asks. */
  readonly id: string
  readonly process: string
  readonly call: ApprovalCall
  /** Unix ms, as the times below. */
  readonly askedAt: number
  readonly deadline: number
  readonly state: ApprovalState
  /** Who decided, and why; empty when nobody did. */
  readonly person: string
  readonly reason: string
  readonly decidedAt: number
}

/** Calls that wait for a person, and what was decided, in the ledger's file: no restart forgets a question, and no question is answered twice. */
export class ApprovalBook {
  readonly #database: DatabaseSync
  readonly #sql: Statements

  constructor({ database }: { readonly database: DatabaseSync }) {
    this.#database = database
    database.exec(TABLE)
    this.#sql = prepare(database)
  }

  find(id: string): ApprovalEntry | undefined {
    const row = this.#sql.find.get(id)
    return row === undefined ? undefined : entryOf(row)
  }

  /** Those that wait, the one that has waited longest first. */
  pending(): ApprovalEntry[] {
    return this.#sql.pending.all().map(entryOf)
  }

  /** Those that were decided last, the newest first. */
  decided(limit: number): ApprovalEntry[] {
    return this.#sql.decided.all(limit).map(entryOf)
  }

  get pendingCount(): number {
    return Number(this.#sql.count.get()?.['count'] ?? 0)
  }

  /** A question that is known already stays as it is. */
  ask(asked: Pick<ApprovalEntry, 'id' | 'process' | 'call' | 'askedAt' | 'deadline'>): void {
    const { id, process, call, askedAt, deadline } = asked
    this.#sql.add.run(id, process, JSON.stringify(call), Math.floor(askedAt), Math.floor(deadline))
  }

  /** One transaction: all of it is on disk, or none. */
  together(change: (book: ApprovalBook) => void): void {
    together(this.#database, () => change(this))
  }

  /** False when it was decided before, or never asked: the first decision stands. */
  decide(id: string, state: Exclude<ApprovalState, 'pending'>, at: number, person = '', reason = ''): boolean {
    return together(
      this.#database,
      () => Number(this.#sql.decide.run(state, person, reason, Math.floor(at), id).changes) > 0,
    )
  }

  /** Forgets what was asked before the time (Unix ms) and decided since. */
  prune(before: number): void {
    together(this.#database, () => this.#sql.prune.run(before))
  }
}

const TABLE = `
CREATE TABLE IF NOT EXISTS approval (
  id TEXT PRIMARY KEY, process TEXT NOT NULL, call TEXT NOT NULL, asked_at INTEGER NOT NULL, deadline INTEGER NOT NULL, state TEXT NOT NULL,
  person TEXT NOT NULL, reason TEXT NOT NULL, decided_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS approval_by_state ON approval (state, asked_at);
CREATE INDEX IF NOT EXISTS approval_by_decision ON approval (decided_at);
`

const SQL = {
  find: 'SELECT * FROM approval WHERE id = ?',
  pending: `SELECT * FROM approval WHERE state = 'pending' ORDER BY asked_at, id`,
  decided: `SELECT * FROM approval WHERE state <> 'pending' ORDER BY decided_at DESC, id LIMIT ?`,
  count: `SELECT count(*) AS count FROM approval WHERE state = 'pending'`,
  add: `INSERT INTO approval VALUES (?, ?, ?, ?, ?, 'pending', '', '', 0) ON CONFLICT (id) DO NOTHING`,
  decide: `UPDATE approval SET state = ?, person = ?, reason = ?, decided_at = ? WHERE id = ? AND state = 'pending'`,
  prune: `DELETE FROM approval WHERE state <> 'pending' AND asked_at < ?`,
} as const

type Statements = { readonly [Name in keyof typeof SQL]: StatementSync }

const prepare = (database: DatabaseSync): Statements => {
  const made: Partial<Record<keyof typeof SQL, StatementSync>> = {}
  for (const [name, text] of Object.entries(SQL)) made[name as keyof typeof SQL] = database.prepare(text)
  return made as Statements
}

const STATES: readonly ApprovalState[] = [
  'pending',
  'approved',
  'denied',
  'timeout',
  'withdrawn',
  'stopped',
  'released',
]

const entryOf = (row: Record<string, unknown>): ApprovalEntry => ({
  id: String(row['id']),
  process: String(row['process']),
  // Written by this file only.
  call: JSON.parse(String(row['call'])) as ApprovalCall,
  askedAt: Number(row['asked_at']),
  deadline: Number(row['deadline']),
  // What can't be read is denied.
  state: STATES.find((state) => state === row['state']) ?? 'denied',
  person: String(row['person']),
  reason: String(row['reason']),
  decidedAt: Number(row['decided_at']),
})
