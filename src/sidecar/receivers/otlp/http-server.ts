import { fastify } from 'fastify'
import type { FastifyInstance } from 'fastify'
import { hostAndPort } from '../../config-types.ts'
import type { HttpConfig } from './http-config.ts'
import { HttpHandler } from './http-handler.ts'
import type { Intake } from './intake.ts'
import { tlsOptions } from './tls-options.ts'

/** How often slow requests are looked for. */
const CHECK_INTERVAL_MS_MAX = 5000

/** The OTLP/HTTP listener. Routes are fastify's; bodies and answers are the handler's, for fastify would copy each body twice. */
export class OtlpHttpServer {
  readonly #config: HttpConfig
  readonly #http: FastifyInstance
  readonly #handler: HttpHandler

  /** Throws when a certificate can't be read. */
  constructor(config: HttpConfig, intake: Intake) {
    this.#config = config
    this.#http = createServer(config)
    const handler = new HttpHandler(config, intake)
    this.#handler = handler
    this.#http.addHook('onRequest', (request, reply) => {
      reply.hijack()
      void handler.handle(request.raw, reply.raw)
    })
  }

  async start(): Promise<void> {
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
    await this.#http.close()
  }
}

function createServer(config: HttpConfig): FastifyInstance {
  const { read_timeout, read_header_timeout, idle_timeout, keep_alives_enabled, max_connections } = config
  const timeouts = {
    requestTimeout: read_timeout,
    headersTimeout: read_timeout === 0 ? read_header_timeout : Math.min(read_header_timeout, read_timeout),
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
