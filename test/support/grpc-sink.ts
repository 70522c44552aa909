import { once } from 'node:events'
import { createSecureServer, createServer } from 'node:http2'
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { decodeOtlpProtobuf } from './otlp-proto.ts'
import { spansOf } from './otlp-sink.ts'
import type { SinkSpan } from './otlp-sink.ts'

export interface GrpcCall {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** After decompression. */
  readonly message: Buffer
}

export interface GrpcReply {
  readonly code: number
  readonly message?: string
  readonly trailers?: OutgoingHttpHeaders
  readonly response?: Buffer
}

export interface GrpcSink extends AsyncDisposable {
  readonly port: number
  readonly calls: GrpcCall[]
  readonly spans: SinkSpan[]
  /** Connections since the start. */
  readonly connections: number
  /** Open connections. */
  readonly sessions: ReadonlySet<ServerHttp2Session>
}

export interface GrpcSinkOptions {
  /** What a call is answered; success by default. Undefined: nothing more is done with the stream. */
  readonly reply?: (call: GrpcCall, stream: ServerHttp2Stream) => GrpcReply | undefined
  readonly port?: number
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer }
}

/** A real OTLP/gRPC backend for tests, on a free port of the loopback interface. */
export async function startGrpcSink({
  reply = () => ({ code: 0 }),
  port = 0,
  tls,
}: GrpcSinkOptions = {}): Promise<GrpcSink> {
  const server = tls === undefined ? createServer() : createSecureServer(tls)
  const sessions = new Set<ServerHttp2Session>()
  const calls: GrpcCall[] = []
  const spans: SinkSpan[] = []
  let connections = 0
  server.on('session', (session: ServerHttp2Session) => {
    connections++
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => undefined)
  })
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const chunks: Buffer[] = []
    stream.on('error', () => undefined)
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const call = { path: headers[':path'] ?? '', headers, message: messageIn(Buffer.concat(chunks), headers) }
      calls.push(call)
      const replied = reply(call, stream)
      if (replied === undefined) return
      if (replied.code === 0 && call.path.includes('Trace'))
        spans.push(...spansOf(decodeOtlpProtobuf('traces', call.message)))
      answer(stream, replied)
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the sink has no port')
  return {
    port: address.port,
    calls,
    spans,
    sessions,
    get connections() {
      return connections
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function messageIn(body: Buffer, headers: IncomingHttpHeaders): Buffer {
  const message = body.subarray(5, 5 + body.readUInt32BE(1))
  if (body[0] === 0) return message
  return headers['grpc-encoding'] === 'zstd' ? zstdDecompressSync(message) : gunzipSync(message)
}

function answer(
  stream: ServerHttp2Stream,
  { code, message = '', trailers = {}, response = Buffer.alloc(0) }: GrpcReply,
): void {
  const status = { 'grpc-status': code, 'grpc-message': encodeURIComponent(message), ...trailers }
  const headers = { ':status': 200, 'content-type': 'application/grpc' }
  // An error without a message comes in a single block, as real servers send it.
  if (code !== 0) return stream.respond({ ...headers, ...status }, { endStream: true })
  stream.respond(headers, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers(status))
  const frame = Buffer.alloc(5)
  frame.writeUInt32BE(response.length, 1)
  stream.end(Buffer.concat([frame, response]))
}
