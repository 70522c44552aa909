import type { DatabaseSync } from 'node:sqlite'
import { numberOf, numberOrNull } from './database.ts'
import type { LogTable } from './log-table.ts'
import type { OriginTable } from './origin-table.ts'
import type { PointTable } from './point-table.ts'
import type { RunTable } from './run-table.ts'

interface Limits {
  readonly bytesMax: number
  readonly ageMsMax: number
}

interface Tables {
  readonly runs: RunTable
  readonly points: PointTable
  readonly logs: LogTable
  readonly origins: OriginTable
}

interface Surroundings {
  readonly clock: { now(): number; after(ms: number, callback: () => void): () => void }
  readonly logger: { error(fields: object, message: string): void }
  onDeleted(runs: number): void
}

const SWEEP_EVERY_MS = 60_000
/** Runs deleted in one transaction, and pages given back to the file system at a time: both keep the event loop for some milliseconds. */
const RUNS_PER_STEP = 20
const PAGES_PER_SWEEP = 2_000
/** A sweep for size goes down to this part of the limit, and begins after this part of it was written. */
const FILL_AFTER_SWEEP = 0.96
const WRITTEN_BEFORE_SWEEP = 1 / 32
/** After so many tenths 0.2 % of the time are left; then single runs fill the file. */
const TENTHS_MAX = 60
/** The file may be larger than its limit for the moment between writing and sweeping; beyond this SQLite itself refuses to write. */
const HARD_LIMIT = 1.25

/** Keeps the store within its limits: the runs that were silent longest go first, whole, and metrics of the same age with them. */
export class Retention {
  readonly #database: DatabaseSync
  readonly #tables: Tables
  readonly #surroundings: Surroundings
  readonly #pageBytes: number
  #limits: Limits = { bytesMax: Number.POSITIVE_INFINITY, ageMsMax: Number.POSITIVE_INFINITY }
  #written = 0
  #cancel: () => void

  constructor(database: DatabaseSync, tables: Tables, surroundings: Surroundings) {
    this.#database = database
    this.#tables = tables
    this.#surroundings = surroundings
    this.#pageBytes = this.#pragma('page_size')
    this.#cancel = surroundings.clock.after(SWEEP_EVERY_MS, () => this.#tick())
  }

  limit(limits: Limits): void {
    this.#limits = limits
    const pages = Math.max(64, Math.floor((limits.bytesMax * HARD_LIMIT) / this.#pageBytes))
    this.#database.exec(`PRAGMA max_page_count = ${pages}`)
  }

  /** Bytes of the file that hold something. */
  usedBytes(): number {
    return (this.#pragma('page_count') - this.#pragma('freelist_count')) * this.#pageBytes
  }

  extent(): { runs: number; oldestMs: number | null } {
    const row = this.#database.prepare('SELECT count(*) AS runs, min(start_us) AS oldest FROM run').get() ?? {}
    const oldest = numberOrNull(row, 'oldest')
    return { runs: numberOf(row, 'runs'), oldestMs: oldest === null ? null : oldest / 1000 }
  }

  wrote(bytes: number): void {
    this.#written += bytes
    if (this.#written >= this.#limits.bytesMax * WRITTEN_BEFORE_SWEEP) this.sweep()
  }

  stop(): void {
    this.#cancel()
  }

  sweep(): void {
    this.#written = 0
    const cutoffMs = this.#surroundings.clock.now() - this.#limits.ageMsMax
    this.#deleteSilentSince(cutoffMs)
    if (this.usedBytes() > this.#limits.bytesMax) this.#makeRoom()
    if (this.#pragma('freelist_count') > 0) this.#database.exec(`PRAGMA incremental_vacuum(${PAGES_PER_SWEEP})`)
  }

  #tick(): void {
    this.#cancel = this.#surroundings.clock.after(SWEEP_EVERY_MS, () => this.#tick())
    try {
      this.sweep()
    } catch (error) {
      this.#surroundings.logger.error(
        { err: error },
        'the store could not delete what is too old; it is tried again in a minute',
      )
    }
  }

  #deleteSilentSince(cutoffMs: number): void {
    while (this.#deleteRuns(cutoffMs) === RUNS_PER_STEP);
    this.#transaction(() => {
      this.#tables.points.deleteBefore(cutoffMs)
      this.#tables.logs.deleteBefore(cutoffMs)
      this.#tables.origins.deleteUnused(cutoffMs)
    })
  }

  /** Takes the oldest tenth of the time that is stored, again and again, until there is room. */
  #makeRoom(): void {
    const enough = this.#limits.bytesMax * FILL_AFTER_SWEEP
    const nowMs = this.#surroundings.clock.now()
    for (let tenth = 0; tenth < TENTHS_MAX && this.usedBytes() > enough; tenth++) {
      const oldestMs = this.#oldestMs()
      if (oldestMs === null) return
      this.#deleteSilentSince(oldestMs + Math.max(1, (nowMs - oldestMs) / 10))
    }
    while (this.usedBytes() > enough && this.#deleteRuns(Number.MAX_SAFE_INTEGER, 1) > 0);
  }

  #oldestMs(): number | null {
    const run = numberOrNull(this.#database.prepare('SELECT min(seen_ms) AS ms FROM run').get() ?? {}, 'ms')
    const point = this.#tables.points.oldestMs()
    return run === null || point === null ? (run ?? point) : Math.min(run, point)
  }

  #deleteRuns(cutoffMs: number, most = RUNS_PER_STEP): number {
    const rows = this.#database
      .prepare('SELECT id FROM run WHERE seen_ms < ? ORDER BY seen_ms LIMIT ?')
      .all(Math.floor(cutoffMs), most)
    if (rows.length === 0) return 0
    this.#transaction(() => {
      for (const row of rows) this.#tables.runs.delete(numberOf(row, 'id'))
    })
    this.#surroundings.onDeleted(rows.length)
    return rows.length
  }

  #transaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #pragma(name: 'page_size' | 'page_count' | 'freelist_count'): number {
    return numberOf(this.#database.prepare(`PRAGMA ${name}`).get(), name)
  }
}
