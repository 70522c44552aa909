import { once } from 'node:events'
import { createSecureServer, createServer } from 'node:http2'
import type { Http2SecureServer, Http2Server, ServerHttp2Session, ServerOptions } from 'node:http2'
import type { ComponentContext } from '../../component.ts'
import { hostAndPort } from '../../config-types.ts'
import { GrpcCall } from './grpc-call.ts'
import type { GrpcConfig } from './http-config.ts'
import type { Intake } from './intake.ts'
import { tlsOptions } from './tls-options.ts'

/** Windows of a request and of a connection: with the default of 64 kB every large batch waits for the event loop many times. */
const STREAM_WINDOW_BYTES = 8 * 1024 * 1024
const SESSION_WINDOW_BYTES = 32 * 1024 * 1024
const SESSION_MEMORY_MIB = 64
const STREAMS_MAX = 0xffffffff

/** The OTLP/gRPC listener, on node:http2: three unary methods need no gRPC library, and raw bytes are twice as fast without one. */
export class OtlpGrpcServer {
  readonly #config: GrpcConfig
  readonly #server: Http2Server | Http2SecureServer
  readonly #sessions = new Set<ServerHttp2Session>()

  /** Throws when a certificate can't be read. */
  constructor(config: GrpcConfig, intake: Intake, { clock }: Pick<ComponentContext, 'clock'>) {
    this.#config = config
    const { max_concurrent_streams, max_connections, read_timeout, max_recv_msg_size_mib } = config
    const options: ServerOptions = {
      maxSessionMemory: SESSION_MEMORY_MIB,
      settings: {
        initialWindowSize: STREAM_WINDOW_BYTES,
        maxConcurrentStreams: max_concurrent_streams === 0 ? STREAMS_MAX : max_concurrent_streams,
      },
    }
    const tls = tlsOptions(config)
    this.#server =
      tls === undefined ? createServer(options) : createSecureServer({ ...options, ...tls, ALPNProtocols: ['h2'] })
    this.#server.maxConnections = max_connections
    this.#server.on('session', (session) => this.#add(session))
    // A connection that breaks is the client's affair: its requests end with it.
    this.#server.on('sessionError', () => {})
    const bytesMax = (max_recv_msg_size_mib === 0 ? 4 : max_recv_msg_size_mib) * 1024 * 1024
    this.#server.on('stream', (stream, headers) => {
      void new GrpcCall(stream, headers, { intake, bytesMax, readTimeoutMs: read_timeout, clock }).answer()
    })
  }

  async start(): Promise<void> {
    const { host, port } = hostAndPort(this.#config.endpoint)
    this.#server.listen(port, host)
    await once(this.#server, 'listening')
  }

  listening(): Readonly<Record<string, string>> {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') return {}
    const { host } = hostAndPort(this.#config.endpoint)
    const scheme = this.#config.tls ? 'https' : 'http'
    return { otlp_grpc: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${address.port}` }
  }

  /** Says goodbye on every connection and resolves when everything under way is answered. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const session of this.#sessions) session.close()
    await closed
  }

  #add(session: ServerHttp2Session): void {
    this.#sessions.add(session)
    session.setLocalWindowSize(SESSION_WINDOW_BYTES)
    session.on('close', () => this.#sessions.delete(session))
  }
}
