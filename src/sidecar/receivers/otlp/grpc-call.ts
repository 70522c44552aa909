import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { RefusedError } from '../../component.ts'
import type { Clock, Signal } from '../../component.ts'
import { BodyBuffer } from './body-memory.ts'
import { COMPRESSIONS } from './decompress.ts'
import type { Intake } from './intake.ts'
import { AbortedError } from './read-body.ts'
import { CODE_DEADLINE_EXCEEDED, CODE_INTERNAL, CODE_UNIMPLEMENTED, rpcStatus } from './rpc-status.ts'
import type { Refusal } from './rpc-status.ts'

export interface GrpcCallOptions {
  readonly intake: Intake
  /** Of a message after decompression. */
  readonly bytesMax: number
  /** 0 waits for ever. */
  readonly readTimeoutMs: number
  readonly clock: Clock
}

const service = (name: string, signal: Signal): [string, Signal] => [
  `/opentelemetry.proto.collector.${signal === 'traces' ? 'trace' : signal}.v1.${name}/Export`,
  signal,
]
const METHODS = new Map([
  service('TraceService', 'traces'),
  service('MetricsService', 'metrics'),
  service('LogsService', 'logs'),
])

/** A message on the wire: one byte that says whether it is compressed, four of its length, then the message. */
const PREFIX_BYTES = 5
/** An Export<Signal>ServiceResponse with no partial success. */
const EMPTY_MESSAGE = Buffer.alloc(PREFIX_BYTES)
const CONTENT_TYPE = 'application/grpc'
const HTTP2_NO_ERROR = 0

const deflated = COMPRESSIONS.filter((name) => name !== 'zlib')
const ACCEPTED = ['identity', ...deflated].join(',')

/** One call of an Export method. */
export class GrpcCall {
  readonly #stream: ServerHttp2Stream
  readonly #headers: IncomingHttpHeaders
  readonly #options: GrpcCallOptions

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: GrpcCallOptions) {
    this.#stream = stream
    this.#headers = headers
    this.#options = options
    stream.on('error', () => {})
  }

  /** Never throws: whatever happens is answered. */
  async answer(): Promise<void> {
    const { intake } = this.#options
    if (!this.#headers['content-type']?.startsWith(CONTENT_TYPE)) {
      intake.refused({ httpStatus: 415, code: CODE_INTERNAL, message: '' })
      this.#stream.respond({ ':status': 415 }, { endStream: true })
      return this.#leave()
    }
    const signal = METHODS.get(this.#headers[':path'] ?? '')
    if (signal === undefined || !intake.signals.has(signal)) {
      return this.#refuse(intake.refused(unimplemented('no such method, or no pipeline for this signal')))
    }
    const encoding = String(this.#headers['grpc-encoding'] ?? 'identity')
    if (encoding !== 'identity' && !deflated.includes(encoding)) {
      return this.#refuse(intake.refused(unimplemented('this grpc-encoding is not accepted')))
    }
    const closed = intake.closedTo(signal)
    if (closed !== undefined) return this.#refuse(intake.refused(closed))
    try {
      await this.#take(signal, encoding)
      this.#succeed()
    } catch (error) {
      if (error instanceof AbortedError) return
      this.#refuse(error instanceof CallError ? intake.refused(error.refusal) : intake.refusal(error))
    }
  }

  async #take(signal: Signal, encoding: string): Promise<void> {
    const { intake, bytesMax } = this.#options
    const body = new BodyBuffer(intake.memory, bytesMax + PREFIX_BYTES)
    try {
      await this.#read(body)
      const { bytes } = body
      if (bytes.length < PREFIX_BYTES || bytes.length !== PREFIX_BYTES + bytes.readUInt32BE(1)) {
        throw new CallError(CODE_INTERNAL, 'one whole message is wanted')
      }
      const isCompressed = bytes[0] === 1
      if (isCompressed && encoding === 'identity')
        throw new CallError(CODE_INTERNAL, 'compressed without grpc-encoding')
      const message = bytes.subarray(PREFIX_BYTES)
      await intake.take({
        signal,
        bytes: message,
        encoding: 'protobuf',
        compression: isCompressed ? encoding : '',
        bytesMax,
      })
    } finally {
      body.release()
    }
  }

  /** Reads the stream to its end. A length in the prefix that is too large is refused before the message comes. */
  #read(body: BodyBuffer): Promise<void> {
    const stream = this.#stream
    const { clock, readTimeoutMs, bytesMax } = this.#options
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void): void => {
        cancel()
        stream.off('data', add).off('end', ended).off('close', closed)
        outcome()
      }
      const fail = (error: unknown): void => settle(() => reject(error))
      const late = (): void => fail(new CallError(CODE_DEADLINE_EXCEEDED, 'the request was not complete in time'))
      const cancel = readTimeoutMs === 0 ? () => {} : clock.after(readTimeoutMs, late)
      let isAnnounced = false
      const add = (chunk: Buffer): void => {
        try {
          body.add(chunk)
          if (isAnnounced || body.length < PREFIX_BYTES) return
          isAnnounced = true
          const length = body.bytes.readUInt32BE(1)
          if (length > bytesMax) fail(tooLargeMessage(bytesMax))
          else body.reserve(length + PREFIX_BYTES - body.length)
        } catch (error) {
          fail(error)
        }
      }
      const ended = (): void => settle(resolve)
      const closed = (): void => fail(new AbortedError('the client cancelled the call'))
      stream.on('data', add).on('end', ended).on('close', closed)
    })
  }

  #succeed(): void {
    const stream = this.#stream
    if (stream.destroyed) return
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.respond({ ':status': 200, 'content-type': CONTENT_TYPE }, { waitForTrailers: true })
    stream.end(EMPTY_MESSAGE)
  }

  #refuse(refusal: Refusal): void {
    const stream = this.#stream
    if (stream.destroyed) return
    stream.respond(
      {
        ':status': 200,
        'content-type': CONTENT_TYPE,
        'grpc-accept-encoding': ACCEPTED,
        'grpc-status': String(refusal.code),
        'grpc-message': percentEncoded(refusal.message),
        'grpc-status-details-bin': rpcStatus(refusal).toString('base64'),
      },
      { endStream: true },
    )
    this.#leave()
  }

  /** Tells the client to stop sending what nobody will read. */
  #leave(): void {
    this.#stream.resume()
    if (!this.#stream.readableEnded) this.#stream.close(HTTP2_NO_ERROR)
  }
}

/** As gRPC wants it: printable ASCII as it is, but for the percent sign. */
const percentEncoded = (text: string): string => text.toWellFormed().replaceAll(/[^ -$&-~]/gu, encodeURIComponent)

/** A refusal with a code that only gRPC has. */
class CallError extends Error {
  override readonly name = 'CallError'
  readonly refusal: Refusal

  constructor(code: number, message: string) {
    super(message)
    this.refusal = { code, httpStatus: 400, message }
  }
}

const unimplemented = (message: string): Refusal => ({ code: CODE_UNIMPLEMENTED, httpStatus: 404, message })

const tooLargeMessage = (bytesMax: number): RefusedError =>
  new RefusedError('too_large', `the message is larger than ${bytesMax} bytes (max_recv_msg_size_mib)`)
