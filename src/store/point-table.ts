import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { numberOf, numberOrNull } from './database.ts'
import type { PointFacts } from './read-points.ts'

/** Data points of the metrics that the page shows. A point of the same series and time as one that is there is ignored. */
export class PointTable {
  readonly #database: DatabaseSync
  readonly #find: StatementSync
  readonly #insertSeries: StatementSync
  readonly #insertPoint: StatementSync
  readonly #use: StatementSync
  /** Ids of series by their identity; as many as `seriesMax` lets in. */
  readonly #known = new Map<string, number>()
  #series: number | undefined

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#find = database.prepare('SELECT id FROM series WHERE identity = ?')
    this.#insertSeries = database.prepare(
      'INSERT INTO series (identity, name, kind, cumulative, attributes, bounds, used_us) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    this.#insertPoint = database.prepare('INSERT INTO point VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
    this.#use = database.prepare('UPDATE series SET used_us = max(used_us, ?) WHERE id = ?')
  }

  /** Returns how many points belong to a new series beyond the limit and were refused. Inside a transaction. */
  add(points: readonly PointFacts[], seriesMax: number): number {
    let dropped = 0
    const used = new Map<number, number>()
    for (const point of points) {
      const series = this.#idOf(point, seriesMax)
      if (series === undefined) {
        dropped++
        continue
      }
      const { timeUs, startUs, value, min, max, buckets } = point
      this.#insertPoint.run(series, timeUs, startUs, value, min, max, buckets)
      used.set(series, Math.max(used.get(series) ?? 0, timeUs))
    }
    for (const [series, timeUs] of used) this.#use.run(timeUs, series)
    return dropped
  }

  /** Time of the oldest point; null without points. */
  oldestMs(): number | null {
    const first = this.#database.prepare('SELECT min(time_us) AS us FROM point WHERE series = ?')
    let oldest: number | null = null
    for (const row of this.#database.prepare('SELECT id FROM series').all()) {
      const us = numberOrNull(first.get(numberOf(row, 'id')) ?? {}, 'us')
      if (us !== null) oldest = Math.min(oldest ?? us / 1000, us / 1000)
    }
    return oldest
  }

  deleteBefore(cutoffMs: number): void {
    const cutoffUs = Math.floor(cutoffMs * 1000)
    const remove = this.#database.prepare('DELETE FROM point WHERE series = ? AND time_us < ?')
    for (const row of this.#database.prepare('SELECT id FROM series').all()) remove.run(numberOf(row, 'id'), cutoffUs)
    this.#database.prepare('DELETE FROM series WHERE used_us < ?').run(cutoffUs)
    this.forget()
  }

  /** After a rollback or a deletion the ids that were remembered can't be relied on. */
  forget(): void {
    this.#known.clear()
    this.#series = undefined
  }

  #idOf(point: PointFacts, seriesMax: number): number | undefined {
    const { identity } = point
    const known = this.#known.get(identity)
    if (known !== undefined) return known
    const row = this.#find.get(identity)
    if (row !== undefined) {
      const id = numberOf(row, 'id')
      this.#known.set(identity, id)
      return id
    }
    this.#series ??= numberOf(this.#database.prepare('SELECT count(*) AS n FROM series').get(), 'n')
    if (this.#series >= seriesMax) return undefined
    this.#series++
    const { name, kind, cumulative, attributes, bounds, timeUs } = point
    const values = [JSON.stringify(attributes), JSON.stringify(bounds)] as const
    const { lastInsertRowid } = this.#insertSeries.run(identity, name, kind, cumulative ? 1 : 0, ...values, timeUs)
    this.#known.set(identity, Number(lastInsertRowid))
    return Number(lastInsertRowid)
  }
}
