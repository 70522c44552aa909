import { fastify } from 'fastify'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Health } from './health.ts'
import type { AgentState } from './health-watch.ts'
import { hostCheck } from './host-check.ts'
import type { LogEntry } from './log.ts'
import { isFromThisHost, isLoopback } from './loopback.ts'
import type { Reloaded } from './reloader.ts'
import { withoutSchemas } from './without-schemas.ts'

export interface ControlRoutesOptions {
  /** Where they are to be served. */
  readonly host: string
  /** Names by which they may be called, beside those that hostCheck knows. */
  readonly allowedHosts: readonly string[]
  health(): Health
  agents(): readonly AgentState[]
  recentLog(): readonly LogEntry[]
  reload(): Promise<Reloaded>
}

const BODY_BYTES_MAX = 1024 * 1024

const UNKNOWN_HOST = 'unknown host: call it by an address or localhost, or name it in service.http.allowed_hosts'

const securityHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

/**
 * Health for people and orchestrators; extensions add their routes. /livez is 200 while the process runs. /readyz is 200 between start and stop, but for what gets better
 * when traffic goes elsewhere (`service.health.unready_on`); a backend that is away would not come back by that (status "degraded", with the reasons).
 * /livez/agent is for the liveness of the agent itself: 503 while one of this sidecar's has gone silent without a word.
 */
export function controlRoutes(options: ControlRoutesOptions): FastifyInstance {
  const http = fastify({
    bodyLimit: BODY_BYTES_MAX,
    routerOptions: { ignoreTrailingSlash: true },
    schemaController: withoutSchemas,
  })
  guard(http, options)
  const { health, agents, recentLog, reload } = options
  http.get('/health', async () => health())
  http.get('/livez', async () => ({ status: 'ok' }))
  http.get('/livez/agent', async (_request, reply) => {
    const silent = agents().filter(({ state }) => state === 'silent')
    return reply.code(silent.length === 0 ? 200 : 503).send({ status: silent.length === 0 ? 'ok' : 'silent', silent })
  })
  http.get('/api/agents', async () => ({ agents: agents() }))
  http.get('/readyz', async (_request, reply) => {
    const { status, reasons, config } = health()
    return reply.code(status === 'ok' || status === 'degraded' ? 200 : 503).send({ status, reasons, config })
  })
  http.get('/api/log', async () => ({ entries: recentLog() }))
  http.post('/api/reload', async (request, reply) => {
    if (!isFromThisHost(request)) return reply.code(403).send({ error: 'this host only' })
    const reloaded = await reload()
    return reply.code(reloaded.result === 'failed' ? 422 : 200).send(reloaded)
  })
  return http
}

/** What probes ask for, under any name: it tells a web page nothing. */
const PROBED = new Set(['/livez', '/readyz'])

function guard(http: FastifyInstance, { host: listensAt, allowedHosts }: ControlRoutesOptions): void {
  const mayAsk = hostCheck(listensAt, allowedHosts)
  const onLoopback = isLoopback(listensAt)
  const isProbe = (url: string): boolean => !onLoopback && PROBED.has(url.split('?')[0] ?? '')
  http.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders)
    const { origin, host } = request.headers
    if (!mayAsk(host) && !isProbe(request.url)) return reply.code(403).send({ error: UNKNOWN_HOST })
    const reads = request.method === 'GET' || request.method === 'HEAD'
    // A page of another origin may not change anything, with or without its browser's blessing.
    if (!reads && origin !== undefined && !sameOrigin(origin, host)) {
      return reply.code(403).send({ error: 'foreign origin' })
    }
    return undefined
  })
  http.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not found' }))
  http.setErrorHandler((error, _request, reply: FastifyReply) => {
    const status = statusOf(error)
    return reply.code(status).send({ error: status < 500 ? 'bad request' : 'internal error' })
  })
}

const sameOrigin = (origin: string, host: string | undefined): boolean =>
  host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500
}
