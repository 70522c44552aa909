import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { startModelServer } from '../../examples/support-agent/model-server.ts'
import { secrets } from '../../examples/support-agent/tickets.ts'
import { sinkViolations } from '../support/conformance.ts'
import { startGrpcSink } from '../support/grpc-sink.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import type { OtlpSink, SinkPoint } from '../support/otlp-sink.ts'
import { runAgent } from '../support/run-agent.ts'
import type { NodeRun } from '../support/run-node.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { traceTree } from '../support/trace-tree.ts'
import { logsWith, metricsWith, tracesWith } from './secret-requests.ts'
import { found } from './secret-search.ts'
import type { Seen } from './secret-search.ts'

/*
 * The main job, end to end: the support agent with real openai, Anthropic and MCP clients, preloaded, with the content of its messages on; a real sidecar;
 * real backends behind it. Every byte that leaves the sidecar is searched for what customers wrote.
 */

interface Run {
  readonly agent: NodeRun
  readonly sink: OtlpSink
  readonly grpcSpans: number
  readonly seen: readonly Seen[]
  readonly prometheus: string
  readonly sidecarExit: number | null
}

describe('the support agent through a sidecar with redaction', () => {
  let run: Run
  beforeAll(async () => {
    run = await mainJob(['redaction', 'cost'])
  }, 120_000)

  test('the agent and the sidecar end well', () => {
    expect(run.agent).toMatchObject({ code: 0, stderr: '' })
    expect(run.sidecarExit).toBe(0)
  })

  test('a ticket is a trace: agent, model calls of both clients, tools over MCP and in process', () => {
    const spans = run.sink.spans.filter(({ resource }) => resource['service.name'] === SERVICE)
    const traces = [...Map.groupBy(spans, ({ traceId }) => traceId).values()].map((trace) => traceTree(trace))
    const shapes = Map.groupBy(traces, (tree) => tree)
    expect([...shapes].map(([tree, alike]) => `${alike.length} x ${tree}`).toSorted()).toEqual([
      ...HANDSHAKE.map((span) => `1 x ${span}`),
      `1 x ${ticket}${refund(DECLINED)}${again('')}${reply}`,
      `1 x ${ticket.replace('support', 'support ERROR(EscalationError)')}${refund(DECLINED)}${again(DECLINED)}`,
      `3 x ${ticket}${friendlier}${reply}`,
      `3 x ${ticket}${refund('')}\n  CLIENT chat gpt-5-mini${reply}`,
    ])
    expect(run.grpcSpans).toBe(run.sink.spans.length)
  })

  test('the five metrics have values', () => {
    const metrics = new Set(run.sink.points.filter(({ value }) => value > 0).map(({ metric }) => metric))
    expect([...metrics]).toEqual(
      expect.arrayContaining([
        'agent.request.latency',
        'agent.error.rate',
        'agent.tool.calls',
        'agent.tokens.used',
        'agent.queue.depth',
        'agent.requests',
        'agent.cost',
      ]),
    )
    for (const name of [
      'agent_request_latency_seconds_bucket',
      'agent_error_rate_ratio',
      'agent_tool_calls_total',
      'agent_tokens_used_total',
      'agent_queue_depth',
    ]) {
      expect(run.prometheus).toMatch(new RegExp(`^${name}[{ ]`, 'm'))
    }
  })

  test('every span and every point is one of the conventions, with their attributes and no others', () => {
    // Some metric of the application's own is posted beside them.
    const points = run.sink.points.filter(({ metric }) => metric !== 'questions')
    expect(sinkViolations({ spans: run.sink.spans, points }, true)).toEqual([])
    expect(sinkViolations({ spans: run.sink.spans, points }, false)).not.toEqual([])
  })

  test('no secret of a customer is in any byte that leaves the sidecar, in any form', () => {
    expect(run.seen.map(({ where }) => where)).toEqual(expect.arrayContaining([...places]))
    expect(found(everySecret, run.seen)).toEqual([])
  })

  test('an address that stands percent-encoded in a URL does not leave the sidecar either', () => {
    const leaks = run.seen.filter(({ bytes }) => bytes.includes(encodeURIComponent(inUrl)))
    expect(leaks.map(({ where }) => where)).toEqual([])
  })

  test('content is there, without the secrets', () => {
    const all = Buffer.concat(run.seen.map(({ bytes }) => bytes)).toString('utf8')
    for (const rule of ['EMAIL', 'CREDIT_CARD', 'OPENAI_KEY', 'AWS_ACCESS_KEY', 'GITHUB_TOKEN']) {
      expect(all).toContain(`[REDACTED:${rule}]`)
    }
    expect(all).toContain('I was charged twice for order 1001')
  })
})

