import type { FastifyInstance, FastifyReply } from 'fastify'
import * as z from 'zod'
import { storeService } from '../../store/embedded-store.ts'
import type { EmbeddedStore } from '../../store/embedded-store.ts'
import type { RunStatus, Summary } from '../../store/records.ts'
import { defineExtension } from '../component.ts'
import { EventStream } from './page/event-stream.ts'
import { loadAssets } from './page/load-assets.ts'
import type { PageAsset } from './page/load-assets.ts'
import { addTryRedaction } from './page/try-redaction.ts'

const config = z.strictObject({
  max_event_clients: z
    .int()
    .positive()
    .default(32)
    .describe('Open pages that are updated live; further ones are told to come back later.'),
})

/**
 * The page on the control server (http://127.0.0.1:8080): the five metrics live, the runs, each run as a waterfall, and a text to try redaction on. It shows what the exporter `store`
 * was given, so that exporter must be in a traces and a metrics pipeline.
 */
export const page = defineExtension({
  type: 'page',
  isSingle: true,
  summary: 'A page with the five metrics and recent runs, on the control server.',
  config,
  create({ max_event_clients }, context) {
    const store = context.service(storeService)
    const events = new EventStream(store, context, max_event_clients)
    void context.http.register(async (http) => {
      http.addHook('onRequest', async (_request, reply) => void reply.headers(securityHeaders))
      addPage(http)
      addTryRedaction(http)
      addApi(http, store, { version: context.program.version, now: () => context.clock.now() })
      http.get('/api/events', (_request, reply) => events.serve(reply))
    })
    return {
      async stop() {
        events.close()
      },
    }
  },
})

const securityHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

function addPage(http: FastifyInstance): void {
  let assets: Promise<ReadonlyMap<string, PageAsset>> | undefined
  const send = async (name: string, ifNoneMatch: string | undefined, reply: FastifyReply): Promise<FastifyReply> => {
    assets ??= loadAssets()
    const asset = (await assets).get(name)
    if (asset === undefined) return notFound(reply)
    reply.headers({ 'cache-control': 'no-cache', etag: asset.etag })
    if (ifNoneMatch === asset.etag) return reply.code(304).send()
    return reply.type(asset.type).send(asset.bytes)
  }
  http.get('/', (request, reply) => send('index.html', request.headers['if-none-match'], reply))
  http.get<{ Params: { name: string } }>('/assets/:name', (request, reply) =>
    send(request.params.name, request.headers['if-none-match'], reply),
  )
}

const DAY_MS = 86_400_000
const RANGE_MAX_MS = 31 * DAY_MS
const RUNS_MAX = 200
const statuses: readonly RunStatus[] = ['ok', 'error', 'running', 'incomplete']

const traceParams = z.object({ traceId: z.string().regex(/^[0-9a-f]{32}$/) })
const spanParams = traceParams.extend({ spanId: z.string().regex(/^[0-9a-f]{16}$/) })
const runsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(RUNS_MAX).default(50),
  before: z
    .string()
    .regex(/^\d{1,16}-[0-9a-f]{32}$/)
    .optional(),
  status: z.enum(statuses).optional(),
  agent: z.string().min(1).max(1000).optional(),
})
const timeMs = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const metricsQuery = z
  .strictObject({ from: timeMs, to: timeMs })
  .refine(({ from, to }) => from < to && to - from <= RANGE_MAX_MS)

function addApi(
  http: FastifyInstance,
  store: EmbeddedStore,
  { version, now }: { version: string; now(): number },
): void {
  http.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'))

  http.get('/api/summary', async (): Promise<Summary> => {
    const has = (url: string): boolean => http.hasRoute({ method: 'GET', url })
    return { version, guard: has('/api/guard'), alerts: has('/api/alerts'), ...store.summary() }
  })

  http.get('/api/runs', async (request, reply) => {
    const query = runsQuery.safeParse(request.query)
    return query.success ? store.runs(query.data) : badRequest(reply, `limit (1 to ${RUNS_MAX}), before, status, agent`)
  })

  http.get('/api/runs/:traceId', async (request, reply) => {
    const params = traceParams.safeParse(request.params)
    if (!params.success) return badRequest(reply, 'a trace id of 32 hexadecimal digits')
    return store.runDetail(params.data.traceId) ?? notFound(reply)
  })

  http.get('/api/runs/:traceId/spans/:spanId', async (request, reply) => {
    const params = spanParams.safeParse(request.params)
    if (!params.success) return badRequest(reply, 'a trace id of 32 and a span id of 16 hexadecimal digits')
    return store.span(params.data.traceId, params.data.spanId) ?? notFound(reply)
  })

  http.get('/api/metrics', async (request, reply) => {
    const nowMs = now()
    const query = metricsQuery.safeParse({ from: nowMs - 3_600_000, to: nowMs, ...Object(request.query) })
    return query.success
      ? store.metrics(query.data.from, query.data.to)
      : badRequest(reply, 'from and to in Unix milliseconds, at most 31 days apart')
  })
}

const badRequest = (reply: FastifyReply, expected: string): FastifyReply =>
  reply.code(400).send({ error: `this takes ${expected}` })

const notFound = (reply: FastifyReply): FastifyReply =>
  reply.code(404).send({ error: 'not found; it may be older than what the store keeps' })
