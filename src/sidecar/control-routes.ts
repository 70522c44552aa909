import { fastify } from 'fastify'
import type { FastifyInstance, FastifyReply } from 'fastify'
import * as z from 'zod'
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
  /** False when there is none of this name. */
  forgetAgent(agent: string): boolean
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
 * /livez/agent?name= is for the liveness of one agent: 503 while it is silent without a word. Whoever was not heard of yet is none to be killed.
 */
export function controlRoutes(options: ControlRoutesOptions): FastifyInstance {
  const http = fastify({
    bodyLimit: BODY_BYTES_MAX,
    routerOptions: { ignoreTrailingSlash: true },
    schemaController: withoutSchemas,
  })
  guard(http, options)
  const { health, recentLog, reload } = options
  http.get('/health', async () => health())
  http.get('/livez', async () => ({ status: 'ok' }))
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
  addAgentRoutes(http, options)
  return http
}

const ONE_NAME = 'this takes the name of one agent'
const liveness = z.object({ name: z.string().min(1).optional() })
const forgetting = z.strictObject({ agent: z.string().min(1) })

function addAgentRoutes(http: FastifyInstance, { agents, forgetAgent }: ControlRoutesOptions): void {
  http.get('/livez/agent', async (request, reply) => {
    const query = liveness.safeParse(request.query)
    if (!query.success) return reply.code(400).send({ error: ONE_NAME })
    const { name } = query.data
    const status = name === undefined ? stateOfAll(agents()) : stateOfOne(agents(), name)
    return reply.code(status === 'silent' ? 503 : 200).send({ status })
  })
  http.get('/api/agents', async () => ({ agents: agents() }))
  http.post('/api/agents/forget', async (request, reply) => {
    if (!isFromThisHost(request)) return reply.code(403).send({ error: 'this host only' })
    const body = forgetting.safeParse(request.body)
    if (!body.success) return reply.code(400).send({ error: ONE_NAME })
    const { agent } = body.data
    return forgetAgent(agent) ? { forgotten: agent } : reply.code(404).send({ error: `no agent ${agent} is known` })
  })
}

type ProbedState = AgentState['state'] | 'unknown'

const stateOfOne = (agents: readonly AgentState[], name: string): ProbedState =>
  agents.find(({ agent }) => agent === name)?.state ?? 'unknown'

/** One that runs must not be killed for another that is silent. */
function stateOfAll(agents: readonly AgentState[]): ProbedState {
  const order = ['running', 'silent', 'ended'] as const
  return order.find((state) => agents.some((agent) => agent.state === state)) ?? 'unknown'
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
