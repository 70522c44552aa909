import { ExponentialHistogram } from './exponential-histogram.ts'

export type LabelValue = string | number | boolean
export type Labels = readonly (readonly [key: string, value: LabelValue])[]

export interface SpanExemplar {
  /** Trace id and span id, hex. */
  readonly traceId: string
  readonly spanId: string
  readonly value: number
}

/** One data point of calls, durations or events. */
export interface SpanSeries {
  readonly labels: Labels
  count: number
  sum: number
  /** Of a histogram with explicit bounds. */
  buckets: number[]
  exponential?: ExponentialHistogram
  startMs: number
  touchedMs: number
  /** It was never sent: its first value is 0, so that Prometheus sees the first calls as an increase. */
  isNew: boolean
  exemplars: SpanExemplar[]
}

/** The series of one metric of one resource; beyond the limit, what comes goes to one that says so. */
export class SeriesMap {
  readonly all = new Map<string, SpanSeries>()
  readonly #seriesMax: number
  readonly #bucketsOf: number
  readonly #exponentialMax: number
  readonly #onOverflow: () => void

  /** `buckets` = 0 for a sum; `exponentialMax` = 0 unless the histogram is exponential. */
  constructor(seriesMax: number, buckets: number, exponentialMax: number, onOverflow: () => void) {
    this.#seriesMax = seriesMax
    this.#bucketsOf = buckets
    this.#exponentialMax = exponentialMax
    this.#onOverflow = onOverflow
  }

  /** `labels` are asked for only when the series is new. */
  find(key: string, labels: () => Labels, startMs: number): SpanSeries {
    const known = this.all.get(key)
    if (known !== undefined) return known
    if (this.all.size < this.#seriesMax || key === OVERFLOW) return this.#add(key, labels(), startMs)
    this.#onOverflow()
    return this.find(OVERFLOW, () => [[OVERFLOW, true]], startMs)
  }

  /** Takes out what was not recorded in since; returns how many. */
  expire(untilMs: number): number {
    const before = this.all.size
    for (const [key, { touchedMs }] of this.all) if (touchedMs < untilMs) this.all.delete(key)
    return before - this.all.size
  }

  #add(key: string, labels: Labels, startMs: number): SpanSeries {
    const series: SpanSeries = {
      labels,
      count: 0,
      sum: 0,
      buckets: Array.from({ length: this.#bucketsOf }, () => 0),
      startMs,
      touchedMs: startMs,
      isNew: true,
      exemplars: [],
    }
    if (this.#exponentialMax > 0) series.exponential = new ExponentialHistogram(this.#exponentialMax)
    this.all.set(key, series)
    return series
  }
}

const OVERFLOW = 'otel.metric.overflow'
