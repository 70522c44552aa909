import { connect, constants } from 'node:http2'
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2'
import type { ConnectionOptions } from 'node:tls'
import { readRpcStatus } from '../../../otlp/export-response.ts'
import type { Clock } from '../../component.ts'
import type { Compression } from './compression.ts'
import { errorCode } from './error-code.ts'

/** What is read of a response; a longer one ends the request. */
export const RESPONSE_BYTES_MAX = 4 * 1024 * 1024

export interface GrpcClientOptions {
  readonly clock: Clock
  readonly origin: URL
  readonly tls: ConnectionOptions
  readonly timeoutMs: number
  readonly headers: Readonly<Record<string, string>>
}

export type GrpcAnswer =
  | {
      readonly code: number
      readonly message: string
      readonly retryDelayMs: number | undefined
      /** The message of the response, when there is one. */
      readonly response: Buffer | undefined
    }
  /** No answer; why, in one word. */
  | { readonly failure: string }

const FRAME_HEADER_BYTES = 5

/** Unary gRPC calls over one connection, which is made when it is needed and made again when it is lost, old or silent. */
export class GrpcClient {
  readonly #options: GrpcClientOptions
  #session: ClientHttp2Session | undefined
  /** Connections that are replaced but still have calls under way. */
  readonly #leaving = new Set<ClientHttp2Session>()

  constructor(options: GrpcClientOptions) {
    this.#options = options
  }

  /** `message` is compressed already. `credentials` are headers of this call. */
  call(
    path: string,
    message: Buffer,
    compression: Compression,
    abort: AbortSignal,
    credentials: Readonly<Record<string, string>> = {},
  ): Promise<GrpcAnswer> {
    const { clock, timeoutMs, headers, origin } = this.#options
    const session = this.#connected()
    // Throws no more than what the lines above rule out: the session is open, the headers are checked by the configuration.
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      ':scheme': origin.protocol.slice(0, -1),
      ':authority': origin.host,
      ...headers,
      ...credentials,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': `${Math.ceil(timeoutMs)}m`,
      'grpc-accept-encoding': 'identity',
      ...(compression === 'none' ? {} : { 'grpc-encoding': compression }),
    })
    return new Promise((resolve) => {
      let failure = 'connection closed'
      let received: IncomingHttpHeaders = {}
      let trailers: IncomingHttpHeaders = {}
      const chunks: Buffer[] = []
      let size = 0
      const fail = (reason: string): void => {
        failure = reason
        stream.close(constants.NGHTTP2_CANCEL)
      }
      const onAbort = (): void => fail('stopped')
      const cancelTimeout = clock.after(timeoutMs, () => {
        // The peer may be gone without a word: the next call tries a fresh connection.
        this.#replace(session)
        fail('timeout')
      })
      abort.addEventListener('abort', onAbort)
      if (abort.aborted) onAbort()
      stream.on('error', (error) => {
        if (failure === 'connection closed') failure = errorCode(error)
      })
      stream.on('response', (responseHeaders) => {
        received = responseHeaders
      })
      stream.on('trailers', (responseTrailers) => {
        trailers = responseTrailers
      })
      stream.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > RESPONSE_BYTES_MAX) fail('response too long')
        else chunks.push(chunk)
      })
      stream.on('close', () => {
        cancelTimeout()
        abort.removeEventListener('abort', onAbort)
        resolve(answerOf(received, trailers, chunks) ?? { failure })
      })
      stream.end(framed(message, compression))
    })
  }

  /** Ends what is still open. */
  close(): Promise<void> {
    for (const session of [this.#session, ...this.#leaving]) session?.destroy()
    this.#session = undefined
    return Promise.resolve()
  }

  #connected(): ClientHttp2Session {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed) return this.#session
    const session = connect(this.#options.origin, this.#options.tls)
    this.#session = session
    // A failure of the connection reaches every call as a failure of its stream.
    session.on('error', () => this.#replace(session))
    session.on('goaway', () => this.#replace(session))
    session.on('close', () => this.#leaving.delete(session))
    return session
  }

  /** Lets the calls under way come to their end and takes a new connection for the next. */
  #replace(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = undefined
    if (session.destroyed) return
    this.#leaving.add(session)
    session.close()
  }
}

/** The frame of a message. A copy, for memory that is handed to HTTP/2 may be read after a stream is closed, and the batch's is used again. */
function framed(message: Buffer, compression: Compression): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + message.length)
  frame.writeUInt8(compression === 'none' ? 0 : 1, 0)
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, FRAME_HEADER_BYTES)
  return frame
}

/** Undefined when the call ended without a status. */
function answerOf(
  headers: IncomingHttpHeaders,
  trailers: IncomingHttpHeaders,
  chunks: readonly Buffer[],
): GrpcAnswer | undefined {
  // Without a message both come in one block.
  const status = trailers['grpc-status'] === undefined ? headers : trailers
  const code = Number(status['grpc-status'] ?? NaN)
  if (Number.isNaN(code)) {
    const http = Number(headers[':status'] ?? 0)
    return http === 0 || http === 200
      ? undefined
      : { ...httpStatusAsGrpc(http), retryDelayMs: undefined, response: undefined }
  }
  const details = readRpcStatus(Buffer.from(String(status['grpc-status-details-bin'] ?? ''), 'base64'))
  return {
    code,
    message: decoded(String(status['grpc-message'] ?? '')),
    retryDelayMs: details?.retryDelayMs,
    response: responseMessage(Buffer.concat(chunks)),
  }
}

function responseMessage(body: Buffer): Buffer | undefined {
  if (body.length < FRAME_HEADER_BYTES || body[0] !== 0) return undefined
  const end = FRAME_HEADER_BYTES + body.readUInt32BE(1)
  return end <= body.length ? body.subarray(FRAME_HEADER_BYTES, end) : undefined
}

function decoded(message: string): string {
  try {
    return decodeURIComponent(message)
  } catch {
    return message
  }
}

/** A proxy that speaks no gRPC answered (gRPC "HTTP to gRPC Status Code Mapping"; 413 is ours). */
function httpStatusAsGrpc(status: number): { code: number; message: string } {
  const codes: Readonly<Record<number, number>> = {
    400: 13,
    401: 16,
    403: 7,
    404: 12,
    413: 8,
    429: 14,
    502: 14,
    503: 14,
    504: 14,
  }
  return { code: codes[status] ?? 2, message: status === 413 ? 'too large' : `HTTP ${status}` }
}
