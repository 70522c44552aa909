import { isDeepStrictEqual } from 'node:util'
import type { Listens } from './component.ts'
import type { ScopedMetrics } from './own-metrics.ts'

/** What all components of a sidecar have in common, and its servers. */
export interface Running extends Listens {
  start?(): Promise<unknown> | void
  stop?(): Promise<unknown> | void
}

/** A component with what it was made of: a reload keeps it when that has stayed the same. */
export class Part<T extends Running> {
  readonly id: string
  readonly #source: unknown
  readonly #metrics: ScopedMetrics
  readonly #create: (metrics: ScopedMetrics) => T
  #component: T

  /** Throws what `create` throws. */
  constructor(id: string, source: unknown, metrics: ScopedMetrics, create: (metrics: ScopedMetrics) => T) {
    this.id = id
    this.#source = source
    this.#metrics = metrics
    this.#create = create
    this.#component = create(metrics)
  }

  get component(): T {
    return this.#component
  }

  /** Whether a component made of this would be the same. */
  isMadeOf(source: unknown): boolean {
    return isDeepStrictEqual(this.#source, source)
  }

  /** In place of the component, which was stopped, another that is made of the same. */
  renew(): T {
    this.#metrics.close()
    this.#component = this.#create(this.#metrics)
    return this.#component
  }

  /** Takes its gauges out of the own metrics. */
  forget(): void {
    this.#metrics.close()
  }
}
