import type { OtlpView } from '../otlp/view.ts'
import { BatchInWork } from './batch-in-work.ts'
import type { PreparedBatch } from './batch-in-work.ts'
import { RefusedError } from './component.ts'
import type { BufferPool, Connector, Counter, Logger, OwnMetrics, Processor, Signal } from './component.ts'
import { countItems } from './count-items.ts'
import { faultOf } from './fault.ts'
import type { Target } from './held-deliveries.ts'

export interface PipelineOptions {
  readonly id: string
  readonly signal: Signal
  readonly processors: readonly Named<Processor>[]
  readonly connectors: readonly Named<Pick<Connector, 'consume'>>[]
  readonly deliveries: readonly Target[]
  readonly buffers: BufferPool
  readonly metrics: OwnMetrics
  readonly logger: Logger
}
export interface Named<T> {
  readonly id: string
  readonly component: T
}

/** Bytes → view → processors → edits → bytes for exporters, and the view for connectors. */
export class Pipeline {
  readonly id: string
  readonly signal: Signal
  readonly #options: PipelineOptions
  readonly #processors: readonly CountedProcessor[]
  readonly #admitting: readonly Named<Processor>[]
  readonly #isAsync: boolean
  readonly #connectorFailures: ReadonlyMap<string, Counter>

  constructor(options: PipelineOptions) {
    const { id, signal, processors, connectors, metrics } = options
    this.id = id
    this.signal = signal
    this.#options = options
    this.#processors = processors.map((processor) => {
      const labels = { processor: processor.id, pipeline: id, otel_signal: signal }
      return {
        ...processor,
        incoming: metrics.counter('otelcol_processor_incoming_items', 'Items that came to the processor.', labels),
        outgoing: metrics.counter('otelcol_processor_outgoing_items', 'Items that it handed on.', labels),
        failed: metrics.counter('otelcol_processor_failed_items', 'Items not forwarded because it failed.', labels),
      }
    })
    this.#isAsync = processors.some(({ component }) => component.prepare !== undefined)
    this.#admitting = processors.filter(({ component }) => component.admit !== undefined)
    this.#connectorFailures = new Map(
      connectors.map((connector) => [
        connector.id,
        metrics.counter('otelcol_connector_failed_items', 'Items that the connector could not read, a fault of ours.', {
          connector: connector.id,
          pipeline: id,
        }),
      ]),
    )
  }

  /**
   * Throws RefusedError: `invalid` or `too_large` for what the bytes are, `failed` when a processor fails: then nothing is forwarded. A promise, which
   * rejects instead, when a processor has to wait for something; the bytes are read before this returns in either case.
   */
  prepare(bytes: Buffer): PreparedBatch | Promise<PreparedBatch> {
    return this.#isAsync ? this.#prepareLater(bytes) : this.#prepareNow(bytes)
  }

  #prepareNow(bytes: Buffer): PreparedBatch {
    const { signal, buffers } = this.#options
    const batch = new BatchInWork(signal, bytes, buffers)
    try {
      const itemsIn = countItems(batch.view)
      let items = itemsIn
      for (const processor of this.#processors) {
        if (items === 0) break
        items = this.#process(processor, batch, items)
      }
      return this.#finish(batch, itemsIn, items)
    } catch (error) {
      batch.abandon()
      throw error
    }
  }

  /** Works on a copy: the receiver may use its memory again as soon as this waits for the first time. */
  async #prepareLater(bytes: Buffer): Promise<PreparedBatch> {
    const { signal, buffers } = this.#options
    const batch = this.#copyOf(signal, bytes, buffers)
    try {
      const itemsIn = countItems(batch.view)
      let items = itemsIn
      for (const processor of this.#processors) {
        if (items === 0) break
        if (processor.component.prepare !== undefined) await this.#prepareFor(processor, batch, items)
        items = this.#process(processor, batch, items)
      }
      return this.#finish(batch, itemsIn, items)
    } catch (error) {
      batch.abandon()
      throw error
    }
  }

  #copyOf(signal: Signal, bytes: Buffer, buffers: BufferPool): BatchInWork {
    const own = buffers.take(bytes.length)
    try {
      bytes.copy(own)
      return new BatchInWork(signal, own.subarray(0, bytes.length), buffers, own)
    } catch (error) {
      buffers.give(own)
      throw error
    }
  }

  #finish(batch: BatchInWork, itemsIn: number, items: number): PreparedBatch {
    // Connectors would miss what processors changed.
    if (batch.hidesEdits && items > 0 && this.#options.connectors.length > 0) batch.applyEdits()
    return batch.finish(itemsIn, items)
  }

  /** Throws RefusedError when a processor lets nothing in now. */
  checkAdmission(): void {
    for (const { component } of this.#admitting) component.admit?.()
  }

  /** Throws RefusedError when an exporter would not take the batch now. */
  checkRoom({ payload }: PreparedBatch): void {
    if (payload.items === 0) return
    for (const delivery of this.#options.deliveries) delivery.checkRoom(payload)
  }

  /** Hands the batch to exporters and connectors, and releases it; resolves when each of them has it. An empty batch goes nowhere. */
  async forward(batch: PreparedBatch): Promise<void> {
    const { payload, view } = batch
    if (payload.items === 0) return this.release(batch)
    const delivered = this.#options.deliveries.map((delivery) => delivery.deliver(payload))
    this.#connect(view, payload.items)
    this.#releaseView(batch)
    // The memory is ours until the last of them has it: one that refuses early must not free it under the others.
    const results = await Promise.allSettled(delivered)
    payload.release()
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** For a batch that is not forwarded. */
  release(batch: PreparedBatch): void {
    this.#releaseView(batch)
    batch.payload.release()
  }

  #releaseView({ view, input }: PreparedBatch): void {
    view.release()
    if (input !== undefined) this.#options.buffers.give(input)
  }

  #connect(view: OtlpView, items: number): void {
    for (const { id, component } of this.#options.connectors) {
      try {
        component.consume(view)
      } catch (error) {
        this.#connectorFailures.get(id)?.add(items)
        this.#options.logger.error({ connector: id, ...faultOf(error) }, 'the connector failed on a batch')
      }
    }
  }

  async #prepareFor(processor: CountedProcessor, batch: BatchInWork, items: number): Promise<void> {
    try {
      if (processor.component.readsEdits !== true || batch.hidesEdits) batch.applyEdits()
      await processor.component.prepare?.(batch.view)
    } catch (error) {
      processor.incoming.add(items)
      throw this.#failure(processor, items, error)
    }
  }

  /** Items that are left. */
  #process(processor: CountedProcessor, batch: BatchInWork, items: number): number {
    processor.incoming.add(items)
    try {
      if (processor.component.readsEdits !== true || batch.hidesEdits) batch.applyEdits()
      processor.component.process(batch.view, batch.edits)
      if (processor.component.showsEdits !== true) batch.hidesEdits = !batch.edits.isEmpty
    } catch (error) {
      throw this.#failure(processor, items, error)
    }
    const left = countItems(batch.view)
    processor.outgoing.add(left)
    return left
  }

  #failure({ id, failed }: CountedProcessor, items: number, error: unknown): RefusedError {
    failed.add(items)
    // A processor that refuses on purpose has said why.
    if (error instanceof RefusedError) return error
    this.#options.logger.error(
      { processor: id, pipeline: this.id, items, ...faultOf(error) },
      'the processor failed; the batch was not forwarded',
    )
    return new RefusedError('failed', `processor ${id} failed`)
  }
}

type CountedProcessor = Named<Processor> & Record<'incoming' | 'outgoing' | 'failed', Counter>
