import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { startModelServer } from '../../examples/support-agent/model-server.ts'
import { secrets } from '../../examples/support-agent/tickets.ts'
import { startGrpcSink } from '../support/grpc-sink.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import type { OtlpSink } from '../support/otlp-sink.ts'
import { runAgent } from '../support/run-agent.ts'
import type { NodeRun } from '../support/run-node.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { traceTree } from '../support/trace-tree.ts'

/*
 * The main job, end to end: the support agent with real openai, Anthropic and MCP clients, preloaded, with the content of its messages on; a real sidecar;
 * real backends behind it. Every byte that leaves the sidecar is searched for what customers wrote.
 */

/** Bytes that somebody else can see. */
interface Seen {
  readonly where: string
  readonly bytes: Buffer
}

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

  test('no secret of a customer is in any byte that leaves the sidecar, in any form', () => {
    expect(run.seen.map(({ where }) => where)).toEqual(expect.arrayContaining([...places]))
    expect(found(run.seen)).toEqual([])
  })

  // Known gap: the rules look at the text as it stands. Make it an ordinary test when they decode.
  test.fails('an address that stands percent-encoded in a URL does not leave the sidecar either', () => {
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
    const values = new Set(found(run.seen).map(({ secret }) => secret))
    expect([...values].toSorted()).toEqual(everySecret.toSorted())
    const where = new Set(found(run.seen).map((match) => match.where))
    expect([...where].toSorted()).toEqual(placesWithContent)
  })
})

// The lines of the traces of the example's tickets
const ticket = `INTERNAL invoke_agent support
  CLIENT embeddings text-embedding-3-small
  CLIENT chat claude-sonnet-5`
const DECLINED = ' ERROR(tool_error)'
const refund = (error: string): string => `
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
  await post(sidecar, 'traces', tracesWithSecrets())
  await post(sidecar, 'logs', logsWithSecrets())
  await post(sidecar, 'metrics', metricsWithSecrets())
  await sink.until(({ spans, points, logs }) => {
    const roots = spans.filter((span) => span.parentSpanId === '').length
    return (
      roots >= TICKETS + everySecret.length && logs.length > 0 && points.some(({ metric }) => metric === 'agent.cost')
    )
  })
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

function found(seen: readonly Seen[]): { secret: string; form: string; where: string }[] {
  return everySecret.flatMap((secret) =>
    Object.entries(formsOf(secret)).flatMap(([form, texts]) =>
      seen
        .filter(({ bytes }) => texts.some((text) => bytes.includes(text)))
        .map(({ where }) => ({ secret, form, where })),
    ),
  )
}

/** How a secret may look in the bytes: as it is, encoded, or a part of it long enough to be no accident. */
function formsOf(secret: string): Readonly<Record<string, readonly string[]>> {
  const bytes = Buffer.from(secret)
  const isEmail = secret.includes('@')
  return {
    'as it is': [secret],
    'its start': [secret.slice(0, 12)],
    'its end': isEmail ? [] : [secret.slice(-12)],
    'without separators': [secret.replaceAll(/[ ()-]/g, '')],
    'percent-encoded': isEmail
      ? [encodeURIComponent(secret), secret.replaceAll('@', '%40')]
      : [encodeURIComponent(secret)],
    'JSON escapes': isEmail ? [secret.replaceAll('@', '\\u0040')] : [],
    hex: [bytes.toString('hex'), bytes.toString('hex').toUpperCase()],
    // At each of the three places where a text can stand in base64, without the characters that its neighbours have a part in.
    base64: [0, 1, 2].map((offset) => {
      const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
        .toString('base64')
        .replace(/=+$/, '')
      return encoded.slice(offset === 0 ? 0 : 4, (bytes.length + offset) % 3 === 0 ? undefined : -1)
    }),
  }
}

async function post({ listening }: SidecarProcess, signal: string, message: object): Promise<void> {
  const response = await fetch(`${listening['otlp_http']}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(message),
  })
  expect(`${response.status} ${await response.text()}`).toBe('200 {}')
}

const time = '1790000000000000000'
const stringValue = (text: string): object => ({ stringValue: text })

/** Agents with secrets in their very names, and wherever else a span has a text. */
const tracesWithSecrets = (): object => ({
  resourceSpans: everySecret.map((secret, i) => {
    const attributes = [{ key: 'by', value: stringValue(secret) }]
    const traceId = `${i + 1}`.padStart(32, '0')
    const spanId = `${i + 1}`.padStart(16, '0')
    return {
      resource: { attributes: [{ key: 'service.name', value: stringValue(`service ${secret}`) }] },
      schemaUrl: `https://example.com/${secret}`,
      scopeSpans: [
        {
          scope: { name: `scope ${secret}`, version: secret, attributes },
          spans: [
            {
              traceId,
              spanId,
              traceState: `a=${secret.replaceAll(/[^\w.@+-]/g, '')}`,
              name: `invoke_agent ${secret}`,
              startTimeUnixNano: time,
              endTimeUnixNano: time,
              attributes: [
                { key: 'gen_ai.operation.name', value: stringValue('invoke_agent') },
                { key: 'gen_ai.agent.name', value: stringValue(secret) },
                { key: 'url.full', value: stringValue(`https://example.com/?q=${secret}`) },
                { key: 'url.query', value: stringValue(`to=${encodeURIComponent(inUrl)}`) },
                ...attributes,
              ],
              events: [{ timeUnixNano: time, name: `asked by ${secret}`, attributes }],
              links: [{ traceId, spanId, attributes }],
              status: { code: 2, message: `failed for ${secret}` },
            },
          ],
        },
      ],
    }
  }),
})

const logsWithSecrets = (): object => ({
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'owner', value: stringValue(secrets[0] ?? '') }] },
      scopeLogs: [
        {
          logRecords: everySecret.map((secret) => ({
            timeUnixNano: time,
            severityText: `INFO ${secret}`,
            body: {
              kvlistValue: {
                values: [{ key: 'nested', value: stringValue(JSON.stringify({ args: JSON.stringify([secret]) })) }],
              },
            },
            attributes: [{ key: `key ${secret}`, value: { arrayValue: { values: [stringValue(`x ${secret}`)] } } }],
          })),
        },
      ],
    },
  ],
})

const metricsWithSecrets = (): object => ({
  resourceMetrics: [
    {
      scopeMetrics: [
        {
          scope: { name: `scope ${secrets[0]}` },
          metrics: everySecret.map((secret) => ({
            name: 'questions',
            description: `asked by ${secret}`,
            sum: {
              aggregationTemporality: 2,
              isMonotonic: true,
              dataPoints: [
                {
                  startTimeUnixNano: time,
                  timeUnixNano: time,
                  asInt: '1',
                  attributes: [{ key: 'by', value: stringValue(secret) }],
                  exemplars: [
                    { timeUnixNano: time, asInt: '1', filteredAttributes: [{ key: 'by', value: stringValue(secret) }] },
                  ],
                },
              ],
            },
          })),
        },
      ],
    },
  ],
})
