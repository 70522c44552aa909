import { Edits } from '../otlp/edits.ts'
import { OtlpError } from '../otlp/otlp-error.ts'
import { OtlpView } from '../otlp/view.ts'
import { RefusedError } from './component.ts'
import type { BufferPool, Connector, Counter, Logger, OwnMetrics, Payload, Processor, Signal } from './component.ts'
import { countItems } from './count-items.ts'
import type { Delivery } from './delivery.ts'
import { faultOf } from './fault.ts'
import { PooledPayload } from './payload.ts'

export interface PipelineOptions {
  readonly id: string
  readonly signal: Signal
  readonly processors: readonly Named<Processor>[]
  readonly connectors: readonly Named<Connector>[]
  readonly deliveries: readonly Delivery[]
  readonly buffers: BufferPool
  readonly metrics: OwnMetrics
  readonly logger: Logger
}
export interface Named<T> {
  readonly id: string
  readonly component: T
}

/** A batch after the processors of one pipeline, with all that is needed to hand it on: `forward` or `release` it. */
export interface PreparedBatch {
  readonly itemsIn: number
  readonly payload: Payload
  readonly view: OtlpView
  /** Memory of the view's bytes, where it is neither the receiver's nor the payload's. */
  readonly input?: Buffer
}

/** Bytes → view → processors → edits → bytes for exporters, and the view for connectors. */
export class Pipeline {
  readonly id: string
  readonly signal: Signal
  readonly #options: PipelineOptions
  readonly #processors: readonly CountedProcessor[]
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
    const view = viewOf(signal, bytes)
    let memory: Buffer | undefined
    try {
      const edits = new Edits(view)
      const itemsIn = countItems(view)
      let items = itemsIn
      for (const processor of this.#processors) items = this.#process(processor, view, edits, items)
      const edited = edits.apply((size) => (memory = buffers.take(size)))
      if (memory === undefined) {
        // Nothing was edited: the bytes are the receiver's memory.
        memory = buffers.take(edited.length)
        edited.copy(memory)
      }
      const payload = new PooledPayload(signal, memory.subarray(0, edited.length), items, memory, buffers)
      return { itemsIn, payload, view }
    } catch (error) {
      if (memory !== undefined) buffers.give(memory)
      view.release()
      throw error
    }
  }

  /** Works on a copy: the receiver may use its memory again as soon as this waits for the first time. */
  async #prepareLater(bytes: Buffer): Promise<PreparedBatch> {
    const { signal, buffers } = this.#options
    const own = buffers.take(bytes.length)
    bytes.copy(own)
    let view: OtlpView | undefined
    let memory: Buffer | undefined
    try {
      view = viewOf(signal, own.subarray(0, bytes.length))
      const edits = new Edits(view)
      const itemsIn = countItems(view)
      let items = itemsIn
      for (const processor of this.#processors) {
        if (processor.component.prepare !== undefined) await this.#prepareFor(processor, view, items)
        items = this.#process(processor, view, edits, items)
      }
      const edited = edits.apply((size) => (memory = buffers.take(size)))
      const payload = new PooledPayload(signal, edited, items, memory ?? own, buffers)
      return { itemsIn, payload, view, ...(memory === undefined ? {} : { input: own }) }
    } catch (error) {
      if (memory !== undefined) buffers.give(memory)
      view?.release()
      buffers.give(own)
      throw error
    }
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

  async #prepareFor(processor: CountedProcessor, view: OtlpView, items: number): Promise<void> {
    try {
      await processor.component.prepare?.(view)
    } catch (error) {
      processor.incoming.add(items)
      throw this.#failure(processor, items, error)
    }
  }

  /** Items that are left. */
  #process(processor: CountedProcessor, view: OtlpView, edits: Edits, items: number): number {
    processor.incoming.add(items)
    try {
      processor.component.process(view, edits)
    } catch (error) {
      throw this.#failure(processor, items, error)
    }
    const left = countItems(view)
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

function viewOf(signal: Signal, bytes: Buffer): OtlpView {
  try {
    return new OtlpView(signal, bytes)
  } catch (error) {
    if (!(error instanceof OtlpError)) throw error
    throw new RefusedError(error.reason === 'malformed' ? 'invalid' : 'too_large', error.message, { cause: error })
  }
}
