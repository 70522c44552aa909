import { RefusedError } from './component.ts'
import type { Counter, OwnMetrics, Signal } from './component.ts'
import { itemsName } from './count-items.ts'
import type { Pipeline, PreparedBatch } from './pipeline.ts'

/** Where batches of one receiver or connector go, by signal. */
export class Router {
  readonly #pipelines: ReadonlyMap<Signal, readonly Pipeline[]>
  readonly #metrics: OwnMetrics
  readonly #labels: Readonly<Record<string, string>>
  readonly #counters = new Map<string, Counter>()

  /** `labels` say in the own metrics whose batches these are. */
  constructor(id: string, pipelines: readonly Pipeline[], metrics: OwnMetrics, labelName: 'receiver' | 'connector') {
    this.#pipelines = Map.groupBy(pipelines, ({ signal }) => signal)
    this.#metrics = metrics
    this.#labels = { [labelName]: id }
  }

  get signals(): ReadonlySet<Signal> {
    return new Set(this.#pipelines.keys())
  }

  /**
   * Takes the batch into every pipeline of its signal, or into none: it is handed on only when all processors are through and all queues have room.
   * The bytes are read before this returns for the first time. Rejects with RefusedError.
   */
  async route(signal: Signal, bytes: Buffer, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    const batches: [Pipeline, PreparedBatch][] = []
    try {
      const waiting = this.#prepare(signal, bytes, batches)
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
  #prepare(signal: Signal, bytes: Buffer, batches: [Pipeline, PreparedBatch][]): Promise<void>[] {
    const waiting: Promise<void>[] = []
    for (const pipeline of this.#pipelines.get(signal) ?? []) {
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
    outcome: 'accepted' | 'refused' | 'failed',
    signal: Signal,
    batches: readonly [Pipeline, PreparedBatch][],
    labels: Readonly<Record<string, string>>,
  ): void {
    const key = [outcome, signal, ...Object.values(labels)].join()
    let counter = this.#counters.get(key)
    if (counter === undefined) {
      const kind = 'receiver' in this.#labels ? 'receiver' : 'connector'
      const name = `otelcol_${kind}_${outcome}_${itemsName[signal]}`
      counter = this.#metrics.counter(name, DESCRIPTIONS[outcome], { ...this.#labels, ...labels })
      this.#counters.set(key, counter)
    }
    counter.add(batches[0]?.[1].itemsIn ?? 0)
  }
}

/** Like Promise.all, but rejects only when all have settled: what is ready then has to be released. */
async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) if (result.status === 'rejected') throw result.reason
}

const DESCRIPTIONS = {
  accepted: 'Items that every pipeline took.',
  refused: 'Items that were refused: malformed, too large, or a queue is full.',
  failed: 'Items that were refused because a component failed.',
}
