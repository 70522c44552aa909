import { jsonToProtobuf } from '../../../otlp/json-to-protobuf.ts'
import { OtlpError } from '../../../otlp/otlp-error.ts'
import { RefusedError } from '../../component.ts'
import type { Counter, ReceiverContext, Signal, Transport } from '../../component.ts'
import type { BodyMemory } from './body-memory.ts'
import { bodyTurns } from './body-turns.ts'
import type { BodyTurns } from './body-turns.ts'
import { decompress } from './decompress.ts'
import { recentRequests } from './recent-requests.ts'
import type { RecentRequests } from './recent-requests.ts'
import { refusalOf } from './rpc-status.ts'
import type { Refusal } from './rpc-status.ts'

export interface ReceivedBody {
  readonly signal: Signal
  /** As it came; read until `take` settles. */
  readonly bytes: Buffer
  readonly encoding: 'protobuf' | 'json'
  /** One of COMPRESSIONS, or empty. */
  readonly compression: string
  /** After decompression. */
  readonly bytesMax: number
  /** As the sender named it, if it did: a request of this id that was taken in before is not taken in again. */
  readonly requestId?: string | undefined
}

/** The common end of all ways in: a complete body, decompressed, as Protocol Buffers, into the pipelines. */
export class Intake {
  readonly memory: BodyMemory
  readonly #context: ReceiverContext
  readonly #transport: Transport
  readonly #recent: RecentRequests
  readonly #turns: BodyTurns
  readonly #refusals = new Map<number, Counter>()
  readonly #requests: Readonly<Record<'success' | 'refused' | 'failure', Counter>>

  constructor(context: ReceiverContext, transport: Transport, memory: BodyMemory) {
    this.#context = context
    this.#transport = transport
    this.memory = memory
    this.#recent = context.service(recentRequests)
    this.#turns = context.service(bodyTurns)
    const counter = (outcome: string): Counter =>
      context.metrics.counter('otelcol_receiver_requests', 'Requests by how they were answered.', {
        receiver: context.id,
        transport,
        outcome,
      })
    this.#requests = { success: counter('success'), refused: counter('refused'), failure: counter('failure') }
  }

  get signals(): ReadonlySet<Signal> {
    return this.#context.signals
  }

  /** Why nothing of that signal is taken now, to be asked before a body is read; undefined when it is. */
  closedTo(signal: Signal): Refusal | undefined {
    try {
      this.#context.checkAdmission(signal)
      return undefined
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      return refusalOf(error)
    }
  }

  /** Resolves when every pipeline has the batch. Rejects with RefusedError. */
  async take(body: ReceivedBody): Promise<void> {
    const { requestId } = body
    if (requestId === undefined) await this.#decompressAndConsume(body)
    else await this.#recent.once(requestId, () => this.#decompressAndConsume(body))
    this.#requests.success.add(1)
  }

  /** Counts a request that was not taken, and says how to answer it. */
  refusal(error: unknown): Refusal {
    if (error instanceof RefusedError) return this.refused(refusalOf(error))
    const name = error instanceof Error ? error.name : typeof error
    this.#context.logger.error({ error: name }, 'a request failed')
    return this.refused(refusalOf(new RefusedError('failed', 'internal error')))
  }

  refused(refusal: Refusal): Refusal {
    this.#requests[refusal.httpStatus === 500 ? 'failure' : 'refused'].add(1)
    this.#refusalsOf(refusal.httpStatus).add(1)
    return refusal
  }

  #refusalsOf(status: number): Counter {
    const known = this.#refusals.get(status)
    if (known !== undefined) return known
    const { id, metrics } = this.#context
    const labels = { receiver: id, transport: this.#transport, status: String(status) }
    const counter = metrics.counter(
      'otelcol_receiver_refusals',
      'Refused requests by the HTTP status that says why.',
      labels,
    )
    this.#refusals.set(status, counter)
    return counter
  }

  async #decompressAndConsume(body: ReceivedBody): Promise<void> {
    const { compression, bytes, bytesMax } = body
    if (compression === '') return this.#consume(body, bytes)
    const decompressed = await decompress(compression, bytes, bytesMax, this.memory)
    try {
      await this.#consume(body, decompressed.bytes)
    } finally {
      decompressed.free()
    }
  }

  async #consume({ signal, encoding }: ReceivedBody, bytes: Buffer): Promise<void> {
    const turn = this.#turns.next(bytes.length)
    if (turn !== undefined) await turn
    if (encoding === 'protobuf') return this.#context.consume(signal, bytes, this.#transport)
    const taken: Buffer[] = []
    try {
      const allocate = (size: number): Buffer => {
        const buffer = this.memory.take(size)
        taken.push(buffer)
        return buffer
      }
      await this.#context.consume(signal, transcode(signal, bytes, allocate), this.#transport)
    } finally {
      for (const buffer of taken) this.memory.give(buffer)
    }
  }
}

function transcode(signal: Signal, bytes: Buffer, allocate: (size: number) => Buffer): Buffer {
  try {
    return jsonToProtobuf(signal, bytes, allocate)
  } catch (error) {
    if (!(error instanceof OtlpError)) throw error
    throw new RefusedError(error.reason === 'malformed' ? 'invalid' : 'too_large', error.message, { cause: error })
  }
}
