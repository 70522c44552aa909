import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { startModelServer } from '../../examples/support-agent/model-server.ts'
import { secrets } from '../../examples/support-agent/tickets.ts'
import { goCommand } from '../support/go-program.ts'
import { interopProgram } from '../support/interop-program.ts'
import { spansOf } from '../support/otlp-sink.ts'
import { post } from '../support/post.ts'
import { startReadyConfig } from '../support/ready-config.ts'
import { preloadFile, projectFolder, runAgent } from '../support/run-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { spanBatch } from '../support/span-batch.ts'
import { freePort, startStockCollector } from '../support/stock-collector.ts'

/*
 * Real backends behind a sidecar, beside the collector of collector.test.ts and the scraping of promtool.test.ts: a Prometheus that takes OTLP, a Jaeger, and a stock
 * collector on both sides. The large ones are built by test/interop/build.sh.
 */
const BUILD_MS_MAX = 15 * 60_000
const any = '127.0.0.1:0'
const mail = ['mary', 'example.com'].join('@')
const traceId = '0af7651916cd43dd8448eb211c80319c'
const startMs = Date.now() - 1000
const batch = spanBatch({
  attributes: { 'service.name': 'support' },
  spans: [
    {
      traceId,
      spanId: '0000000000000001',
      name: `invoke_agent for ${mail}`,
      startMs,
      endMs: startMs + 900,
      attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support', customer: mail },
    },
  ],
})

const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
})

function start(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: 'ignore' })
  children.push(child)
  return child
}

const sidecarWith = (exporters: object, pipelines: object, rest: object = {}): Promise<SidecarProcess> =>
  startSidecar({
    receivers: { otlp: { protocols: { http: { endpoint: any }, grpc: { endpoint: any } } } },
    processors: { redaction: {} },
    connectors: { agent_metrics: { metrics_flush_interval: '200ms' } },
    exporters,
    ...rest,
    service: { http: { endpoint: any }, telemetry: { metrics: { address: any } }, pipelines },
  })

const prometheus = interopProgram('prometheus')
describe.skipIf(prometheus === undefined)('a Prometheus that takes OTLP (built by test/interop/build.sh)', () => {
  test('has the agent’s metrics without scraping', async () => {
    const port = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'prometheus-otlp-'))
    writeFileSync(join(folder, 'prometheus.yml'), '{}')
    const flags = [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      '--web.enable-otlp-receiver',
    ]
    start(prometheus ?? '', [...flags, `--web.listen-address=127.0.0.1:${port}`])
    const api = `http://127.0.0.1:${port}`
    await until(async () => (await fetch(`${api}/-/ready`)).ok)
    await using sidecar = await sidecarWith(
      { otlp_http: { endpoint: `${api}/api/v1/otlp` } },
      {
        traces: { receivers: ['otlp'], processors: ['redaction'], exporters: ['agent_metrics'] },
        metrics: { receivers: ['agent_metrics'], exporters: ['otlp_http'] },
      },
    )
    expect((await post(`${sidecar.listening['otlp_http']}/v1/traces`, batch)).status).toBe(200)
    const value = async (expression: string): Promise<unknown> => {
      const answer = (await (await fetch(`${api}/api/v1/query?query=${encodeURIComponent(expression)}`)).json()) as {
        data: { result: { value: [number, string] }[] }
      }
      return answer.data.result[0]?.value[1]
    }
    await until(async () => (await value('agent_requests_total{spanwarden_result="ok"}')) === '1')
    expect(await value('agent_request_latency_seconds_count')).toBe('1')
  })
})

