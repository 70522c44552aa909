import type { MetricDefinition } from '../../../conventions.ts'
import { Exemplars } from './exemplars.ts'
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
  /** Unix ms: nothing was recorded before. */
  startMs: number
  /** When something was recorded last, Unix ms. */
  touchedMs: number
  /** Something was recorded since the last export. */
  isTouched: boolean
  exemplars?: Exemplars
}

export interface ErrorWindowState {
  readonly partMs: number
  readonly part: number
  readonly finished: number[]
  readonly failed: number[]
}

/** Failed and finished requests of the last hour (or as configured), in 60 parts that fall out one after the other. */
export class ErrorWindow {
  readonly #partMs: number
  readonly #finished = new Float64Array(PARTS)
  readonly #failed = new Float64Array(PARTS)
  #part: number

  /** Undefined when the window of the snapshot had another length. */
  static of({ partMs, part, finished, failed }: ErrorWindowState, windowMs: number): ErrorWindow | undefined {
    if (partMs !== windowMs / PARTS || finished.length !== PARTS || failed.length !== PARTS) return undefined
    const window = new ErrorWindow(windowMs, part * partMs)
    window.#part = part
    window.#finished.set(finished)
    window.#failed.set(failed)
    return window
  }

  get state(): ErrorWindowState {
    return { partMs: this.#partMs, part: this.#part, finished: [...this.#finished], failed: [...this.#failed] }
  }

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
 * All series, found by metric, service and label value ids without making a key string. Beyond `seriesMax` of one metric a recording
 * goes to one overflow series per metric and service, and is counted.
 */
export class SeriesTable {
  readonly all: Series[] = []
  readonly #seriesMax: number
  readonly #onRefused: () => void
  #slots = new Int32Array(SLOTS_START)
  readonly #metrics: MetricDefinition[] = []
  /** Series by metric, overflows not counted. */
  readonly #counts: number[] = []
  readonly #overflows = new Map<string, Series>()
  /** Unix ms of the last export: a new series began after it. */
  periodStartMs = 0

  constructor(seriesMax: number, onRefused: () => void) {
    this.#seriesMax = seriesMax
    this.#onRefused = onRefused
  }

  /** The series; `labels` is read, not kept, and may be used again by the caller. */
  find(metric: MetricDefinition, service: number, labels: readonly number[]): Series {
    const metricIndex = this.#metricIndex(metric)
    for (const label of labels) if (label === REFUSED) return this.#overflow(metric, service)
    const slot = this.#slotOf(metric, metricIndex, service, labels)
    const index = this.#slots[slot] as number
    return index === 0 ? this.#add(slot, metricIndex, service, labels) : (this.all[index - 1] as Series)
  }

  /** The series that collects what the metric's others have no room for. */
  overflow(metric: MetricDefinition, service: number): Series {
    const key = `${metric.name} ${service}`
    const known = this.#overflows.get(key)
    if (known !== undefined) return known
    const series = newSeries(metric, service, undefined, this.periodStartMs)
    this.all.push(series)
    this.#overflows.set(key, series)
    return series
  }

  /** Takes out what was not recorded in since that time, and gives it. One that comes again begins anew. */
  expire(untilMs: number): Series[] {
    const expired = this.all.filter(({ touchedMs }) => touchedMs < untilMs)
    if (expired.length === 0) return expired
    const kept = this.all.filter(({ touchedMs }) => touchedMs >= untilMs)
    this.all.splice(0, this.all.length, ...kept)
    this.#counts.fill(0)
    this.#overflows.clear()
    for (const series of kept) {
      if (series.labels === undefined) this.#overflows.set(`${series.metric.name} ${series.service}`, series)
      else this.#count(this.#metricIndex(series.metric), 1)
    }
    this.#rehash(this.#slots.length)
    return expired
  }

  /** Ends the time of one export: deltas begin at 0 again. */
  endPeriod(nowMs: number, isDelta: boolean): void {
    this.periodStartMs = nowMs
    for (const series of this.all) {
      series.isTouched = false
      series.exemplars?.clear()
      if (!isDelta || series.metric.instrument === 'gauge') continue
      series.value = 0
      series.count = 0
      series.buckets.fill(0)
      series.startMs = nowMs
    }
  }

  /** Where the series is, or belongs. */
  #slotOf(metric: MetricDefinition, metricIndex: number, service: number, labels: readonly number[]): number {
    let value = Math.imul(metricIndex + 1, 0x9e3779b1) ^ Math.imul(service + 1, 0x85ebca6b)
    for (const label of labels) value = Math.imul(value ^ label, 0x01000193) ^ (value >>> 13)
    const mask = this.#slots.length - 1
    for (let slot = (value ^ (value >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot] as number
      if (index === 0) return slot
      const series = this.all[index - 1] as Series
      if (series.metric === metric && series.service === service && sameLabels(series.labels, labels)) return slot
    }
  }

  #add(slot: number, metricIndex: number, service: number, labels: readonly number[]): Series {
    const metric = this.#metrics[metricIndex] as MetricDefinition
    if ((this.#counts[metricIndex] ?? 0) >= this.#seriesMax) return this.#overflow(metric, service)
    this.#count(metricIndex, 1)
    const series = newSeries(metric, service, [...labels], this.periodStartMs)
    this.#slots[slot] = this.all.push(series)
    if (this.all.length * 2 > this.#slots.length) this.#rehash(this.#slots.length * 2)
    return series
  }

  #overflow(metric: MetricDefinition, service: number): Series {
    this.#onRefused()
    return this.overflow(metric, service)
  }

  #rehash(slots: number): void {
    this.#slots = new Int32Array(slots)
    for (const [index, { metric, service, labels }] of this.all.entries()) {
      if (labels !== undefined)
        this.#slots[this.#slotOf(metric, this.#metricIndex(metric), service, labels)] = index + 1
    }
  }

  #count(metricIndex: number, added: number): void {
    this.#counts[metricIndex] = (this.#counts[metricIndex] ?? 0) + added
  }

  /** Definitions are few and compared by identity. */
  #metricIndex(metric: MetricDefinition): number {
    const index = this.#metrics.indexOf(metric)
    return index >= 0 ? index : this.#metrics.push(metric) - 1
  }
}

