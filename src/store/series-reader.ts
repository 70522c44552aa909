import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { bytesOf, numberOf, numberOrNull, textOf } from './database.ts'
import type { Row } from './database.ts'
import { KIND_GAUGE } from './read-points.ts'
import type { SeriesPoint, Steps } from './series-math.ts'

export interface StoredSeries {
  readonly attributes: Readonly<Record<string, string>>
  /** Of a histogram. */
  readonly bounds: readonly number[]
  readonly cumulative: boolean
  /** In order of time, with one point before the range where there is one: as many as the steps need, not all that are stored. */
  readonly points: readonly SeriesPoint[]
  /** Largest single observation in the range, of a histogram that says so. */
  readonly max: number | null
}

interface ReadPoint extends SeriesPoint {
  readonly max: number | null
}

/**
 * Reads the series of a metric that were heard of in the range. A day holds thousands of points of every series and the sidecar has other work, so a
 * cumulative series is read at the end of each step only, and in full only where it began anew; SQLite looks for the highest value of a gauge.
 */
export function readSeries(database: DatabaseSync, name: string, steps: Steps, toMs: number): StoredSeries[] {
  const reader = new PointReader(database, steps, toMs)
  return database
    .prepare('SELECT * FROM series WHERE name = ? AND used_us > ?')
    .all(name, Math.floor(steps.fromMs * 1000))
    .map((row) => {
      const cumulative = numberOf(row, 'cumulative') === 1
      const points = reader.read(numberOf(row, 'id'), numberOf(row, 'kind'), cumulative)
      const highest = points.filter(({ timeMs }) => timeMs > steps.fromMs).map(({ max }) => max ?? -1)
      const max = Math.max(-1, ...highest)
      return {
        attributes: textRecord(textOf(row, 'attributes')),
        bounds: numberList(textOf(row, 'bounds')),
        cumulative,
        points,
        max: max < 0 ? null : max,
      }
    })
}

/** Time of the oldest point: what was counted before it is unknown. Infinity when there is none. */
export function listeningSince(database: DatabaseSync): number {
  const first = database.prepare('SELECT min(time_us) AS us FROM point WHERE series = ?')
  let since = Number.POSITIVE_INFINITY
  for (const row of database.prepare('SELECT id FROM series').all()) {
    const us = numberOrNull(first.get(numberOf(row, 'id')) ?? {}, 'us')
    if (us !== null) since = Math.min(since, us / 1000)
  }
  return since
}

class PointReader {
  readonly #fromUs: number
  readonly #toUs: number
  /** Ends of the steps. */
  readonly #endsUs: readonly number[]
  readonly #last: StatementSync
  readonly #between: StatementSync
  readonly #highest: StatementSync

  constructor(database: DatabaseSync, { fromMs, stepMs, count }: Steps, toMs: number) {
    this.#fromUs = Math.floor(fromMs * 1000)
    this.#toUs = Math.ceil(toMs * 1000)
    this.#endsUs = Array.from({ length: count }, (_, i) => Math.min(this.#toUs, this.#fromUs + (i + 1) * stepMs * 1000))
    this.#last = database.prepare('SELECT * FROM point WHERE series = ? AND time_us <= ? ORDER BY time_us DESC LIMIT 1')
    this.#between = database.prepare(
      'SELECT * FROM point WHERE series = ? AND time_us > ? AND time_us <= ? ORDER BY time_us',
    )
    this.#highest = database.prepare(
      'SELECT max(value) AS value FROM point WHERE series = ? AND time_us > ? AND time_us <= ?',
    )
  }

  read(series: number, kind: number, cumulative: boolean): ReadPoint[] {
    if (kind === KIND_GAUGE) return this.#gauge(series)
    return cumulative ? this.#cumulative(series) : this.#all(series, this.#fromUs, this.#toUs)
  }

  #all(series: number, afterUs: number, untilUs: number): ReadPoint[] {
    return this.#between.all(series, afterUs, untilUs).map((row) => pointOf(row))
  }

  #lastUntil(series: number, us: number): ReadPoint | undefined {
    const row = this.#last.get(series, us)
    return row === undefined ? undefined : pointOf(row)
  }

  #cumulative(series: number): ReadPoint[] {
    const before = this.#lastUntil(series, this.#fromUs)
    const points = before === undefined ? [] : [before]
    let stepStartUs = this.#fromUs
    for (const endUs of this.#endsUs) {
      const point = this.#lastUntil(series, endUs)
      const previous = points.at(-1)
      if (point !== undefined && point.timeMs * 1000 > stepStartUs) {
        const goesOn = previous !== undefined && point.startMs === previous.startMs && point.value >= previous.value
        points.push(...(goesOn ? [point] : this.#all(series, stepStartUs, endUs)))
      }
      stepStartUs = endUs
    }
    return points
  }

  /** Of every step with points the highest value, then the last one, both at the time of the last. */
  #gauge(series: number): ReadPoint[] {
    const before = this.#lastUntil(series, this.#fromUs)
    const points = before === undefined ? [] : [before]
    let stepStartUs = this.#fromUs
    for (const endUs of this.#endsUs) {
      const last = this.#lastUntil(series, endUs)
      if (last !== undefined && last.timeMs * 1000 > stepStartUs) {
        const value = numberOf(this.#highest.get(series, stepStartUs, endUs), 'value')
        points.push({ ...last, value }, last)
      }
      stepStartUs = endUs
    }
    return points
  }
}

const pointOf = (row: Row): ReadPoint => ({
  timeMs: numberOf(row, 'time_us') / 1000,
  startMs: numberOf(row, 'start_us') / 1000,
  value: numberOf(row, 'value'),
  buckets: counts(bytesOf(row, 'buckets')),
  max: numberOrNull(row, 'max'),
})

function counts(bytes: Buffer): number[] {
  const numbers: number[] = []
  for (let at = 0; at + 8 <= bytes.length; at += 8) numbers.push(Number(bytes.readBigUInt64LE(at)))
  return numbers
}

function textRecord(text: string): Record<string, string> {
  const parsed: unknown = JSON.parse(text)
  return Object.fromEntries(Object.entries(parsed ?? {}).map(([key, value]) => [key, String(value)]))
}

function numberList(text: string): number[] {
  const parsed: unknown = JSON.parse(text)
  return Array.isArray(parsed) ? parsed.map(Number) : []
}
