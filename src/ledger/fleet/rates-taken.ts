import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** What calls of this sidecar have taken of limits, as its own books have it: for a bank that was lost. */
export class RatesTaken {
  readonly #keys: StatementSync
  readonly #calls: StatementSync
  readonly #counts: StatementSync

  constructor(database: DatabaseSync) {
    this.#keys = database.prepare('SELECT DISTINCT key FROM rate_log')
    this.#calls = database.prepare('SELECT id, at FROM rate_log WHERE key = ? AND at > ? ORDER BY at DESC LIMIT ?')
    this.#counts = database.prepare('SELECT key, window, value, ends_at FROM rate_count WHERE ends_at > ?')
  }

  /** Keys of sliding windows. */
  keys(): string[] {
    return this.#keys.all().map((row) => String(row['key']))
  }

  /** Since `after` (Unix ms), the latest first. */
  calls(key: string, after: number, limit: number): { readonly id: string; readonly at: number }[] {
    return this.#calls.all(key, after, limit).map((row) => ({ id: String(row['id']), at: Number(row['at']) }))
  }

  /** Days that are not over (`window` is the day, `value` a count), and rates without a log (`value` is a time in microseconds). */
  counts(
    now: number,
  ): { readonly key: string; readonly window: string; readonly value: number; readonly endsAt: number }[] {
    return this.#counts.all(now).map((row) => ({
      key: String(row['key']),
      window: String(row['window']),
      value: Number(row['value']),
      endsAt: Number(row['ends_at']),
    }))
  }
}
