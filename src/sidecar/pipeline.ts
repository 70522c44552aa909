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
}

/** Bytes → view → processors → edits → bytes for exporters, and the view for connectors. */
export class Pipeline {
  readonly id: string
  readonly signal: Signal
  readonly #options: PipelineOptions
  readonly #processors: readonly (Named<Processor> & Record<'incoming' | 'outgoing' | 'failed', Counter>)[]
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

  /** Throws RefusedError: `invalid` or `too_large` for what the bytes are, `failed` when a processor fails: then nothing is forwarded. */
  prepare(bytes: Buffer): PreparedBatch {
    const { signal, buffers } = this.#options
    const view = viewOf(signal, bytes)
    let memory: Buffer | undefined
    try {
      const edits = new Edits(view)
      const itemsIn = countItems(view)
      const items = this.#process(view, edits, itemsIn)
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
    view.release()
    // The memory is ours until the last of them has it: one that refuses early must not free it under the others.
    const results = await Promise.allSettled(delivered)
    payload.release()
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** For a batch that is not forwarded. */
  release({ payload, view }: PreparedBatch): void {
    view.release()
    payload.release()
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

  #process(view: OtlpView, edits: Edits, itemsIn: number): number {
    let items = itemsIn
    for (const { id, component, incoming, outgoing, failed } of this.#processors) {
      incoming.add(items)
      try {
        component.process(view, edits)
      } catch (error) {
        failed.add(items)
        // A processor that refuses on purpose has said why.
        if (error instanceof RefusedError) throw error
        this.#options.logger.error(
          { processor: id, pipeline: this.id, items, ...faultOf(error) },
          'the processor failed; the batch was not forwarded',
        )
        throw new RefusedError('failed', `processor ${id} failed`)
      }
      items = countItems(view)
      outgoing.add(items)
    }
    return items
  }
}

function viewOf(signal: Signal, bytes: Buffer): OtlpView {
  try {
    return new OtlpView(signal, bytes)
  } catch (error) {
    if (!(error instanceof OtlpError)) throw error
    throw new RefusedError(error.reason === 'malformed' ? 'invalid' : 'too_large', error.message, { cause: error })
  }
}
