import { labelName, metricName, type PrometheusType } from './metric-name.ts'

/** A metric as Prometheus knows it, with its series by their rendered labels. */
export interface Family {
  readonly name: string
  readonly type: PrometheusType
  readonly help: string
  readonly series: Map<string, StoredSeries>
}

/** The newest value of one label set. */
export interface StoredSeries {
  seenMs: number
  point: Point
}

/** Number of a counter or gauge, or what stands behind the buckets and quantiles of a distribution. */
export type Point = number | Distribution

export interface Distribution {
  readonly count: number
  readonly sum: number
  /** Upper bounds (or quantiles) and, per bound, the count in its own bucket (or the value). Buckets have one more, above all bounds. */
  readonly bounds: readonly number[]
  readonly values: readonly number[]
}

/** What identifies a metric on its way in. */
export interface MetricHead {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly type: PrometheusType
}

export interface StoreLimits {
  /** Label sets over all metrics. */
  readonly seriesMax: number
  /** A series that was not heard of for so long is forgotten. */
  readonly expirationMs: number
}

/** Why a data point was not stored. */
export type RefusedPoint = 'series_max' | 'type_conflict'

/** A full store looks for expired series no more often than this. */
const EXPIRE_PAUSE_MS = 1_000

/** Remembers the newest point of every series. Time is told; nothing here waits. */
export class MetricStore {
  readonly families = new Map<string, Family>()
  readonly #limits: StoreLimits
  #series = 0
  #expiredMs = -Infinity

  constructor(limits: StoreLimits) {
    this.#limits = limits
  }

  get series(): number {
    return this.#series
  }

  /** Stores a point; a delta is added to what is there. Gives the reason when it does not. */
  set(head: MetricHead, labels: string, point: Point, isDelta: boolean, nowMs: number): RefusedPoint | undefined {
    const name = metricName(head.name, head.unit, head.type)
    const family = this.families.get(name) ?? { name, type: head.type, help: head.description, series: new Map() }
    if (family.type !== head.type) return 'type_conflict'
    const known = family.series.get(labels)
    if (known === undefined) {
      if (this.#series >= this.#limits.seriesMax && nowMs - this.#expiredMs >= EXPIRE_PAUSE_MS) this.expire(nowMs)
      if (this.#series >= this.#limits.seriesMax) return 'series_max'
      this.families.set(name, family)
      family.series.set(labels, { seenMs: nowMs, point })
      this.#series += 1
      return undefined
    }
    known.point = isDelta ? sum(known.point, point) : point
    known.seenMs = nowMs
    return undefined
  }

  /** Forgets a series: its source says that it is over. */
  remove(head: MetricHead, labels: string): void {
    const family = this.families.get(metricName(head.name, head.unit, head.type))
    if (family?.series.delete(labels) === true) this.#series -= 1
    if (family?.series.size === 0) this.families.delete(family.name)
  }

  /** Forgets what was not heard of for too long. */
  expire(nowMs: number): void {
    this.#expiredMs = nowMs
    for (const family of this.families.values()) {
      for (const [labels, { seenMs }] of family.series) {
        if (nowMs - seenMs <= this.#limits.expirationMs) continue
        family.series.delete(labels)
        this.#series -= 1
      }
      if (family.series.size === 0) this.families.delete(family.name)
    }
  }
}

/** Labels as they stand between the braces, sorted. `fixed` (job, instance, …) go through unchanged and win. */
export function renderLabels(
  attributes: Iterable<readonly [key: string, value: string]>,
  fixed: Readonly<Record<string, string>>,
): string {
  const labels = new Map<string, string>()
  for (const [key, value] of [...attributes].sort(byKey)) {
    const name = labelName(key)
    const other = labels.get(name)
    labels.set(name, other === undefined ? value : `${other};${value}`)
  }
  for (const [name, value] of Object.entries(fixed)) if (value !== '') labels.set(name, value)
  return [...labels]
    .filter(([, value]) => value !== '')
    .sort(byKey)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',')
}

const byKey = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : a > b ? 1 : 0)

const escapeLabel = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

/** Distributions with other bounds than before start anew. */
function sum(a: Point, b: Point): Point {
  if (typeof a === 'number' || typeof b === 'number') return typeof a === 'number' && typeof b === 'number' ? a + b : b
  const sameBounds = a.bounds.length === b.bounds.length && a.bounds.every((bound, index) => bound === b.bounds[index])
  if (!sameBounds) return b
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    bounds: a.bounds,
    values: a.values.map((value, index) => value + (b.values[index] ?? 0)),
  }
}
