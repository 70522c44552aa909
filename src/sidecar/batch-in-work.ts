import { Edits } from '../otlp/edits.ts'
import { OtlpError } from '../otlp/otlp-error.ts'
import { OtlpView } from '../otlp/view.ts'
import { RefusedError } from './component.ts'
import type { BufferPool, Payload, Signal } from './component.ts'
import { PooledPayload } from './payload.ts'

/** A batch after the processors of one pipeline, with all that is needed to hand it on. */
export interface PreparedBatch {
  readonly itemsIn: number
  readonly payload: Payload
  readonly view: OtlpView
  /** Memory of the view's bytes, where it is neither the receiver's nor the payload's. */
  readonly input?: Buffer
}

/** A batch among processors: its bytes, and the edits that are not applied yet. End it with `finish` or `abandon`. */
export class BatchInWork {
  readonly #signal: Signal
  readonly #buffers: BufferPool
  #view: OtlpView
  #edits: Edits
  /** Memory of the view's bytes, where it is ours. */
  #own: Buffer | undefined
  /** Some of the edits that are not applied yet are not seen through the view. */
  hidesEdits = false

  /** Throws RefusedError for what the bytes are. `own`: the memory that they lie in, which then is the batch's to give back, unless this throws. */
  constructor(signal: Signal, bytes: Buffer, buffers: BufferPool, own?: Buffer) {
    this.#signal = signal
    this.#buffers = buffers
    this.#view = viewOf(signal, bytes)
    this.#edits = new Edits(this.#view)
    this.#own = own
  }

  get view(): OtlpView {
    return this.#view
  }
  get edits(): Edits {
    return this.#edits
  }

  /** Applies the edits and walks the result: what was inserted is there like everything else. Does nothing without edits. */
  applyEdits(): void {
    if (this.#edits.isEmpty) return
    let memory: Buffer | undefined
    try {
      const edited = this.#edits.apply((size) => (memory = this.#buffers.take(size)))
      const view = viewOf(this.#signal, edited)
      this.abandon()
      this.#view = view
      this.#edits = new Edits(view)
      this.#own = memory
      this.hidesEdits = false
    } catch (error) {
      if (memory !== undefined) this.#buffers.give(memory)
      throw error
    }
  }

  finish(itemsIn: number, items: number): PreparedBatch {
    const view = this.#view
    const own = this.#own
    let memory: Buffer | undefined
    try {
      const bytes = this.#edits.apply((size) => (memory = this.#buffers.take(size)))
      if (memory !== undefined) {
        const payload = new PooledPayload(this.#signal, bytes, items, memory, this.#buffers)
        return { itemsIn, payload, view, ...(own === undefined ? {} : { input: own }) }
      }
    } catch (error) {
      if (memory !== undefined) this.#buffers.give(memory)
      throw error
    }
    if (own !== undefined)
      return { itemsIn, payload: new PooledPayload(this.#signal, view.bytes, items, own, this.#buffers), view }
    // Nothing was edited: the bytes are the receiver's memory.
    const copy = this.#buffers.take(view.bytes.length)
    view.bytes.copy(copy)
    const bytes = copy.subarray(0, view.bytes.length)
    return { itemsIn, payload: new PooledPayload(this.#signal, bytes, items, copy, this.#buffers), view }
  }

  abandon(): void {
    this.#view.release()
    if (this.#own !== undefined) this.#buffers.give(this.#own)
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
