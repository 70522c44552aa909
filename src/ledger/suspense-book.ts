import type { DatabaseSync } from 'node:sqlite'
import type { Ledger } from './ledger.ts'
import type { NanoUsd } from './nano-usd.ts'

/** What is taken for spent, because nobody knows what became of it. */
export interface SuspendedHold {
  readonly id: string
  /** Of it. */
  readonly amount: NanoUsd
  readonly process: string
  readonly model: string
  readonly trace: string
  /** Unix ms, of the hold and of its end. */
  readonly createdAt: number
  readonly endedAt: number
}

/** Holds in suspense, in the ledger's file. They become less by what a provider reports or a person says, and by nothing else. */
export class SuspenseBook {
  readonly #ledger: Ledger
  readonly #database: DatabaseSync

  constructor(ledger: Ledger) {
    this.#ledger = ledger
    this.#database = ledger.database
  }

  /** Newest first. */
  list(limit: number): SuspendedHold[] {
    const rows = this.#database.prepare(LIST).all(limit)
    return rows.map((row) => ({
      id: String(row['id']),
      amount: Number(row['amount']),
      process: String(row['process']),
      model: String(row['model']),
      trace: String(row['trace']),
      createdAt: Number(row['created']),
      endedAt: Number(row['ended']),
    }))
  }

  /** Holds that are not settled: calls under way, and slices. */
  get openCount(): number {
    return Number(this.#database.prepare(OPEN).get()?.['count'] ?? 0)
  }

  get count(): number {
    return Number(this.#database.prepare(COUNT).get()?.['count'] ?? 0)
  }

  /** It cost so much, which is known now. Throws RangeError as `check` does. */
  lower(id: string, spent: NanoUsd): void {
    this.check(id, spent)
    this.#ledger.clear(id, spent)
  }

  /** Throws RangeError when it is not in suspense, or would become more. */
  check(id: string, spent: NanoUsd): void {
    const hold = this.#ledger.find(id)
    if (hold?.state !== 'suspense')
      throw new RangeError(`no hold ${id} is in suspense: its outcome is known, or it is open`)
    if (spent > hold.amount)
      throw new RangeError(`${hold.amount} nano-USD are in suspense for ${id}: it can become less, not ${spent}`)
  }
}

const LIST = `SELECT * FROM hold WHERE state = 'suspense' ORDER BY ended DESC, id LIMIT ?`
const OPEN = `SELECT count(*) AS count FROM hold WHERE state = 'open'`
const COUNT = `SELECT count(*) AS count FROM hold WHERE state = 'suspense'`
