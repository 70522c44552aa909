import { createHash } from 'node:crypto'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { OriginTable } from './origin-table.ts'
import type { LogFacts } from './read-logs.ts'

/** Log records of traces. A record that is there already, told by its bytes, is ignored. */
export class LogTable {
  readonly #origins: OriginTable
  readonly #insert: StatementSync
  readonly #delete: StatementSync

  constructor(database: DatabaseSync, origins: OriginTable) {
    this.#origins = origins
    this.#insert = database.prepare(
      'INSERT INTO log (trace, span, time_us, digest, origin, bytes) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    )
    this.#delete = database.prepare('DELETE FROM log WHERE time_us < ?')
  }

  /** Inside a transaction. */
  add(logs: readonly LogFacts[], nowMs: number): void {
    for (const { resource, scope, traceId, spanId, timeUs, body } of logs) {
      const digest = createHash('sha256').update(body).digest().subarray(0, 8)
      // A record without a time is placed where it arrived, or the age limit would take it at once.
      const time = timeUs === 0 ? nowMs * 1000 : timeUs
      this.#insert.run(traceId, spanId, time, digest, this.#origins.idOf(resource, scope, nowMs), body)
    }
  }

  deleteBefore(cutoffMs: number): void {
    this.#delete.run(Math.floor(cutoffMs * 1000))
  }
}
