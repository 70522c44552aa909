import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** A clock that was set back by more than this denies: the window could be one that is closed already. */
export const CLOCK_SKEW_MS_MAX = 60_000

/** The time of all books in one file. It is written down and never falls, over restarts too; where a clock was set back a little, it stands still. */
export class LedgerClock {
  readonly #now: () => number
  readonly #write: StatementSync
  #lastMs: number

  /** `now`: Unix ms. */
  constructor(database: DatabaseSync, now: () => number) {
    this.#now = now
    this.#write = database.prepare(
      `INSERT INTO meta VALUES ('clock', ?) ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)`,
    )
    const last = database.prepare(`SELECT value FROM meta WHERE key = 'clock'`).get()?.['value']
    this.#lastMs = typeof last === 'number' ? last : 0
  }

  /** The latest time that was written. */
  get lastMs(): number {
    return this.#lastMs
  }

  /** The time to book with; undefined when the clock was set back too far. */
  tick(): number | undefined {
    const at = Math.floor(this.#now())
    if (at < this.#lastMs - CLOCK_SKEW_MS_MAX) return undefined
    if (at > this.#lastMs) {
      this.#lastMs = at
      this.#write.run(at)
    }
    return this.#lastMs
  }

  /** Now, for what is written whatever the clock says. */
  atLeastLast(): number {
    return Math.max(this.#lastMs, Math.floor(this.#now()))
  }
}
