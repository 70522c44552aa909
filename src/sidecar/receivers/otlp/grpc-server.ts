import { once } from 'node:events'
import { createSecureServer, createServer } from 'node:http2'
import type {
  Http2SecureServer,
  Http2Server,
  Http2Session,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
  ServerOptions,
} from 'node:http2'
import type { ReceiverContext, Signal } from '../../component.ts'
import { httpUrl } from '../../loopback.ts'
import { ClosedConnections } from './closed-connections.ts'
import { Gate } from './gate.ts'
import { answerExport, unimplemented } from './grpc-call.ts'
import type { GrpcCallOptions } from './grpc-call.ts'
import type { GrpcConfig } from './grpc-config.ts'
import { GrpcHealth } from './grpc-health.ts'
import { GrpcReflection } from './grpc-reflection.ts'
import { GrpcSession } from './grpc-session.ts'
import { GrpcStream } from './grpc-stream.ts'
import type { Intake } from './intake.ts'
import { listenerAddress } from './listener-config.ts'
import { ListenerTls } from './listener-tls.ts'
import { CODE_INTERNAL } from './rpc-status.ts'
import { listenOnSocketFile } from '../../../control/socket-file.ts'

/** Windows of a request and of a connection: with the default of 64 kB every large batch waits for the event loop many times. */
const STREAM_WINDOW_BYTES = 8 * 1024 * 1024
const SESSION_WINDOW_BYTES = 32 * 1024 * 1024
const SESSION_MEMORY_MIB = 64
const STREAMS_MAX = 0xffffffff
const HEADERS_MAX = 64
const HEADER_BYTES_MAX = 16 * 1024
/** Requests that a client takes back (CVE-2023-44487): so many at once, then so many a second. */
const RESET_BURST_MAX = 200
const RESETS_PER_SECOND_MAX = 33
const INVALID_FRAMES_MAX = 100

const serviceNames: Readonly<Record<Signal, string>> = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  metrics: 'opentelemetry.proto.collector.metrics.v1.MetricsService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
}

/** The OTLP/gRPC listener, on node:http2: three unary methods need no gRPC library, and raw bytes are twice as fast without one. */
export class OtlpGrpcServer {
  readonly #config: GrpcConfig
  readonly #context: ReceiverContext
  readonly #server: Http2Server | Http2SecureServer
  readonly #tls: ListenerTls | undefined
  readonly #gate: Gate
  readonly #closed: ClosedConnections
  readonly #intake: Intake
  readonly #methods: ReadonlyMap<string, Signal>
  readonly #call: GrpcCallOptions
  readonly #health: GrpcHealth
  readonly #reflection: GrpcReflection | undefined
  readonly #sessions = new Map<Http2Session, GrpcSession>()
  #removeSocketFile = async (): Promise<void> => {}

  /** Throws when a certificate can't be read. */
  constructor(config: GrpcConfig, intake: Intake, context: ReceiverContext) {
    this.#config = config
    this.#context = context
    this.#intake = intake
    this.#gate = new Gate(config.auth, context)
    this.#closed = new ClosedConnections(context, 'grpc')
    const { clock } = context
    const mib = config.max_recv_msg_size_mib === 0 ? 4 : config.max_recv_msg_size_mib
    this.#call = { intake, bytesMax: mib * 1024 * 1024, readTimeoutMs: config.read_timeout, clock }
    const signals = [...intake.signals]
    this.#methods = new Map(signals.map((signal) => [`/${serviceNames[signal]}/Export`, signal]))
    const services = signals.map((signal) => serviceNames[signal])
    this.#health = new GrpcHealth(services)
    if (config.reflection) {
      const own = [
        'grpc.health.v1.Health',
        'grpc.reflection.v1.ServerReflection',
        'grpc.reflection.v1alpha.ServerReflection',
      ]
      this.#reflection = new GrpcReflection([...services, ...own], clock)
    }
    this.#tls = config.tls ? new ListenerTls(config.tls, context) : undefined
    this.#server = this.#createServer()
  }