const jaeger = interopProgram('jaeger')
describe.skipIf(jaeger === undefined)('a Jaeger (built by test/interop/build.sh)', () => {
  test.each(['otlp_http', 'otlp_grpc'])('shows the trace that came by %s, redacted', async (exporter) => {
    const { api, http, grpc } = await startJaeger()
    const endpoint = `http://127.0.0.1:${exporter === 'otlp_http' ? http : grpc}`
    await using sidecar = await sidecarWith(
      { [exporter]: { endpoint } },
      { traces: { receivers: ['otlp'], processors: ['redaction'], exporters: [exporter] } },
    )
    expect((await post(`${sidecar.listening['otlp_http']}/v1/traces`, batch)).status).toBe(200)
    await until(async () => (await fetch(`${api}/traces/${traceId}`)).ok)
    const trace = await (await fetch(`${api}/traces/${traceId}`)).text()
    expect(trace).toContain('invoke_agent for [REDACTED:EMAIL]')
    expect(trace).not.toContain('mary')
  })

  test(
    'the example agent with jaeger.yaml: each run is one trace, through MCP processes',
    { timeout: 120_000 },
    async () => {
      const { api, grpc } = await startJaeger()
      const modelServer = await startModelServer({ latencyMs: 5, chunkMs: 1 })
      await using sidecar = await startReadyConfig(['embedded.yaml', 'jaeger.yaml'], {
        cli: `${projectFolder}src/cli.ts`,
        env: { JAEGER_ENDPOINT: `127.0.0.1:${grpc}` },
      })
      const preload = `--import ${preloadFile}`
      const agent = await runAgent({
        endpoint: sidecar.listening['otlp_http'] ?? '',
        file: ['examples/support-agent/agent.ts', '--once'],
        // By NODE_OPTIONS, so that the tool server, a process of its own, has it as well.
        preload: false,
        env: {
          NODE_OPTIONS: preload,
          OPENAI_BASE_URL: modelServer.openaiUrl,
          ANTHROPIC_BASE_URL: modelServer.anthropicUrl,
          OTEL_SERVICE_NAME: 'support-agent',
          OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true',
        },
      })
      await modelServer.close()
      expect(agent).toMatchObject({ code: 0, stderr: '' })
      const found = async (): Promise<JaegerTrace[]> => {
        const query = 'service=support-agent&operation=invoke_agent%20support&limit=100&lookback=1h'
        return jaegerTraces.parse(await (await fetch(`${api}/traces?${query}`)).json()).data
      }
      const isServer = ({ tags }: JaegerTrace['spans'][number]): boolean =>
        tags.some(({ key, value }) => key === 'span.kind' && value === 'server')
      const withServer = (traces: readonly JaegerTrace[]): number =>
        traces.filter(({ spans }) => spans.some(isServer)).length
      await until(async () => {
        const traces = await found()
        return traces.length === TICKETS && withServer(traces) === TICKETS_WITH_TOOLS
      })
      for (const { traceID, spans, processes } of await found()) {
        expect(new Set(spans.map((span) => span.traceID))).toEqual(new Set([traceID]))
        // One root, and no span whose parent is in another trace.
        const ids = new Set(spans.map(({ spanID }) => spanID))
        const parents = spans.flatMap(({ references }) => references.map(({ spanID }) => spanID))
        expect(parents.filter((id) => !ids.has(id))).toEqual([])
        expect(parents.length).toBe(spans.length - 1)
        const kinds = spans.some(isServer) ? 2 : 1
        expect(new Set(Object.values(processes).map(instanceOf)).size).toBe(kinds)
      }
      // What README.md shows.
      const trees = new Set((await found()).map(treeOf))
      expect([...trees]).toContain(
        /^## Point Jaeger[^]*?```\n(?<tree>invoke_agent[^]*?)\n```/m.exec(readme)?.groups?.['tree'],
      )
      const all = JSON.stringify(await found())
      for (const secret of secrets) expect(all).not.toContain(secret)
      expect(all).toContain('[REDACTED:EMAIL]')
    },
  )
})

/** Of the example's tickets, and of those that a tool over MCP is called for. */
const TICKETS = 8
const TICKETS_WITH_TOOLS = 5

const tag = z.looseObject({ key: z.string(), value: z.unknown() })
const jaegerTrace = z.object({
  traceID: z.string(),
  spans: z.array(
    z.looseObject({
      traceID: z.string(),
      spanID: z.string(),
      operationName: z.string(),
      processID: z.string(),
      startTime: z.number(),
      references: z.array(z.object({ spanID: z.string() })),
      tags: z.array(tag),
    }),
  ),
  processes: z.record(z.string(), z.looseObject({ tags: z.array(tag) })),
})
type JaegerTrace = z.infer<typeof jaegerTrace>
const jaegerTraces = z.object({ data: z.array(jaegerTrace) })

const instanceOf = ({ tags }: JaegerTrace['processes'][string]): unknown =>
  tags.find(({ key }) => key === 'service.instance.id')?.value

const readme = readFileSync(`${projectFolder}README.md`, 'utf8')

/** Operations by parent and start, and which of them are another process's. */
function treeOf({ spans, processes }: JaegerTrace): string {
  const rootProcess = spans.find(({ references }) => references.length === 0)?.processID ?? ''
  const own = instanceOf(processes[rootProcess] ?? { tags: [] })
  const below = (parent: string | undefined, depth: number): string[] =>
    spans
      .filter(({ references }) => references[0]?.spanID === parent)
      .toSorted((a, b) => a.startTime - b.startTime)
      .flatMap(({ spanID, operationName, processID }) => {
        const isOther = instanceOf(processes[processID] ?? { tags: [] }) !== own
        return [
          `${'  '.repeat(depth)}${operationName}${isOther ? '   (process of the tools)' : ''}`,
          ...below(spanID, depth + 1),
        ]
      })
  return below(undefined, 0).join('\n')
}

