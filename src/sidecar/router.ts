import type { PreparedBatch } from './batch-in-work.ts'
import { RefusedError } from './component.ts'
import type { Counter, OwnMetrics, Signal } from './component.ts'
import { itemsName } from './count-items.ts'
import type { Pipeline } from './pipeline.ts'

/** Where batches of one receiver or connector go, by signal. */
export class Router {
  #generation: Generation
  readonly #metrics: OwnMetrics
  readonly #labels: Readonly<Record<string, string>>
  readonly #counters = new Map<string, Readonly<Record<Outcome, Counter>>>()

  /** `labels` say in the own metrics whose batches these are. */
  constructor(id: string, pipelines: readonly Pipeline[], metrics: OwnMetrics, labelName: 'receiver' | 'connector') {
    this.#generation = new Generation(pipelines)
    this.#metrics = metrics
    this.#labels = { [labelName]: id }
  }

  get signals(): ReadonlySet<Signal> {
    return new Set(this.#generation.pipelines.keys())
  }

  /** Throws RefusedError when a pipeline of the signal takes nothing now. */
  checkAdmission(signal: Signal): void {
    for (const pipeline of this.#generation.pipelines.get(signal) ?? []) pipeline.checkAdmission()
  }

  /**
   * Takes the batch into every pipeline of its signal, or into none: it is handed on only when all processors are through and all queues have room.
   * The bytes are read before this returns for the first time. Rejects with RefusedError.
   */
  async route(signal: Signal, bytes: Buffer, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    const generation = this.#generation
    generation.enter()
    try {
      await this.#routeInto(generation.pipelines.get(signal) ?? [], signal, bytes, labels)
    } finally {
      generation.leave()
    }
  }

  /** Batches from now on go into these. Resolves when those that came before are through. */
  replace(pipelines: readonly Pipeline[]): Promise<void> {
    const before = this.#generation
    this.#generation = new Generation(pipelines)
    return before.idle()
  }

  /** Resolves when the batches that are under way now are through. */
  idle(): Promise<void> {
    return this.#generation.idle()
  }

  async #routeInto(
    pipelines: readonly Pipeline[],
    signal: Signal,
    bytes: Buffer,
    labels: Readonly<Record<string, string>>,
  ): Promise<void> {
    const batches: [Pipeline, PreparedBatch][] = []
    try {
      this.checkAdmission(signal)
      const waiting = this.#prepare(pipelines, bytes, batches)
      if (waiting.length > 0) await allOf(waiting)
      for (const [pipeline, batch] of batches) pipeline.checkRoom(batch)
    } catch (error) {
      for (const [pipeline, batch] of batches) pipeline.release(batch)
      throw this.#refused(error, signal, batches, labels)
    }
    const results = await Promise.allSettled(batches.map(([pipeline, batch]) => pipeline.forward(batch)))
    const failure = results.find(({ status }) => status === 'rejected')
    if (failure?.status === 'rejected') throw this.#refused(failure.reason, signal, batches, labels)
    this.#count('accepted', signal, batches, labels)
  }

  /** Adds the batches that are ready to `batches`; the others are added when their promises resolve. */
  #prepare(pipelines: readonly Pipeline[], bytes: Buffer, batches: [Pipeline, PreparedBatch][]): Promise<void>[] {
    const waiting: Promise<void>[] = []
    for (const pipeline of pipelines) {
      try {
        const batch = pipeline.prepare(bytes)
        if (batch instanceof Promise) waiting.push(batch.then((ready) => void batches.push([pipeline, ready])))
        else batches.push([pipeline, batch])
      } catch (error) {
        if (waiting.length === 0) throw error
        waiting.push(Promise.reject(error))
        break
      }
    }
    return waiting
  }

  #refused(
    error: unknown,
    signal: Signal,
    batches: readonly [Pipeline, PreparedBatch][],
    labels: Readonly<Record<string, string>>,
  ): RefusedError {
    const refused =
      error instanceof RefusedError ? error : new RefusedError('failed', 'a pipeline failed', { cause: error })
    this.#count(refused.reason === 'failed' ? 'failed' : 'refused', signal, batches, labels)
    return refused
  }

  /** Items of a batch that could not be read are unknown and not counted; the receiver counts the request. */
  #count(
    outcome: Outcome,
    signal: Signal,
    batches: readonly [Pipeline, PreparedBatch][],
    labels: Readonly<Record<string, string>>,
  ): void {
    const key = [signal, ...Object.values(labels)].join()
    let counters = this.#counters.get(key)
    if (counters === undefined) this.#counters.set(key, (counters = this.#outcomes(signal, labels)))
    counters[outcome].add(batches[0]?.[1].itemsIn ?? 0)
  }

  /** All at once: a rate of refusals needs the zero before the first. */
  #outcomes(signal: Signal, labels: Readonly<Record<string, string>>): Readonly<Record<Outcome, Counter>> {
    const kind = 'receiver' in this.#labels ? 'receiver' : 'connector'
    const counter = (outcome: Outcome): Counter =>
      this.#metrics.counter(`otelcol_${kind}_${outcome}_${itemsName[signal]}`, DESCRIPTIONS[outcome], {
        ...this.#labels,
        ...labels,
      })
    return { accepted: counter('accepted'), refused: counter('refused'), failed: counter('failed') }
  }
}

/** The pipelines of one configuration, and how many batches are in them. */
class Generation {
  readonly pipelines: ReadonlyMap<Signal, readonly Pipeline[]>
  #batches = 0
  readonly #waiting = new Set<() => void>()

  constructor(pipelines: readonly Pipeline[]) {
    this.pipelines = Map.groupBy(pipelines, ({ signal }) => signal)
  }

  enter(): void {
    this.#batches++
  }

  leave(): void {
    if (--this.#batches > 0) return
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  idle(): Promise<void> {
    if (this.#batches === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.add(resolve))
  }
}

/** Like Promise.all, but rejects only when all have settled: what is ready then has to be released. */
async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) if (result.status === 'rejected') throw result.reason
}

type Outcome = 'accepted' | 'refused' | 'failed'
const DESCRIPTIONS: Readonly<Record<Outcome, string>> = {
  accepted: 'Items that every pipeline took.',
  refused: 'Items that were refused: malformed, too large, or a queue is full.',
  failed: 'Items that were refused because a component failed.',
}
