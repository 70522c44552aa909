import type { ComponentContext, Counter, Exporter, Payload, Signal } from './component.ts'
import { itemsName } from './count-items.ts'
import type { Delivery } from './delivery.ts'

/** Batches that wait for a local exporter; what comes beyond is dropped and counted, for a local exporter never refuses. */
export const LOCAL_BYTES_MAX = 64 * 1024 * 1024

/** Hands batches to a local exporter one after the other. */
export class LocalDelivery implements Delivery {
  readonly exporterId: string
  readonly signal: Signal
  readonly #exporter: Exporter
  readonly #context: ComponentContext
  readonly #sent: Counter
  readonly #failed: Counter
  readonly #dropped: Counter
  readonly #bytesMax: number
  readonly #abort = new AbortController()
  #last: Promise<void> = Promise.resolve()
  #bytes = 0
  #items = 0

  constructor(exporter: Exporter, signal: Signal, context: ComponentContext, bytesMax = LOCAL_BYTES_MAX) {
    this.exporterId = context.id
    this.signal = signal
    this.#exporter = exporter
    this.#context = context
    this.#bytesMax = bytesMax
    const counter = (name: string, text: string): Counter =>
      context.metrics.counter(`otelcol_exporter_${name}_${itemsName[signal]}`, text, { exporter: context.id })
    this.#sent = counter('sent', 'Items that the exporter has taken.')
    this.#failed = counter('send_failed', 'Items that were dropped because the exporter failed.')
    this.#dropped = counter('enqueue_failed', 'Items that were dropped because the exporter is too slow.')
    const labels = { exporter: context.id, data_type: signal }
    context.metrics.gauge('otelcol_exporter_queue_bytes', 'Bytes that wait.', labels, () => this.#bytes)
  }

  get itemsHeld(): number {
    return this.#items
  }

  checkRoom(): void {}

  deliver(payload: Payload): Promise<void> {
    if (this.#bytes > 0 && this.#bytes + payload.bytes.length > this.#bytesMax) {
      this.#dropped.add(payload.items)
      return Promise.resolve()
    }
    this.#bytes += payload.bytes.length
    this.#items += payload.items
    payload.retain()
    this.#last = this.#last.then(() => this.#send(payload))
    return Promise.resolve()
  }

  async drain(timeoutMs: number): Promise<number> {
    const { clock } = this.#context
    const late = new Promise<void>((resolve) => {
      const cancel = clock.after(timeoutMs, () => {
        this.#abort.abort()
        resolve()
      })
      void this.#last.then(cancel).then(resolve)
    })
    await late
    return this.#items
  }

  async #send(payload: Payload): Promise<void> {
    try {
      const { outcome } = await this.#exporter.send(payload, this.#abort.signal)
      ;(outcome === 'sent' ? this.#sent : this.#failed).add(payload.items)
    } catch (error) {
      this.#failed.add(payload.items)
      const name = error instanceof Error ? error.name : typeof error
      this.#context.logger.error({ error: name, items: payload.items }, 'the exporter failed; the batch is lost there')
    }
    this.#bytes -= payload.bytes.length
    this.#items -= payload.items
    payload.release()
  }
}
