import type { Server, Socket } from 'node:net'
import { fastify } from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { ComponentContext, ReceiverContext } from '../../component.ts'
import { httpUrl } from '../../loopback.ts'
import { withoutSchemas } from '../../without-schemas.ts'
import { answerBadClient } from './bad-client.ts'
import { ClosedConnections } from './closed-connections.ts'
import { FastDoor } from './fast-door.ts'
import { Gate } from './gate.ts'
import type { HttpConfig } from './http-config.ts'
import { HttpHandler } from './http-handler.ts'
import type { Intake } from './intake.ts'
import { listenerAddress } from './listener-config.ts'
import { ListenerTls } from './listener-tls.ts'
import { readSpool } from './read-spool.ts'
import { listenOnSocketFile } from '../../../control/socket-file.ts'
import { takeOverWorks } from './take-over.ts'

/** How often slow requests are looked for. */
const CHECK_INTERVAL_MS_MAX = 5000

/** The OTLP/HTTP listener. Routes are fastify's; bodies and answers are the handler's, for fastify would copy each body twice. */
export class OtlpHttpServer {
  readonly #config: HttpConfig
  readonly #intake: Intake
  readonly #context: ComponentContext
  readonly #http: FastifyInstance
  readonly #handler: HttpHandler
  readonly #gate: Gate
  readonly #tls: ListenerTls | undefined
  readonly #closed: ClosedConnections
  /** Connections on which there was no request yet: node:http does not count them as idle, and they would hold up the end. */
  readonly #silent = new Set<Socket>()
  #fastDoor: FastDoor | undefined
  #removeSocketFile = async (): Promise<void> => {}

  /** Throws when a certificate can't be read. */
  constructor(config: HttpConfig, intake: Intake, context: ReceiverContext) {
    this.#config = config
    this.#intake = intake
    this.#context = context
    this.#tls = config.tls ? new ListenerTls(config.tls, context) : undefined
    this.#closed = new ClosedConnections(context, 'http')
    this.#http = createServer(config, this.#tls, this.#closed)
    this.#gate = new Gate(config.auth, context)
    const parts = { spool: context.service(readSpool), gate: this.#gate, clock: context.clock }
    const handler = new HttpHandler(config, intake, parts)
    this.#handler = handler
    this.#http.server.on(this.#tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#silent.add(socket)
      socket.once('close', () => this.#silent.delete(socket))
    })
    this.#http.addHook('onRequest', (request, reply) => {
      reply.hijack()
      this.#silent.delete(request.raw.socket)
      void handler.handle(request.raw, reply.raw)
    })
  }

  async start(): Promise<void> {
    this.#gate.check()
    if (this.#config.fast_read && this.#tls === undefined) await this.#openFastDoor()
    const { path, ...address } = listenerAddress(this.#config)
    if (path === undefined) await this.#http.listen(address)
    else this.#removeSocketFile = await listenOnSocketFile(path, (own) => this.#http.listen({ path: own }))
    const { server } = this.#http
    if (isTls(server)) this.#tls?.watch(server)
  }

  listening(): Readonly<Record<string, string>> {
    const address = this.#http.server.address()
    if (address === null) return {}
    const { path, host } = listenerAddress(this.#config)
    if (path !== undefined) return { otlp_http: `unix://${path}` }
    if (typeof address === 'string') return {}
    return { otlp_http: httpUrl(host, address.port, this.#tls === undefined ? 'http' : 'https') }
  }

  /** Resolves when everything under way is answered. */
  async stop(): Promise<void> {
    this.#tls?.stop()
    this.#handler.close()
    await this.#removeSocketFile()
    const closed = this.#http.close()
    this.#fastDoor?.close()
    for (const socket of this.#silent) socket.destroy()
    await closed
  }

  /** For the first address of a host name; what a second one accepts is read by node:http. */
  async #openFastDoor(): Promise<void> {
    const { clock, logger } = this.#context
    if (!(await takeOverWorks(clock))) return logger.info({}, 'fast_read does not work here: node:http reads')
    const { max_request_body_size, keep_alives_enabled, idle_timeout, read_timeout } = this.#config
    this.#fastDoor = new FastDoor(this.#http.server, {
      handler: this.#handler,
      memory: this.#intake.memory,
      context: this.#context,
      closed: this.#closed,
      bodyBytesMax: max_request_body_size,
      keepsAlive: keep_alives_enabled,
      headTimeoutMs: headTimeoutMs(this.#config),
      requestTimeoutMs: read_timeout,
      idleTimeoutMs: idle_timeout,
    })
  }
}

function createServer(config: HttpConfig, tls: ListenerTls | undefined, closed: ClosedConnections): FastifyInstance {
  const { read_timeout, idle_timeout, keep_alives_enabled, max_connections, handshake_timeout } = config
  const timeouts = {
    requestTimeout: read_timeout,
    headersTimeout: headTimeoutMs(config),
    connectionsCheckingInterval: checkIntervalMs(read_timeout),
    keepAliveTimeout: keep_alives_enabled ? idle_timeout : 1,
  }
  const options = {
    ...timeouts,
    forceCloseConnections: 'idle' as const,
    return503OnClosing: false,
    schemaController: withoutSchemas,
    clientErrorHandler: (error: Error & { code?: unknown }, socket: Socket) => answerBadClient(error, socket, closed),
  }
  const http: FastifyInstance =
    tls === undefined
      ? fastify({ ...options, http: timeouts })
      : fastify({ ...options, https: { ...timeouts, ...tls.options, handshakeTimeout: handshake_timeout } })
  const { server } = http
  server.maxConnections = max_connections
  if (!keep_alives_enabled) server.maxRequestsPerSocket = 1
  closed.countOf(server)
  return http
}

const isTls = (server: object): server is Server & { setSecureContext(options: object): void } =>
  'setSecureContext' in server && typeof server.setSecureContext === 'function'

const headTimeoutMs = ({ read_timeout, read_header_timeout }: HttpConfig): number =>
  read_timeout === 0 ? read_header_timeout : Math.min(read_header_timeout, read_timeout)

const checkIntervalMs = (readTimeoutMs: number): number =>
  readTimeoutMs === 0 ? CHECK_INTERVAL_MS_MAX : Math.min(CHECK_INTERVAL_MS_MAX, Math.max(50, readTimeoutMs / 4))
