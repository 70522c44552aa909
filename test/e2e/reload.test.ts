import { writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { SpanStatusCode } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { stringify } from 'yaml'
import { expect, test } from 'vitest'
import { startOtlpSink } from '../support/otlp-sink.ts'
import type { OtlpSink } from '../support/otlp-sink.ts'
import { post } from '../support/post.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { spanBatch } from '../support/span-batch.ts'
import { until } from '../support/until.ts'

/** Seven of them are mistakes. */
const RELOADS = 27
const SENDERS = 12

const base = (exporters: object, pipeline: object = {}, more: object = {}): object => ({
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  exporters,
  service: {
    http: { endpoint: '127.0.0.1:0' },
    telemetry: { metrics: { address: '127.0.0.1:0' }, logs: { encoding: 'json' } },
    reload: { on_change: false },
    pipelines: { traces: { receivers: ['otlp'], exporters: Object.keys(exporters), ...pipeline } },
  },
  ...more,
})

const sender = (url: string, more: object = {}): object => ({
  endpoint: url,
  retry_on_failure: { initial_interval: '20ms', max_interval: '100ms' },
  ...more,
})

/** What people change: everything but the receiver, and every fourth time they make a mistake. */
function variants(first: string, second: string): readonly (readonly [object, 'applied' | 'failed'])[] {
  const redaction = { processors: { redaction: {} } }
  return [
    [base({ otlp_http: sender(first, { timeout: '4s' }) }), 'applied'],
    [base({ otlp_http: sender(second) }, { processors: ['redaction'] }, redaction), 'applied'],
    [
      base({ otlp_http: sender(first, { sending_queue: { num_consumers: 3, sizer: 'bytes', queue_size: 1e9 } }) }),
      'applied',
    ],
    [base({ otlp_http: { ...sender(first), endpont: first } }), 'failed'],
    [base({ otlp_http: sender(first), 'otlp_http/second': sender(second) }), 'applied'],
    [base({ 'otlp_http/second': sender(second, { sending_queue: { storage: 'memory' } }) }), 'applied'],
    [
      base({ 'otlp_http/second': sender(second), otlp_http: sender(first) }, { processors: ['redaction'] }, redaction),
      'applied',
    ],
    [base({ otlp_http: sender(first) }, { processors: ['nothing'] }), 'failed'],
  ]
}

test(
  `${RELOADS} reloads under load: no request fails, no connection ends, every span arrives`,
  { timeout: 120_000 },
  async () => {
    await using first = await startOtlpSink()
    await using second = await startOtlpSink()
    const all = variants(first.url, second.url)
    await using sidecar = await startSidecar(all[0]?.[0] ?? {})
    const load = startLoad(sidecar)
    for (let i = 1; i <= RELOADS; i++) {
      const [config, expected] = all[i % all.length] ?? []
      writeFileSync(sidecar.configFile, stringify(config))
      const before = load.taken.length
      expect([i, (await reload(sidecar)).result]).toEqual([i, expected])
      await until(() => load.taken.length > before + 100)
    }
    await load.stop()
    await until(() => load.taken.every((name) => isIn(first, name) || isIn(second, name)))
    expect(await sidecar.stop()).toBe(0)
    expect(load.failures).toEqual([])
    expect(load.connections()).toBe(SENDERS)
    const names = new Set(load.taken)
    const twice = (sink: OtlpSink) => sink.spans.length - new Set(sink.spans.map(({ name }) => name)).size
    console.log(`${names.size} spans over ${RELOADS} reloads, all there; twice: ${twice(first)}, ${twice(second)}`)
    expect([twice(first), twice(second)]).toEqual([0, 0])
  },
)

const seen = new WeakMap<OtlpSink, Set<string>>()
/** Spans of a sink only become more. */
function isIn(sink: OtlpSink, name: string): boolean {
  let names = seen.get(sink)
  if (names?.size !== sink.spans.length) seen.set(sink, (names = new Set(sink.spans.map((span) => span.name))))
  return names.has(name)
}

test(
  'another receiver in the place of the one before: what was answered 200 arrives, on the same port',
  { timeout: 240_000 },
  async () => {
    await using sink = await startOtlpSink()
    await using sidecar = await startSidecar(base({ otlp_http: sender(sink.url) }))
    const { port } = new URL(sidecar.listening['otlp_http'] ?? '')
    const load = startLoad(sidecar)
    for (let i = 1; i <= 6; i++) {
      const http = { endpoint: `127.0.0.1:${port}`, max_request_body_size: 1_000_000 + i }
      writeFileSync(
        sidecar.configFile,
        stringify({ ...base({ otlp_http: sender(sink.url) }), receivers: { otlp: { protocols: { http } } } }),
      )
      expect((await reload(sidecar)).result).toBe('applied')
      const before = load.taken.length
      await until(() => load.taken.length > before + 20)
    }
    await load.stop()
    await until(() => load.taken.every((name) => isIn(sink, name)))
  },
)

test('the SDK sends through reloads by SIGHUP without an error', { timeout: 240_000 }, async () => {
  await using sink = await startOtlpSink()
  await using sidecar = await startSidecar(base({ otlp_http: sender(sink.url) }))
  const provider = new TracerProvider({
    spanProcessors: [
      new SimpleSpanProcessor({
        exporter: new OTLPTraceExporter({ url: `${sidecar.listening['otlp_http']}/v1/traces` }),
      }),
    ],
  })
  const tracer = provider.getTracer('reload')
  for (let i = 0; i < 100; i++) {
    if (i % 20 === 0) {
      writeFileSync(sidecar.configFile, stringify(base({ otlp_http: sender(sink.url, { timeout: `${i + 5}s` }) })))
      process.kill(sidecar.pid, 'SIGHUP')
    }
    const span = tracer.startSpan(`sdk ${i}`)
    span.setStatus({ code: SpanStatusCode.OK })
    span.end()
    await provider.forceFlush()
  }
  await sink.until(({ spans }) => new Set(spans.map(({ name }) => name)).size === 100)
  await provider.shutdown()
  await until(async () => (await ownMetrics(sidecar)).includes('spanwarden_config_reloads{result="applied"} '))
  expect(await ownMetrics(sidecar)).toContain('spanwarden_config_reloads{result="failed"} 0')
})

async function reload({ listening }: SidecarProcess): Promise<{ result: string }> {
  const answer = await fetch(`${listening['control']}/api/reload`, { method: 'POST' })
  return (await answer.json()) as { result: string }
}

const ownMetrics = async ({ listening }: SidecarProcess): Promise<string> =>
  (await fetch(listening['own_metrics'] ?? '')).text()

/** Sends one span a request, each sender over a connection that it keeps. */
function startLoad({ listening }: SidecarProcess) {
  const url = `${listening['otlp_http']}/v1/traces`
  const taken: string[] = []
  const failures: string[] = []
  const sockets = new Set<unknown>()
  const stopped = new AbortController()
  const senders = Array.from({ length: SENDERS }, async (_, sender) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    agent.on('free', (socket) => sockets.add(socket))
    for (let i = 0; !stopped.signal.aborted; i++) {
      const name = `sender ${sender} span ${i}`
      const body = spanBatch({ spans: [{ spanId: '0102030405060708', name }] })
      try {
        const { status } = await post(url, body, { agent })
        if (status === 200) taken.push(name)
        else failures.push(`${status}`)
      } catch (error) {
        failures.push(error instanceof Error && 'code' in error ? String(error.code) : 'error')
      }
    }
    agent.destroy()
  })
  return {
    taken,
    failures,
    connections: () => sockets.size,
    async stop() {
      stopped.abort()
      await Promise.all(senders)
    },
  }
}