describe('the same without redaction', () => {
  let run: Run
  beforeAll(async () => {
    run = await mainJob([])
  }, 120_000)

  test('the search finds every secret, so it would find one that got through', () => {
    const values = new Set(found(everySecret, run.seen).map(({ secret }) => secret))
    expect([...values].toSorted()).toEqual(everySecret.toSorted())
    const where = new Set(found(everySecret, run.seen).map((match) => match.where))
    expect([...where].toSorted()).toEqual(placesWithContent)
  })
})

// The lines of the traces of the example's tickets
const ticket = `INTERNAL invoke_agent support
  CLIENT embeddings text-embedding-3-small
  CLIENT chat claude-sonnet-5`
/** The agent connects to its MCP server before it has a ticket. */
const HANDSHAKE = ['CLIENT initialize', 'CLIENT notifications/initialized']
const DECLINED = ' ERROR(tool_error)'
const refund = (error: string): string => `
  CLIENT tools/list
  CLIENT chat gpt-5-mini
  CLIENT tools/call lookup_order
  CLIENT chat gpt-5-mini
  CLIENT tools/call refund_payment${error}`
const again = (error: string): string => `
  CLIENT chat gpt-5-mini
  CLIENT tools/call refund_payment${error}${error === '' ? '\n  CLIENT chat gpt-5-mini' : ''}`
const friendlier = `
  CLIENT chat gpt-5-mini
  CLIENT chat claude-sonnet-5`
const reply = `
  INTERNAL execute_tool send_reply`

/** Where bytes leave the sidecar. */
const places = [
  'otlp_http /v1/traces',
  'otlp_http /v1/metrics',
  'otlp_http /v1/logs',
  'otlp_grpc',
  'prometheus',
  'own metrics',
  'page /',
  'page /api/summary',
  'page /api/events',
  'page /health',
  'page run',
  'page span',
  'state folder',
  'stdout and stderr',
] as const

const placesWithContent = [
  'otlp_grpc',
  'otlp_http /v1/logs',
  'otlp_http /v1/metrics',
  'otlp_http /v1/traces',
  'page /api/metrics',
  'page /api/runs',
  'page /api/summary',
  'page run',
  'page span',
  'prometheus',
  'state folder',
  'stdout and stderr',
]

async function mainJob(processors: readonly string[]): Promise<Run> {
  await using sink = await startOtlpSink()
  await using grpcSink = await startGrpcSink()
  const modelServer = await startModelServer({ latencyMs: 10, chunkMs: 1 })
  await using sidecar = await startSidecar(configOf(sink.url, grpcSink.port, processors))
  const agent = await runAgent({
    endpoint: sidecar.listening['otlp_http'] ?? '',
    file: ['examples/support-agent/agent.ts', '--once'],
    env: {
      OPENAI_BASE_URL: modelServer.openaiUrl,
      ANTHROPIC_BASE_URL: modelServer.anthropicUrl,
      OTEL_SERVICE_NAME: SERVICE,
      OTEL_METRIC_EXPORT_INTERVAL: '50',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true',
    },
  })
  await modelServer.close()
  await post(sidecar, 'traces', tracesWith(everySecret, inUrl))
  await post(sidecar, 'logs', logsWith(everySecret))
  await post(sidecar, 'metrics', metricsWith(everySecret))
  const requests = TICKETS + everySecret.length
  await sink.until(
    ({ spans, points, logs }) =>
      spans.filter((span) => span.parentSpanId === '').length === requests + HANDSHAKE.length &&
      logs.length === everySecret.length &&
      points.filter(({ metric }) => metric === 'questions').length === everySecret.length &&
      latestSum(points, 'agent.requests') === requests,
  )
  await sink.until(() => grpcSink.spans.length === sink.spans.length)
  const { bytes: prometheus } = await get('prometheus', sidecar.listening['prometheus'])
  const seen = [
    { where: 'prometheus', bytes: prometheus },
    await get('own metrics', sidecar.listening['own_metrics']),
    ...(await pageOf(sidecar.listening['control'] ?? '')),
    ...(await stateOf(sidecar.stateFolder)),
  ]
  const sidecarExit = await sidecar.stop()
  seen.push(
    ...sink.requests.map(({ path, headers, body }) => ({
      where: `otlp_http ${path}`,
      bytes: Buffer.concat([Buffer.from(JSON.stringify(headers)), body]),
    })),
    ...grpcSink.calls.map(({ headers, message }) => ({
      where: 'otlp_grpc',
      bytes: Buffer.concat([Buffer.from(JSON.stringify(headers)), message]),
    })),
    { where: 'stdout and stderr', bytes: Buffer.from(sidecar.output) },
  )
  return { agent, sink, grpcSpans: grpcSink.spans.length, seen, prometheus: prometheus.toString('utf8'), sidecarExit }
}

