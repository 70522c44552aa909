import type { MetricDefinition } from '../../../conventions.ts'
import { REFUSED } from './label-values.ts'

/** One line of numbers: a metric of one service with one set of labels. */
export interface Series {
  readonly metric: MetricDefinition
  readonly service: number
  /** Label value ids in the order of `metric.attributes`; undefined in the series that collects what was refused. */
  readonly labels: readonly number[] | undefined
  /** Sum of a counter or histogram, value of a gauge. */
  value: number
  /** Recordings of a histogram. */
  count: number
  /** Per boundary of a histogram and one for what lies above all. */
  readonly buckets: Float64Array
  /** Sliding window of an error rate. */
  window?: ErrorWindow
}

/** Failed and finished requests of the last hour (or as configured), in 60 parts that fall out one after the other. */
export class ErrorWindow {
  readonly #partMs: number
  readonly #finished = new Float64Array(PARTS)
  readonly #failed = new Float64Array(PARTS)
  #part: number

  constructor(windowMs: number, nowMs: number) {
    this.#partMs = windowMs / PARTS
    this.#part = Math.floor(nowMs / this.#partMs)
  }

  add(nowMs: number, failed: boolean): void {
    this.#moveTo(nowMs)
    const slot = this.#part % PARTS
    this.#finished[slot] = (this.#finished[slot] as number) + 1
    if (failed) this.#failed[slot] = (this.#failed[slot] as number) + 1
  }

  /** Failed / finished; 0 when nothing finished. */
  rate(nowMs: number): number {
    this.#moveTo(nowMs)
    const finished = sum(this.#finished)
    return finished === 0 ? 0 : sum(this.#failed) / finished
  }

  #moveTo(nowMs: number): void {
    const part = Math.floor(nowMs / this.#partMs)
    for (let left = Math.min(part - this.#part, PARTS); left > 0; left -= 1) {
      this.#part = part - left + 1
      this.#finished[this.#part % PARTS] = 0
      this.#failed[this.#part % PARTS] = 0
    }
  }
}

const PARTS = 60
const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0)

/**
 * All series, found by metric, service and label value ids without making a key string. Beyond `seriesMax` a recording
 * goes to one overflow series per metric and service, and is counted.
 */
export class SeriesTable {
  readonly all: Series[] = []
  readonly #seriesMax: number
  readonly #onRefused: () => void
  readonly #slots: Int32Array
  readonly #metrics: MetricDefinition[] = []
  readonly #overflows = new Map<string, Series>()

  constructor(seriesMax: number, onRefused: () => void) {
    this.#seriesMax = seriesMax
    this.#onRefused = onRefused
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2((seriesMax + 1) * 2)))
  }

  /** The series; `labels` is read, not kept, and may be used again by the caller. */
  find(metric: MetricDefinition, service: number, labels: readonly number[]): Series {
    let value = Math.imul(this.#metricIndex(metric) + 1, 0x9e3779b1) ^ Math.imul(service + 1, 0x85ebca6b)
    for (const label of labels) {
      if (label === REFUSED) return this.#overflow(metric, service)
      value = Math.imul(value ^ label, 0x01000193) ^ (value >>> 13)
    }
    const mask = this.#slots.length - 1
    for (let slot = (value ^ (value >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot] as number
      if (index === 0) return this.#add(slot, metric, service, labels)
      const series = this.all[index - 1] as Series
      if (series.metric === metric && series.service === service && sameLabels(series.labels, labels)) return series
    }
  }

  #add(slot: number, metric: MetricDefinition, service: number, labels: readonly number[]): Series {
    if (this.all.length - this.#overflows.size >= this.#seriesMax) return this.#overflow(metric, service)
    const series = newSeries(metric, service, [...labels])
    this.#slots[slot] = this.all.push(series)
    return series
  }

  #overflow(metric: MetricDefinition, service: number): Series {
    this.#onRefused()
    const key = `${metric.name} ${service}`
    const known = this.#overflows.get(key)
    if (known !== undefined) return known
    const series = newSeries(metric, service, undefined)
    this.all.push(series)
    this.#overflows.set(key, series)
    return series
  }

  /** Definitions are few and compared by identity. */
  #metricIndex(metric: MetricDefinition): number {
    const index = this.#metrics.indexOf(metric)
    return index >= 0 ? index : this.#metrics.push(metric) - 1
  }
}

/** Records one value in a histogram. */
export function observe(series: Series, value: number): void {
  const { boundaries } = series.metric
  let bucket = 0
  while (bucket < boundaries.length && value > (boundaries[bucket] as number)) bucket += 1
  series.buckets[bucket] = (series.buckets[bucket] as number) + 1
  series.count += 1
  series.value += value
}

const newSeries = (metric: MetricDefinition, service: number, labels: readonly number[] | undefined): Series => ({
  metric,
  service,
  labels,
  value: 0,
  count: 0,
  buckets: new Float64Array(metric.instrument === 'histogram' ? metric.boundaries.length + 1 : 0),
})

function sameLabels(known: readonly number[] | undefined, labels: readonly number[]): boolean {
  if (known === undefined || known.length !== labels.length) return false
  for (let index = 0; index < labels.length; index += 1) if (known[index] !== labels[index]) return false
  return true
}