async function startJaeger(): Promise<{ api: string; http: number; grpc: number }> {
  const [http, grpc, query] = [await freePort(), await freePort(), await freePort()]
  const local = (port: number): { endpoint: string } => ({ endpoint: `127.0.0.1:${port}` })
  const config = {
    receivers: { otlp: { protocols: { http: local(http), grpc: local(grpc) } } },
    exporters: { jaeger_storage_exporter: { trace_storage: 'memory' } },
    extensions: {
      jaeger_query: { storage: { traces: 'memory' }, http: local(query), grpc: local(await freePort()) },
      jaeger_storage: { backends: { memory: { memory: { max_traces: 1000 } } } },
    },
    service: {
      extensions: ['jaeger_storage', 'jaeger_query'],
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: ['jaeger_storage_exporter'] } },
    },
  }
  start(jaeger ?? '', ['--config', `yaml:${JSON.stringify(config)}`])
  const api = `http://127.0.0.1:${query}/api`
  await until(async () => (await fetch(`${api}/services`)).ok)
  return { api, http, grpc }
}

describe.skipIf(goCommand === undefined)('stock collectors on both sides (needs go)', () => {
  test(
    'one with batch and a synced queue in front, one with redaction and span_metrics behind',
    { timeout: BUILD_MS_MAX },
    async () => {
      const [inPort, outPort] = [await freePort(), await freePort()]
      const telemetry = { metrics: { level: 'none' } }
      await using behind = await startStockCollector({
        receivers: { otlp: { protocols: { grpc: { endpoint: `127.0.0.1:${outPort}` } } } },
        processors: { redaction: { allow_all_keys: true, blocked_values: ['RED[A-Z]+'], summary: 'silent' } },
        connectors: { span_metrics: { metrics_flush_interval: '200ms' } },
        exporters: { lines: {}, debug: {} },
        service: {
          telemetry,
          pipelines: {
            traces: { receivers: ['otlp'], processors: ['redaction'], exporters: ['lines', 'debug', 'span_metrics'] },
            metrics: { receivers: ['otlp', 'span_metrics'], exporters: ['lines'] },
          },
        },
      })
      await using sidecar = await sidecarWith(
        { otlp_grpc: { endpoint: `http://127.0.0.1:${outPort}` } },
        {
          traces: { receivers: ['otlp'], processors: ['redaction'], exporters: ['agent_metrics', 'otlp_grpc'] },
          metrics: { receivers: ['agent_metrics'], exporters: ['otlp_grpc'] },
        },
      )
      await using front = await startStockCollector({
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${inPort}` } } } },
        processors: { batch: { timeout: '50ms' } },
        exporters: {
          otlp_http: { endpoint: sidecar.listening['otlp_http'], sending_queue: { storage: 'file_storage' } },
          otlp_grpc: { endpoint: new URL(sidecar.listening['otlp_grpc'] ?? '').host, tls: { insecure: true } },
        },
        extensions: { file_storage: { directory: mkdtempSync(join(tmpdir(), 'stock-')), fsync: true } },
        service: {
          telemetry,
          extensions: ['file_storage'],
          pipelines: { traces: { receivers: ['otlp'], processors: ['batch'], exporters: ['otlp_http', 'otlp_grpc'] } },
        },
      })
      expect((await post(`http://127.0.0.1:${inPort}/v1/traces`, batch)).status).toBe(200)
      const spans = (): ReturnType<typeof spansOf> =>
        behind.printed.filter(({ signal }) => signal === 'traces').flatMap(({ message }) => spansOf(message))
      await behind.until(({ printed }) => spans().length === 2 && JSON.stringify(printed).includes('agent.requests'))
      await behind.until(({ printed }) => JSON.stringify(printed).includes('traces.span.metrics.calls'))
      for (const span of spans()) {
        expect(span).toMatchObject({
          traceId,
          name: 'invoke_agent for [REDACTED:EMAIL]',
          attributes: { customer: '[****:EMAIL]' },
        })
      }
      expect(JSON.stringify(behind.printed)).not.toContain('mary')
      expect(front.log).not.toMatch(/\terror\t/)
    },
  )
})

const WAIT_MS_MAX = 20_000

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS_MAX
  while (!(await condition().catch(() => false))) {
    if (performance.now() > deadline) throw new Error('waited in vain')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
