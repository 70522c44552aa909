import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { COMPRESSIONS } from './decompress.ts'
import { rpcStatus } from './rpc-status.ts'
import type { Refusal } from './rpc-status.ts'

/** A message on the wire: one byte that says whether it is compressed, four of its length, then the message. */
export const PREFIX_BYTES = 5
const CONTENT_TYPE = 'application/grpc'
const GRPC_TYPE = /^application\/grpc(?:\+proto)?\s*(?:;|$)/i
const HTTP2_NO_ERROR = 0

/** Values of grpc-encoding that can be read. */
export const GRPC_COMPRESSIONS: readonly string[] = COMPRESSIONS.filter((name) => name !== 'zlib')
const ACCEPTED = ['identity', ...GRPC_COMPRESSIONS].join(',')

/** A message in the form of the wire, not compressed. */
export function framed(message: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  bytes[0] = 0
  bytes.writeUInt32BE(message.length, 1)
  message.copy(bytes, PREFIX_BYTES)
  return bytes
}

/** The answering side of a gRPC call. */
export class GrpcStream {
  readonly headers: IncomingHttpHeaders
  readonly stream: ServerHttp2Stream
  #code = 0
  #message = ''

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.stream = stream
    this.headers = headers
    stream.on('error', () => {})
  }

  get path(): string {
    return this.headers[':path'] ?? ''
  }

  get isGrpc(): boolean {
    return this.headers[':method'] === 'POST' && GRPC_TYPE.test(this.headers['content-type'] ?? '')
  }

  /** The only answer to a call. */
  succeed(message: Buffer): void {
    if (this.stream.destroyed) return
    this.#begin()
    this.stream.end(framed(message))
  }

  /** One of several answers. */
  send(message: Buffer): void {
    if (this.stream.destroyed) return
    if (!this.stream.headersSent) this.#begin()
    this.stream.write(framed(message))
  }

  /** Ends a call with several answers. */
  finish(code = 0, message = ''): void {
    if (this.stream.destroyed) return
    if (!this.stream.headersSent) this.#begin()
    this.#code = code
    this.#message = message
    this.stream.end()
  }

  refuse(refusal: Refusal): void {
    if (this.stream.destroyed) return
    this.stream.respond(
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

  /** For what is no gRPC at all. */
  refuseHttp(status: number): void {
    if (this.stream.destroyed) return
    this.stream.respond({ ':status': status }, { endStream: true })
    this.#leave()
  }

  #begin(): void {
    const { stream } = this
    stream.on('wantTrailers', () => stream.sendTrailers(this.#trailers()))
    stream.respond({ ':status': 200, 'content-type': CONTENT_TYPE }, { waitForTrailers: true })
  }

  #trailers(): Record<string, string> {
    const message: Record<string, string> =
      this.#message === '' ? {} : { 'grpc-message': percentEncoded(this.#message) }
    return { 'grpc-status': String(this.#code), ...message }
  }

  /** Tells the client to stop sending what nobody will read. */
  #leave(): void {
    this.stream.resume()
    if (!this.stream.readableEnded) this.stream.close(HTTP2_NO_ERROR)
  }
}

/** As gRPC wants it: printable ASCII as it is, but for the percent sign. */
const percentEncoded = (text: string): string => text.toWellFormed().replaceAll(/[^ -$&-~]/gu, encodeURIComponent)

/**
 * Calls back with each small message of a stream, in order, and at its end; `stop` ends that early. Messages that are compressed or larger than
 * `bytesMax` are an end with `isBroken`.
 */
export function readSmallMessages(
  stream: ServerHttp2Stream,
  bytesMax: number,
  { message, end }: { message(bytes: Buffer): void; end(isBroken: boolean): void },
): () => void {
  let rest: Buffer = Buffer.alloc(0)
  const stop = (): void => void stream.off('data', add).off('end', ended)
  const ended = (): void => {
    stop()
    end(rest.length > 0)
  }
  const add = (chunk: Buffer): void => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= PREFIX_BYTES) {
      const length = rest.readUInt32BE(1)
      if (rest[0] !== 0 || length > bytesMax) {
        stop()
        return end(true)
      }
      if (rest.length < PREFIX_BYTES + length) return
      message(rest.subarray(PREFIX_BYTES, PREFIX_BYTES + length))
      rest = rest.subarray(PREFIX_BYTES + length)
    }
  }
  stream.on('data', add).on('end', ended)
  return stop
}