/** Places of the table at first; it grows with the series. */
const SLOTS_START = 1024

/** Records one value in a histogram; returns its bucket. */
export function observe(series: Series, value: number): number {
  const { boundaries } = series.metric
  let bucket = 0
  while (bucket < boundaries.length && value > (boundaries[bucket] as number)) bucket += 1
  series.buckets[bucket] = (series.buckets[bucket] as number) + 1
  series.count += 1
  series.value += value
  return bucket
}

/** Notes where a recording came from: `ids` are trace id and span id, `exemplarsMax` the most that one data point has. */
export function addExemplar(
  series: Series,
  bucket: number,
  value: number,
  ids: Uint8Array,
  nowMs: number,
  exemplarsMax: number,
): void {
  const buckets = Math.max(1, series.buckets.length)
  const places = Math.min(exemplarsMax, buckets)
  series.exemplars ??= new Exemplars(places)
  series.exemplars.put(Math.floor((bucket * places) / buckets), value, ids, nowMs)
}

const newSeries = (
  metric: MetricDefinition,
  service: number,
  labels: readonly number[] | undefined,
  startMs: number,
): Series => ({
  metric,
  service,
  labels,
  startMs,
  touchedMs: startMs,
  isTouched: false,
  value: 0,
  count: 0,
  buckets: new Float64Array(metric.instrument === 'histogram' ? metric.boundaries.length + 1 : 0),
})

function sameLabels(known: readonly number[] | undefined, labels: readonly number[]): boolean {
  if (known === undefined || known.length !== labels.length) return false
  for (let index = 0; index < labels.length; index += 1) if (known[index] !== labels[index]) return false
  return true
}
