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
  /** The newest that came; they stay until others come. */
  exemplars: readonly Exemplar[]
  /** What it takes in a scrape. */
  bytes: number
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

/** One recording and the span that it comes from; ids are hex. */
export interface Exemplar {
  readonly value: number
  /** Unix ms. */
  readonly timeMs: number
  readonly traceId: string
  readonly spanId: string
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
  /** What all of them may take in a scrape, about. */
  readonly scrapeBytesMax: number
  /** A series that was not heard of for so long is forgotten. */
  readonly expirationMs: number
}

/** Why a data point was not stored. */
export type RefusedPoint = 'series_max' | 'scrape_bytes_max' | 'type_conflict'

/** A full store looks for expired series no more often than this. */
const EXPIRE_PAUSE_MS = 1_000
/** What is shown of a description, in characters. */
const HELP_CHARACTERS_MAX = 1_000
/** A value, a bound and the punctuation around them. */
const SAMPLE_BYTES = 48
const EXEMPLAR_BYTES = 120
/** Of one series; further ones are left out. */
const EXEMPLARS_MAX = 20

/** Remembers the newest point of every series. Time is told; nothing here waits. */
export class MetricStore {
  readonly families = new Map<string, Family>()
  readonly #limits: StoreLimits
  #series = 0
  #bytes = 0
  #expiredMs = -Infinity

  constructor(limits: StoreLimits) {
    this.#limits = limits
  }

  get series(): number {
    return this.#series
  }

  /** Stores a point; a delta is added to what is there. Gives the reason when it does not. */
  set(
    head: MetricHead,
    labels: string,
    point: Point,
    isDelta: boolean,
    nowMs: number,
    newExemplars: readonly Exemplar[] = [],
  ): RefusedPoint | undefined {
    const name = metricName(head.name, head.unit, head.type)
    const family = this.families.get(name) ?? newFamily(name, head)
    if (family.type !== head.type) return 'type_conflict'
    const known = family.series.get(labels)
    const next = isDelta && known !== undefined ? sum(known.point, point) : point
    const exemplars = newExemplars.length > 0 ? newExemplars.slice(0, EXEMPLARS_MAX) : (known?.exemplars ?? [])
    const bytes = bytesOf(name, labels, next) + exemplars.length * EXEMPLAR_BYTES
    const refused = this.#refusal(known, bytes)
    if (refused !== undefined) {
      if (nowMs - this.#expiredMs < EXPIRE_PAUSE_MS) return refused
      this.expire(nowMs)
      return this.set(head, labels, point, isDelta, nowMs, newExemplars)
    }
    this.families.set(name, family)
    family.series.set(labels, { seenMs: nowMs, point: next, exemplars, bytes })
    this.#series += known === undefined ? 1 : 0
    this.#bytes += bytes - (known?.bytes ?? 0)
    return undefined
  }

  #refusal(known: StoredSeries | undefined, bytes: number): RefusedPoint | undefined {
    const { seriesMax, scrapeBytesMax } = this.#limits
    if (known === undefined && this.#series >= seriesMax) return 'series_max'
    return this.#bytes - (known?.bytes ?? 0) + bytes > scrapeBytesMax ? 'scrape_bytes_max' : undefined
  }

  /** Forgets a series: its source says that it is over. */
  remove(head: MetricHead, labels: string): void {
    const family = this.families.get(metricName(head.name, head.unit, head.type))
    const known = family?.series.get(labels)
    if (family === undefined || known === undefined) return
    this.#forget(family, labels, known)
    if (family.series.size === 0) this.families.delete(family.name)
  }

  /** Forgets what was not heard of for too long. */
  expire(nowMs: number): void {
    this.#expiredMs = nowMs
    for (const family of this.families.values()) {
      for (const [labels, series] of family.series) {
        if (nowMs - series.seenMs > this.#limits.expirationMs) this.#forget(family, labels, series)
      }
      if (family.series.size === 0) this.families.delete(family.name)
    }
  }

  #forget(family: Family, labels: string, { bytes }: StoredSeries): void {
    family.series.delete(labels)
    this.#series -= 1
    this.#bytes -= bytes
  }
}

const newFamily = (name: string, { type, description }: MetricHead): Family => ({
  name,
  type,
  help: description.slice(0, HELP_CHARACTERS_MAX),
  series: new Map(),
})

/** A line for each sample, with its name and labels. */
function bytesOf(name: string, labels: string, point: Point): number {
  const samples = typeof point === 'number' ? 1 : point.bounds.length + 3
  return samples * (name.length + labels.length + SAMPLE_BYTES)
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
