import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { Signal } from '../otlp/schema.ts'
import { OtlpView } from '../otlp/view.ts'
import { openDatabase } from './database.ts'
import { LogTable } from './log-table.ts'
import { queryMetrics, querySpend } from './metric-queries.ts'
import { OriginTable } from './origin-table.ts'
import { PointTable } from './point-table.ts'
import { readLogs } from './read-logs.ts'
import { readPoints } from './read-points.ts'
import { readSpans } from './read-spans.ts'
import type { Metrics, Run, RunDetail, RunPage, RunQuery, SpanDetail, Summary } from './records.ts'
import { Retention } from './retention.ts'
import {
  queryAgents,
  queryFinished,
  queryRun,
  queryRunDetail,
  queryRuns,
  queryRunSpend,
  querySpan,
} from './run-queries.ts'
import { RunTable } from './run-table.ts'

/** What the store needs of its surroundings; every component's context has it. */
export interface StoreContext {
  readonly clock: { now(): number; after(ms: number, callback: () => void): () => void }
  readonly logger: { warn(fields: object, message: string): void; error(fields: object, message: string): void }
  readonly metrics: { counter(name: string, description: string): { add(n: number): void } }
  readonly stateFolder: string
}

export interface StoreLimits {
  /** Size of the file; the oldest runs make room. */
  readonly bytesMax: number
  readonly ageMsMax: number
  /** Spans of one run; further ones are dropped and counted, except for what the run's row needs of its root. */
  readonly spansPerRunMax: number
  readonly bytesPerRunMax: number
  /** Series of the stored metrics; points of further ones are dropped and counted. */
  readonly seriesMax: number
}

export const storeLimits: StoreLimits = {
  bytesMax: 512 * 1024 * 1024,
  ageMsMax: 7 * 24 * 3_600_000,
  spansPerRunMax: 20_000,
  bytesPerRunMax: 64 * 1024 * 1024,
  seriesMax: 2_000,
}

/** What a batch changed: traces by their hex id. */
export interface StoreWrite {
  readonly traceIds: ReadonlySet<string>
  readonly metrics: boolean
}

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/**
 * Recent runs and metrics in one SQLite file, for the page of this sidecar. Everything it is given must be redacted already. Spans may come in any order
 * and more than once; a run's row is always what its spans say. Writing is synchronous: one transaction for each batch.
 */
export class EmbeddedStore {
  readonly #database: DatabaseSync
  readonly #context: StoreContext
  readonly #origins: OriginTable
  readonly #runs: RunTable
  readonly #points: PointTable
  readonly #logs: LogTable
  readonly #retention: Retention
  readonly #listeners = new Set<(write: StoreWrite) => void>()
  readonly #droppedSpans: { add(n: number): void }
  readonly #droppedPoints: { add(n: number): void }
  #limits: StoreLimits = storeLimits

