import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { velocityBaseline } from '../limits/velocity.ts'
import type { PastRun, VelocityBaseline } from '../limits/velocity.ts'
import { NANO_USD_MAX } from './nano-usd.ts'
import { together } from './together.ts'

/** Runs of an agent that are looked at, and kept: the latest. */
export const PAST_RUNS_MAX = 1_000

export interface EndedRun extends PastRun {
  readonly agent: string
  /** Unix ms. */
  readonly endedAt: number
  /** Minutes in which it spent something. */
  readonly minutes: number
}

/** What the runs of each agent were like, in the ledger's file: what is unusual is known after a restart as well. Runs that were stopped are not in it. */
export class PastRuns {
  readonly #database: DatabaseSync
  readonly #add: StatementSync
  readonly #forget: StatementSync
  readonly #of: StatementSync
  readonly #prune: StatementSync

  constructor({ database }: { readonly database: DatabaseSync }) {
    this.#database = database
    this.#add = database.prepare('INSERT INTO past_run VALUES (?, ?, ?, ?, ?)')
    this.#forget = database.prepare(
      `DELETE FROM past_run WHERE agent = ? AND rowid NOT IN
        (SELECT rowid FROM past_run WHERE agent = ? ORDER BY ended_at DESC, rowid DESC LIMIT ${PAST_RUNS_MAX})`,
    )
    this.#of = database.prepare('SELECT nano_usd, wall_ms, minutes FROM past_run WHERE agent = ?')
    this.#prune = database.prepare('DELETE FROM past_run WHERE ended_at < ?')
  }

  add(runs: readonly EndedRun[]): void {
    if (runs.length === 0) return
    together(this.#database, () => {
      for (const { agent, endedAt, nanoUsd, wallClockMs, minutes } of runs)
        this.#add.run(agent, endedAt, Math.min(nanoUsd, NANO_USD_MAX), wallClockMs, minutes)
      for (const agent of new Set(runs.map((run) => run.agent))) this.#forget.run(agent, agent)
    })
  }

  baseline(agent: string): VelocityBaseline {
    const runs = this.#of.all(agent).map((row) => ({
      nanoUsd: Number(row['nano_usd']),
      wallClockMs: Number(row['wall_ms']),
      minutes: Number(row['minutes']),
    }))
    const minutes = runs.reduce((sum, run) => sum + run.minutes, 0)
    const spent = runs.reduce((sum, run) => sum + run.nanoUsd, 0)
    return velocityBaseline(runs, minutes === 0 ? 0 : spent / minutes)
  }

  /** Forgets runs that ended before the time, Unix ms. */
  prune(before: number): void {
    together(this.#database, () => this.#prune.run(before))
  }
}