  async start(): Promise<void> {
    this.#gate.check()
    const { path, ...address } = listenerAddress(this.#config)
    const listen = async (options: object): Promise<void> => {
      this.#server.listen(options)
      await once(this.#server, 'listening')
    }
    if (path === undefined) await listen(address)
    else this.#removeSocketFile = await listenOnSocketFile(path, (own) => listen({ path: own }))
    if ('setSecureContext' in this.#server) this.#tls?.watch(this.#server)
  }

  listening(): Readonly<Record<string, string>> {
    const address = this.#server.address()
    if (address === null) return {}
    const { path, host } = listenerAddress(this.#config)
    if (path !== undefined) return { otlp_grpc: `unix://${path}` }
    if (typeof address === 'string') return {}
    return { otlp_grpc: httpUrl(host, address.port, this.#tls === undefined ? 'http' : 'https') }
  }

  /** Says goodbye on every connection and resolves when everything under way is answered. */
  async stop(): Promise<void> {
    this.#tls?.stop()
    if (!this.#server.listening) return
    await this.#removeSocketFile()
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#health.close()
    this.#reflection?.close()
    for (const session of this.#sessions.keys()) session.close()
    await closed
  }

  #createServer(): Http2Server | Http2SecureServer {
    const { max_concurrent_streams, max_connections, handshake_timeout } = this.#config
    const options: ServerOptions = {
      maxSessionMemory: SESSION_MEMORY_MIB,
      maxSessionInvalidFrames: INVALID_FRAMES_MAX,
      maxHeaderListPairs: HEADERS_MAX,
      streamResetBurst: RESET_BURST_MAX,
      streamResetRate: RESETS_PER_SECOND_MAX,
      settings: {
        initialWindowSize: STREAM_WINDOW_BYTES,
        maxConcurrentStreams: max_concurrent_streams === 0 ? STREAMS_MAX : max_concurrent_streams,
        maxHeaderListSize: HEADER_BYTES_MAX,
      },
    }
    const server =
      this.#tls === undefined
        ? createServer(options)
        : createSecureServer({
            ...options,
            ...this.#tls.options,
            handshakeTimeout: handshake_timeout,
            ALPNProtocols: ['h2'],
          })
    server.maxConnections = max_connections
    this.#closed.countOf(server)
    server.on('session', (session) => this.#add(session))
    // A connection that breaks is the client's affair: its requests end with it. Floods of frames and of resets come here, too.
    server.on('sessionError', (error) => {
      if ('code' in error && String(error.code).startsWith('ERR_HTTP2_')) this.#closed.add('malformed')
    })
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      const { session } = stream
      if (session !== undefined) this.#sessions.get(session)?.began(stream)
      void this.#answer(new GrpcStream(stream, headers))
    })
    return server
  }

  /** Never throws: whatever happens is answered. */
  async #answer(call: GrpcStream): Promise<void> {
    const refused = this.#intake.refused.bind(this.#intake)
    if (!call.isGrpc) {
      refused({ httpStatus: 415, code: CODE_INTERNAL, message: '' })
      return call.refuseHttp(415)
    }
    // Orchestrators ask without credentials.
    if (this.#health.handles(call.path)) return this.#health.answer(call, refused)
    try {
      const accepted = this.#gate.accepts(call.headers)
      if (accepted !== true && !(accepted !== false && (await accepted)))
        return call.refuse(refused(this.#gate.refusal))
    } catch (error) {
      return call.refuse(this.#intake.refusal(error))
    }
    if (this.#reflection?.handles(call.path) === true) return this.#reflection.answer(call, refused)
    const signal = this.#methods.get(call.path)
    if (signal !== undefined) return answerExport(call, signal, this.#call)
    call.refuse(refused(unimplemented('no such method, or no pipeline for this signal')))
  }

  #add(session: ServerHttp2Session): void {
    const { clock, random } = this.#context
    const options = { config: this.#config, clock, closed: this.#closed, random }
    this.#sessions.set(session, new GrpcSession(session, options))
    session.setLocalWindowSize(SESSION_WINDOW_BYTES)
    session.on('close', () => this.#sessions.delete(session))
  }
}