  /** Opens or makes `<state>/store.sqlite`. Throws when the folder can't be written. */
  constructor(context: StoreContext) {
    this.#context = context
    const { clock, logger, metrics } = context
    const path = join(context.stateFolder, 'store.sqlite')
    this.#database = openDatabase(path, `${clock.now()}.old`, (fields) => {
      logger.warn(fields, 'the store cannot read its file and begins a new one; the old file is kept beside it')
    })
    this.#origins = new OriginTable(this.#database)
    this.#runs = new RunTable(this.#database, this.#origins)
    this.#points = new PointTable(this.#database)
    this.#logs = new LogTable(this.#database, this.#origins)
    const deleted = metrics.counter(
      'otelcol_store_deleted_runs',
      'Runs deleted from the embedded store by age or size.',
    )
    this.#droppedSpans = metrics.counter('otelcol_store_dropped_spans', 'Spans refused by a limit of the store.')
    this.#droppedPoints = metrics.counter('otelcol_store_dropped_points', 'Points refused by a limit of the store.')
    this.#retention = new Retention(
      this.#database,
      { runs: this.#runs, points: this.#points, logs: this.#logs, origins: this.#origins },
      { clock, logger, onDeleted: (runs) => deleted.add(runs) },
    )
    this.limit({})
  }

  get limits(): StoreLimits {
    return this.#limits
  }

  /** Sets limits other than the default ones. */
  limit(limits: Partial<StoreLimits>): void {
    this.#limits = { ...this.#limits, ...limits }
    this.#retention.limit(this.#limits)
  }

  /** Stores one batch. Throws when the database refuses it (a full disk, a lock that is held too long); then nothing of it is stored. */
  write(signal: Signal, bytes: Buffer): void {
    const view = new OtlpView(signal, bytes)
    let written: StoreWrite
    try {
      written = this.#transaction(() => this.#add(view))
    } finally {
      view.release()
    }
    this.#retention.wrote(bytes.length)
    if (written.traceIds.size > 0 || written.metrics) for (const listener of this.#listeners) listener(written)
  }

  /** Calls back after every batch that changed something; the function it returns ends that. */
  onWrite(listener: (write: StoreWrite) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  runs(query: RunQuery): RunPage {
    return queryRuns(this.#database, query, this.#context.clock.now())
  }

  run(traceId: string): Run | undefined {
    return queryRun(this.#database, traceId, this.#context.clock.now())
  }

  runDetail(traceId: string): RunDetail | undefined {
    return queryRunDetail(this.#database, traceId, this.#context.clock.now())
  }

  span(traceId: string, spanId: string): SpanDetail | undefined {
    return querySpan(this.#database, traceId, spanId)
  }

  metrics(fromMs: number, toMs: number): Metrics {
    return queryMetrics(this.#database, fromMs, toMs)
  }

  summary(): Omit<Summary, 'version' | 'guard' | 'alerts'> {
    const nowMs = this.#context.clock.now()
    const dayStartMs = Math.floor(nowMs / DAY_MS) * DAY_MS
    const { finished, failed } = queryFinished(this.#database, nowMs - HOUR_MS)
    const { runs, oldestMs } = this.#retention.extent()
    return {
      nowMs,
      dayStartMs,
      // Neither has all of it: counters come every few seconds and lose the last ones when the sidecar is killed; runs are deleted, or sampled out.
      spendTodayUsd: Math.max(querySpend(this.#database, dayStartMs, nowMs), queryRunSpend(this.#database, dayStartMs)),
      runsLastHour: finished,
      failedLastHour: failed,
      agents: queryAgents(this.#database),
      stored: {
        runs,
        oldestMs,
        bytes: this.#retention.usedBytes(),
        bytesMax: this.#limits.bytesMax,
        ageMsMax: this.#limits.ageMsMax,
      },
    }
  }

  /** Deletes at once what is beyond the limits, instead of in the next minute. */
  sweep(): void {
    this.#retention.sweep()
  }

  close(): void {
    this.#retention.stop()
    this.#listeners.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #add(view: OtlpView): StoreWrite {
    const nowMs = this.#context.clock.now()
    if (view.signal === 'metrics') {
      const points = readPoints(view)
      this.#droppedPoints.add(this.#points.add(points, this.#limits.seriesMax))
      return { traceIds: new Set(), metrics: points.length > 0 }
    }
    if (view.signal === 'logs') {
      this.#logs.add(readLogs(view), nowMs)
      return { traceIds: new Set(), metrics: false }
    }
    const { groups, invalid } = readSpans(view)
    const { traceIds, dropped } = this.#runs.add(groups, this.#limits, nowMs)
    this.#droppedSpans.add(invalid + dropped)
    return { traceIds, metrics: false }
  }

  #transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      // SQLite has rolled back by itself after some errors, a full disk among them.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      this.#origins.forget()
      this.#points.forget()
      throw error
    }
  }
}

/** The store as a part that components share. */
export const storeService = {
  name: 'store',
  create: (context: StoreContext): EmbeddedStore => new EmbeddedStore(context),
}
