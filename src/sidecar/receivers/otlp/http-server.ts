import { fastify } from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { ComponentContext, ReceiverContext } from '../../component.ts'
import { hostAndPort } from '../../config-types.ts'
import { FastDoor } from './fast-door.ts'
import type { HttpConfig } from './http-config.ts'
import { HttpHandler } from './http-handler.ts'
import type { Intake } from './intake.ts'
import { readSpool } from './read-spool.ts'
import { takeOverWorks } from './take-over.ts'
import { tlsOptions } from './tls-options.ts'

/** How often slow requests are looked for. */
const CHECK_INTERVAL_MS_MAX = 5000

/** The OTLP/HTTP listener. Routes are fastify's; bodies and answers are the handler's, for fastify would copy each body twice. */
export class OtlpHttpServer {
  readonly #config: HttpConfig
  readonly #intake: Intake
  readonly #context: ComponentContext
  readonly #http: FastifyInstance
  readonly #handler: HttpHandler
  #fastDoor: FastDoor | undefined

  /** Throws when a certificate can't be read. */
  constructor(config: HttpConfig, intake: Intake, context: ReceiverContext) {
    this.#config = config
    this.#intake = intake
    this.#context = context
    this.#http = createServer(config)
    const handler = new HttpHandler(config, intake, context.service(readSpool))
    this.#handler = handler
    this.#http.addHook('onRequest', (request, reply) => {
      reply.hijack()
      void handler.handle(request.raw, reply.raw)
    })
  }

  async start(): Promise<void> {
    if (this.#config.fast_read && !this.#config.tls) await this.#openFastDoor()
    await this.#http.listen(hostAndPort(this.#config.endpoint))
  }

  listening(): Readonly<Record<string, string>> {
    const address = this.#http.server.address()
    if (address === null || typeof address === 'string') return {}
    const { host } = hostAndPort(this.#config.endpoint)
    const scheme = this.#config.tls ? 'https' : 'http'
    return { otlp_http: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${address.port}` }
  }

  /** Resolves when everything under way is answered. */
  async stop(): Promise<void> {
    this.#handler.close()
    const closed = this.#http.close()
    this.#fastDoor?.close()
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
      bodyBytesMax: max_request_body_size,
      keepsAlive: keep_alives_enabled,
      headTimeoutMs: headTimeoutMs(this.#config),
      requestTimeoutMs: read_timeout,
      idleTimeoutMs: idle_timeout,
    })
  }
}

function createServer(config: HttpConfig): FastifyInstance {
  const { read_timeout, idle_timeout, keep_alives_enabled, max_connections } = config
  const timeouts = {
    requestTimeout: read_timeout,
    headersTimeout: headTimeoutMs(config),
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS_MAX, Math.max(50, read_timeout / 4)),
    keepAliveTimeout: keep_alives_enabled ? idle_timeout : 1,
  }
  const options = { ...timeouts, forceCloseConnections: 'idle' as const, return503OnClosing: false }
  const https = tlsOptions(config)
  const http: FastifyInstance =
    https === undefined
      ? fastify({ ...options, http: timeouts })
      : fastify({ ...options, https: { ...timeouts, ...https } })
  http.server.maxConnections = max_connections
  if (!keep_alives_enabled) http.server.maxRequestsPerSocket = 1
  return http
}

const headTimeoutMs = ({ read_timeout, read_header_timeout }: HttpConfig): number =>
  read_timeout === 0 ? read_header_timeout : Math.min(read_header_timeout, read_timeout)
