import type { DatabaseSync } from 'node:sqlite'
import { together } from './together.ts'

/** A line of the audit log that was synced to disk. */
export interface MarkedLine {
  readonly seq: number
  readonly hash: string
}

/** How far the audit log has come, in the ledger's file: a log that was deleted as a whole, or written anew, is not what is known here. */
export class AuditMark {
  readonly #database: DatabaseSync

  constructor({ database }: { readonly database: DatabaseSync }) {
    this.#database = database
  }

  get line(): MarkedLine | undefined {
    return readAuditMark(this.#database)
  }

  /** Never goes back. */
  note({ seq, hash }: MarkedLine): void {
    together(this.#database, () => this.#database.prepare(NOTE).run(seq, hash))
  }
}

/** Of a ledger that was opened for reading. Undefined where there is none. */
export function readAuditMark(database: DatabaseSync): MarkedLine | undefined {
  if (database.prepare(HAS_TABLE).get() === undefined) return undefined
  const row = database.prepare('SELECT seq, hash FROM audit_mark').get()
  return row === undefined ? undefined : { seq: Number(row['seq']), hash: String(row['hash']) }
}

const HAS_TABLE = `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'audit_mark'`
const NOTE = `INSERT INTO audit_mark VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash WHERE excluded.seq > seq`
