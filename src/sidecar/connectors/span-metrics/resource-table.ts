import type { Attributes } from './dimensions.ts'
import { type Labels, SeriesMap } from './series.ts'

export interface ResourceMetrics {
  readonly attributes: Labels
  seenMs: number
  readonly calls: SeriesMap
  readonly durations: SeriesMap
  readonly events: SeriesMap
}

export interface ResourceTableOptions {
  readonly resourcesMax: number
  readonly seriesMax: number
  /** Attributes that tell resources apart; empty = all. */
  readonly keyAttributes: readonly string[]
  /** Buckets of a histogram with explicit bounds. */
  readonly buckets: number
  /** Buckets of an exponential histogram; 0 = explicit. */
  readonly exponentialMax: number
  onOverflow(): void
  /** A resource was forgotten, for want of room or since it was not heard of. */
  onForgotten(): void
}

/** The metrics of the last resources, the one that was not heard of for longest first. */
export class ResourceTable {
  readonly #options: ResourceTableOptions
  readonly #byKey = new Map<string, ResourceMetrics>()

  constructor(options: ResourceTableOptions) {
    this.#options = options
  }

  get all(): Iterable<ResourceMetrics> {
    return this.#byKey.values()
  }

  get series(): number {
    let sum = 0
    for (const { calls, durations, events } of this.all) sum += calls.all.size + durations.all.size + events.all.size
    return sum
  }

  find(resource: Attributes, nowMs: number): ResourceMetrics {
    const { keyAttributes, resourcesMax } = this.#options
    const identifying =
      keyAttributes.length === 0 ? [...resource] : keyAttributes.map((key) => [key, resource.get(key)])
    const key = JSON.stringify(identifying.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
    const metrics = this.#byKey.get(key) ?? this.#newMetrics([...resource])
    this.#byKey.delete(key)
    this.#byKey.set(key, metrics)
    metrics.seenMs = nowMs
    if (this.#byKey.size > resourcesMax) for (const oldest of this.#byKey.keys()) return this.#forget(oldest, metrics)
    return metrics
  }

  expire(untilMs: number): void {
    for (const [key, metrics] of this.#byKey) if (metrics.seenMs < untilMs) this.#forget(key, metrics)
  }

  #forget(key: string, metrics: ResourceMetrics): ResourceMetrics {
    this.#byKey.delete(key)
    this.#options.onForgotten()
    return metrics
  }

  #newMetrics(attributes: Labels): ResourceMetrics {
    const { seriesMax, buckets, exponentialMax, onOverflow } = this.#options
    const map = (bucketsOf: number, exponential: number): SeriesMap =>
      new SeriesMap(seriesMax, bucketsOf, exponential, onOverflow)
    return {
      attributes,
      seenMs: 0,
      calls: map(0, 0),
      durations: map(buckets, exponentialMax),
      events: map(0, 0),
    }
  }
}
