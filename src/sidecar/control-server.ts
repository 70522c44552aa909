import { fastify } from 'fastify'
import type { FastifyInstance } from 'fastify'
import { httpUrl, isLoopback, namesLoopback } from './loopback.ts'

/** What the sidecar says of itself under /health. */
export interface Health {
  readonly program: string
  readonly version: string
  readonly status: 'starting' | 'ok' | 'degraded' | 'draining' | 'stopped'
  readonly pid: number
  readonly uptime_s: number
  /** Name of the protocol to URL. */
  readonly listening: Readonly<Record<string, string>>
  readonly components: readonly ComponentHealth[]
}
export interface ComponentHealth {
  readonly id: string
  readonly kind: string
  readonly status: 'ok' | 'degraded'
  /** Of exporters: what waits. */
  readonly queued_items?: number
  readonly reason?: string
}

export interface ControlServerOptions {
  readonly host: string
  readonly port: number
  health(): Health
}

const CONNECTIONS_MAX = 200
const BODY_BYTES_MAX = 1024 * 1024

const securityHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

/**
 * Health for people and orchestrators; extensions add their routes. /livez is 200 while the process runs. /readyz is 200 between start and stop and
 * stays so when a backend is away: taking the agent out of service would not bring the backend back (/health says "degraded" then).
 */
export class ControlServer {
  readonly http: FastifyInstance
  readonly #options: ControlServerOptions

  constructor(options: ControlServerOptions) {
    this.#options = options
    this.http = fastify({
      bodyLimit: BODY_BYTES_MAX,
      forceCloseConnections: true,
      keepAliveTimeout: 75_000,
      requestTimeout: 30_000,
      routerOptions: { ignoreTrailingSlash: true },
    })
    this.http.server.maxConnections = CONNECTIONS_MAX
    guard(this.http, isLoopback(options.host))
    addHealth(this.http, () => options.health())
  }

  /** Throws with the address in the message when it can't listen. */
  async start(): Promise<void> {
    await this.http.listen({ host: this.#options.host, port: this.#options.port })
  }

  listening(): Readonly<Record<string, string>> {
    const address = this.http.server.address()
    if (address === null || typeof address === 'string') return {}
    return { control: httpUrl(this.#options.host, address.port) }
  }

  async stop(): Promise<void> {
    await this.http.close()
  }
}

function guard(http: FastifyInstance, onLoopback: boolean): void {
  http.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders)
    if (onLoopback && !namesLoopback(request.raw)) return reply.code(403).send({ error: 'unknown host' })
    const { origin, host } = request.headers
    const reads = request.method === 'GET' || request.method === 'HEAD'
    // A page of another origin may not change anything, with or without its browser's blessing.
    if (!reads && origin !== undefined && !sameOrigin(origin, host)) {
      return reply.code(403).send({ error: 'foreign origin' })
    }
    return undefined
  })
  http.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not found' }))
  http.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error)
    return reply.code(status).send({ error: status < 500 ? 'bad request' : 'internal error' })
  })
}

function addHealth(http: FastifyInstance, health: () => Health): void {
  http.get('/health', async () => health())
  http.get('/livez', async () => ({ status: 'ok' }))
  http.get('/readyz', async (_request, reply) => {
    const { status } = health()
    return reply.code(status === 'ok' || status === 'degraded' ? 200 : 503).send({ status })
  })
}

const sameOrigin = (origin: string, host: string | undefined): boolean =>
  host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500
}