/** Sum of the newest points of every series. */
function latestSum(points: readonly SinkPoint[], metric: string): number {
  const latest = new Map<string, number>()
  for (const point of points) {
    if (point.metric === metric) latest.set(JSON.stringify([point.resource, point.attributes]), point.value)
  }
  return [...latest.values()].reduce((sum, value) => sum + value, 0)
}

const TICKETS = 8
const SERVICE = 'support-agent'

function configOf(httpUrl: string, grpcPort: number, processors: readonly string[]): object {
  const remote = ['otlp_http', 'otlp_grpc']
  return {
    receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' }, grpc: { endpoint: '127.0.0.1:0' } } } },
    processors: Object.fromEntries(processors.map((name) => [name, {}])),
    connectors: { agent_metrics: { metrics_flush_interval: '100ms' } },
    exporters: {
      otlp_http: { endpoint: httpUrl },
      otlp_grpc: { endpoint: `http://127.0.0.1:${grpcPort}`, compression: 'gzip' },
      debug: { verbosity: 'detailed' },
      store: {},
      prometheus: { endpoint: '127.0.0.1:0' },
    },
    extensions: { page: {} },
    service: {
      extensions: ['page'],
      http: { endpoint: '127.0.0.1:0' },
      telemetry: { logs: { level: 'debug' }, metrics: { address: '127.0.0.1:0' } },
      pipelines: {
        traces: { receivers: ['otlp'], processors, exporters: ['agent_metrics', 'store', 'debug', ...remote] },
        metrics: {
          receivers: ['otlp', 'agent_metrics'],
          processors: processors.filter((name) => name === 'redaction'),
          exporters: ['store', 'prometheus', 'debug', ...remote],
        },
        logs: {
          receivers: ['otlp'],
          processors: processors.filter((name) => name === 'redaction'),
          exporters: ['store', 'debug', ...remote],
        },
      },
    },
  }
}

// What others can see

async function get(where: string, url: string | undefined): Promise<Seen> {
  const response = await fetch(url ?? `no address for ${where}`)
  return { where, bytes: Buffer.from(await response.arrayBuffer()) }
}

async function pageOf(control: string): Promise<Seen[]> {
  const seen = await Promise.all(
    ['/', '/api/summary', '/api/runs', '/api/metrics', '/health', '/readyz', '/livez'].map((path) =>
      get(`page ${path}`, control + path),
    ),
  )
  for (const run of identifiers(seen, 'page /api/runs', 'traceId')) {
    const details = await get('page run', `${control}/api/runs/${run}`)
    seen.push(details)
    for (const span of identifiers([details], 'page run', 'spanId')) {
      seen.push(await get('page span', `${control}/api/runs/${run}/spans/${span}`))
    }
  }
  const events = await fetch(`${control}/api/events`)
  const reader = events.body?.getReader()
  seen.push({ where: 'page /api/events', bytes: Buffer.from((await reader?.read())?.value ?? []) })
  await reader?.cancel()
  return seen
}

const identifiers = (seen: readonly Seen[], where: string, key: string): Set<string> => {
  const text = seen.find((page) => page.where === where)?.bytes.toString('utf8') ?? ''
  return new Set([...text.matchAll(new RegExp(`"${key}":"([0-9a-f]+)"`, 'g'))].map(([, id = '']) => id))
}

async function stateOf(folder: string): Promise<Seen[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  return Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async (file) => ({ where: 'state folder', bytes: await readFile(join(file.parentPath, file.name)) })),
  )
}

// What must not be there

/** The customers' secrets, those that the tools answer, and the phone number of a ticket. */
const everySecret: readonly string[] = [...secrets, 'customer.1001@example.org', '(415) 555-0132']
/** Stands percent-encoded in a URL, and nowhere else. */
const inUrl = 'mary.shelley@example.com'

async function post({ listening }: SidecarProcess, signal: string, message: object): Promise<void> {
  const response = await fetch(`${listening['otlp_http']}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(message),
  })
  expect(`${response.status} ${await response.text()}`).toBe('200 {}')
}
