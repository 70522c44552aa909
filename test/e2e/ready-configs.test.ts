import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleCli } from '../support/bundled-cli.ts'
import { certificate } from '../support/certificate.ts'
import { goCommand } from '../support/go-program.ts'
import { startGrpcSink } from '../support/grpc-sink.ts'
import { startKafkaBroker } from '../support/kafka-broker.ts'
import { decodeOtlpProtobuf } from '../support/otlp-proto.ts'
import { pointsOf, spansOf, startOtlpSink } from '../support/otlp-sink.ts'
import { post } from '../support/post.ts'
import { readyConfigsFolder, startReadyConfig } from '../support/ready-config.ts'
import { runNode } from '../support/run-node.ts'
import { projectFolder } from '../support/run-agent.ts'
import { spanBatch } from '../support/span-batch.ts'
import { until } from '../support/until.ts'

/*
 * Every file of collector-config is started as it is, with placeholder credentials, and a span of an agent goes through it: what arrives at a server that stands in for the
 * backend has the right path, headers and temporality, and no address of a customer. Their defaults (the vendors' own hosts) are in the table as well.
 */
const mail = ['mary', 'example.com'].join('@')
const startMs = Date.now() - 1000
const batch = spanBatch({
  attributes: { 'service.name': 'support' },
  spans: [
    {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: '0000000000000001',
      name: `invoke_agent for ${mail}`,
      startMs,
      endMs: startMs + 900,
      attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support', customer: mail },
    },
  ],
})

interface Vendor {
  readonly file: string
  /** What names another host than the vendor's, and what of the URL stays. */
  readonly hostVariable: string
  readonly credentials?: Readonly<Record<string, string>>
  readonly host: string
  readonly prefix?: string
  readonly traces: Readonly<Record<string, string>>
  /** Absent: it takes no metrics. */
  readonly metrics?: Readonly<Record<string, string>>
  readonly temporality?: 'delta' | 'cumulative'
}

const vendors: readonly Vendor[] = [
  {
    file: 'datadog.yaml',
    hostVariable: 'DATADOG_OTLP_ENDPOINT',
    credentials: { DD_API_KEY: 'placeholder-1' },
    host: 'https://otlp.datadoghq.com',
    traces: { 'dd-api-key': 'placeholder-1', 'dd-otlp-source': 'llmobs' },
    metrics: { 'dd-api-key': 'placeholder-1' },
    temporality: 'delta',
  },
  {
    file: 'newrelic.yaml',
    hostVariable: 'NEW_RELIC_OTLP_ENDPOINT',
    credentials: { NEW_RELIC_LICENSE_KEY: 'placeholder-2' },
    host: 'https://otlp.nr-data.net',
    traces: { 'api-key': 'placeholder-2' },
    metrics: { 'api-key': 'placeholder-2' },
    temporality: 'delta',
  },
  {
    file: 'honeycomb.yaml',
    hostVariable: 'HONEYCOMB_ENDPOINT',
    credentials: { HONEYCOMB_API_KEY: 'placeholder-3' },
    host: 'https://api.honeycomb.io',
    traces: { 'x-honeycomb-team': 'placeholder-3' },
    metrics: { 'x-honeycomb-team': 'placeholder-3', 'x-honeycomb-dataset': 'agent-metrics' },
    temporality: 'cumulative',
  },
  {
    file: 'langfuse.yaml',
    hostVariable: 'LANGFUSE_HOST',
    credentials: { LANGFUSE_AUTH: 'cGs6c2s=' },
    host: 'https://cloud.langfuse.com',
    prefix: '/api/public/otel',
    traces: { authorization: 'Basic cGs6c2s=', 'x-langfuse-ingestion-version': '4' },
  },
  {
    file: 'grafana-cloud.yaml',
    hostVariable: 'GRAFANA_CLOUD_OTLP_ENDPOINT',
    credentials: { GRAFANA_CLOUD_AUTH: 'MTpnbGM=' },
    host: 'https://otlp-gateway-prod-us-east-0.grafana.net/otlp',
    traces: { authorization: 'Basic MTpnbGM=' },
    metrics: { authorization: 'Basic MTpnbGM=' },
    temporality: 'cumulative',
  },
  {
    file: 'grafana.yaml',
    hostVariable: 'GRAFANA_OTLP_ENDPOINT',
    credentials: { GRAFANA_OTLP_AUTHORIZATION: 'Basic MTp4' },
    host: 'http://127.0.0.1:14318',
    traces: { authorization: 'Basic MTp4' },
    metrics: { authorization: 'Basic MTp4' },
    temporality: 'cumulative',
  },
  { file: 'tempo.yaml', hostVariable: 'TEMPO_ENDPOINT', host: 'http://127.0.0.1:14318', traces: {} },
]

/** Started by a test of its own below, or elsewhere. */
const others = [
  'embedded.yaml',
  'jaeger.yaml',
  'gateway.yaml',
  'to-gateway.yaml',
  'kafka.yaml',
  'sampled.yaml',
  'to-stock.yaml',
  'guard.yaml',
  // test/fleet
  'guard-fleet.yaml',
  // test/interop/stock-only.test.ts
  'stock-only.yaml',
  'stock-behind.yaml',
  'stock-in-front.yaml',
]

let cli = ''
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanwarden-ready-'))
  cli = await bundleCli(folder)
}, 120_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

test('every configuration is started by a test', () => {
  const files = readdirSync(readyConfigsFolder).filter((name) => name.endsWith('.yaml'))
  expect([...vendors.map(({ file }) => file), ...others].toSorted()).toEqual(files.toSorted())
})

describe.each(vendors)('embedded.yaml + $file', (vendor) => {
  const { file, hostVariable, credentials = {}, host, prefix = '', traces, metrics, temporality } = vendor

  test('the span and the metrics arrive with its path and headers, redacted', async () => {
    await using backend = await startVendor()
    await using sidecar = await startReadyConfig(['embedded.yaml', file], {
      cli,
      env: { ...credentials, [hostVariable]: backend.url },
    })
    expect((await post(`${sidecar.listening['otlp_http']}/v1/traces`, batch)).status).toBe(200)
    const wanted = metrics === undefined ? [`${prefix}/v1/traces`] : [`${prefix}/v1/traces`, `${prefix}/v1/metrics`]
    await until(() => wanted.every((path) => backend.requests.some((request) => request.path === path)))
    const [trace] = backend.requests.filter(({ path }) => path === `${prefix}/v1/traces`)
    expect(trace?.headers).toMatchObject({ ...traces, 'content-type': 'application/x-protobuf' })
    expect(spansOf(trace?.message)[0]?.name).toBe('invoke_agent for [REDACTED:EMAIL]')
    const expected = temporality === undefined ? [] : [temporality]
    await until(() => temporalities(backend.requests).length === expected.length)
    expect(temporalities(backend.requests)).toEqual(expected)
    const metric = backend.requests.find(({ path }) => path.endsWith('/v1/metrics'))
    expect(metric === undefined ? undefined : pick(metric.headers, metrics)).toEqual(metrics)
    expect(JSON.stringify(backend.requests)).not.toContain('mary')
    for (const credential of Object.values(credentials)) expect(sidecar.output).not.toContain(credential)
  })

  test('without a variable it goes to the vendor’s own host', async () => {
    const { stdout } = await runCli(['print-config', ...configs('embedded.yaml', file)], credentials)
    const endpoints = [...stdout.matchAll(/^ {4}endpoint: ["']?(http\S+?)["']?$/gm)].map(([, url]) => url)
    expect(new Set(endpoints)).toEqual(new Set([host + prefix]))
  })
})

describe('the others', () => {
  const send = async (listening: Readonly<Record<string, string>>): Promise<void> =>
    expect((await post(`${listening['otlp_http']}/v1/traces`, batch)).status).toBe(200)

  test('embedded.yaml: the run is on the page, redacted, and the metrics in the scrape', async () => {
    await using sidecar = await startReadyConfig(['embedded.yaml'], { cli })
    await send(sidecar.listening)
    const runs = async (): Promise<string> => (await fetch(`${sidecar.listening['control']}/api/runs`)).text()
    await until(async () => (await runs()).includes('0af7651916cd43dd8448eb211c80319c'))
    expect(await runs()).not.toContain('mary')
    const scrape = async (): Promise<string> => (await fetch(sidecar.listening['prometheus'] ?? '')).text()
    await until(async () => /^agent_requests_total\{.*\} 1/m.test(await scrape()))
  })

  test('embedded.yaml + jaeger.yaml: the span arrives by gRPC', async () => {
    await using sink = await startGrpcSink()
    const env = { JAEGER_ENDPOINT: `127.0.0.1:${sink.port}` }
    await using sidecar = await startReadyConfig(['embedded.yaml', 'jaeger.yaml'], { cli, env })
    await send(sidecar.listening)
    await until(() => sink.spans.length === 1)
    expect(sink.spans[0]?.name).toBe('invoke_agent for [REDACTED:EMAIL]')
  })

  test('embedded.yaml + guard.yaml: the limits are there', async () => {
    await using sidecar = await startReadyConfig(['embedded.yaml', 'guard.yaml'], { cli })
    const guard = await (await fetch(`${sidecar.listening['control']}/api/guard`)).text()
    expect(JSON.parse(guard)).toMatchObject({ mode: 'enforce', problem: null })
  })

  test('embedded.yaml + sampled.yaml: a long run arrives, when it has ended', async () => {
    await using sink = await startOtlpSink()
    await using sidecar = await startReadyConfig(['embedded.yaml', 'sampled.yaml'], {
      cli,
      env: { BACKEND_ENDPOINT: sink.url },
      set: ['processors.tail_sampling.decision_wait=100ms'],
    })
    const spans = [{ spanId: '0000000000000002', name: `long ${mail}`, startMs: startMs - 400_000, endMs: startMs }]
    const attributes = { 'gen_ai.operation.name': 'invoke_agent' }
    const long = spanBatch({ spans: spans.map((span) => ({ ...span, traceId: '1'.repeat(32), attributes })) })
    expect((await post(`${sidecar.listening['otlp_http']}/v1/traces`, long)).status).toBe(200)
    await sink.until((seen) => seen.spans.length === 1)
    expect(sink.spans[0]?.name).toBe('long [REDACTED:EMAIL]')
  })

  test('to-stock.yaml: the span arrives by gRPC', async () => {
    await using sink = await startGrpcSink()
    await using sidecar = await startReadyConfig(['to-stock.yaml'], {
      cli,
      set: [
        ...['grpc', 'http'].map((protocol) => `receivers.otlp.protocols.${protocol}.endpoint=127.0.0.1:0`),
        'exporters.prometheus.endpoint=127.0.0.1:0',
        'service.http.endpoint=127.0.0.1:0',
        'service.telemetry.metrics.address=127.0.0.1:0',
        `exporters.otlp_grpc.endpoint=127.0.0.1:${sink.port}`,
      ],
    })
    await send(sidecar.listening)
    await until(() => sink.spans.length === 1)
    expect(sink.spans[0]?.name).toBe('invoke_agent for [REDACTED:EMAIL]')
  })

  test('embedded.yaml + to-gateway.yaml through gateway.yaml: TLS and a token, metrics in the gateway’s scrape', async () => {
    const { key, caFile } = certificate()
    const [keyFile, tokenFile, wrongFile] = ['gateway.key', 'token', 'wrong'].map((name) => join(folder, name))
    await writeFile(keyFile ?? '', key, { mode: 0o600 })
    await writeFile(tokenFile ?? '', 'placeholder-token\n', { mode: 0o600 })
    await writeFile(wrongFile ?? '', 'another-token\n', { mode: 0o600 })
    await using sink = await startOtlpSink()
    await using gateway = await startReadyConfig(['gateway.yaml'], {
      cli,
      env: {
        GATEWAY_LISTEN: 'localhost:0',
        GATEWAY_CERT_FILE: caFile,
        GATEWAY_KEY_FILE: keyFile ?? '',
        GATEWAY_TOKEN_FILE: tokenFile ?? '',
        BACKEND_ENDPOINT: sink.url,
      },
    })
    const env = {
      GATEWAY_ENDPOINT: `https://localhost:${new URL(gateway.listening['otlp_grpc'] ?? '').port}`,
      GATEWAY_CA_FILE: caFile,
    }
    await using stranger = await startReadyConfig(['embedded.yaml', 'to-gateway.yaml'], {
      cli,
      env: { ...env, GATEWAY_TOKEN_FILE: wrongFile ?? '' },
    })
    await send(stranger.listening)
    await until(() => /Unauthenticated|UNAUTHENTICATED|refused|401/i.test(stranger.output))
    expect(sink.requests).toEqual([])
    await using sidecar = await startReadyConfig(['embedded.yaml', 'to-gateway.yaml'], {
      cli,
      env: { ...env, GATEWAY_TOKEN_FILE: tokenFile ?? '' },
    })
    await send(sidecar.listening)
    await sink.until(({ spans, points }) => spans.length === 1 && points.length > 0)
    expect(sink.spans[0]?.name).toBe('invoke_agent for [REDACTED:EMAIL]')
    const scrape = async (): Promise<string> => (await fetch(gateway.listening['prometheus'] ?? '')).text()
    await until(async () => /^agent_requests_total\{/m.test(await scrape()))
  })

  test.skipIf(goCommand === undefined)('embedded.yaml + kafka.yaml: the topics have it (needs go)', async () => {
    await using broker = await startKafkaBroker()
    const env = { KAFKA_BROKERS: `[127.0.0.1:${broker.port}]` }
    await using sidecar = await startReadyConfig(['embedded.yaml', 'kafka.yaml'], {
      // The client of Kafka has a file beside the bundle, which only the whole build puts there.
      cli: join(projectFolder, 'src/cli.ts'),
      env,
    })
    await send(sidecar.listening)
    const of = (topic: string): Buffer[] =>
      broker.records.filter((record) => record.topic === topic).map(({ value }) => value)
    await until(() => of('otlp_spans').length > 0 && of('otlp_metrics').length > 0, 20_000)
    const spans = of('otlp_spans').flatMap((value) => spansOf(decodeOtlpProtobuf('traces', value)))
    expect(spans.map(({ name }) => name)).toEqual(['invoke_agent for [REDACTED:EMAIL]'])
    const points = of('otlp_metrics').flatMap((value) => pointsOf(decodeOtlpProtobuf('metrics', value)))
    expect(points.map(({ metric }) => metric)).toContain('agent.requests')
  })
})

const configs = (...names: readonly string[]): string[] =>
  names.flatMap((name) => ['--config', join(readyConfigsFolder, name)])

async function runCli(args: readonly string[], env: Readonly<Record<string, string>>): Promise<{ stdout: string }> {
  return runNode([cli, ...args], { cwd: folder, env: { SPANWARDEN_STATE_DIR: join(folder, 'state'), ...env } })
}

interface VendorRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly message: unknown
}

interface VendorServer extends AsyncDisposable {
  readonly url: string
  readonly requests: readonly VendorRequest[]
}

/** Takes OTLP below any path, as vendors have it. */
async function startVendor(): Promise<VendorServer> {
  const requests: VendorRequest[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const bytes = Buffer.concat(chunks)
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
      const path = request.url ?? ''
      const signal = (['traces', 'metrics', 'logs'] as const).find((name) => path.endsWith(`/v1/${name}`)) ?? 'traces'
      requests.push({ path, headers: request.headers, message: decodeOtlpProtobuf(signal, body) })
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const pick = (headers: IncomingHttpHeaders, like: object = {}): object =>
  Object.fromEntries(Object.keys(like).map((name) => [name, headers[name]]))

/** Of the sums and histograms in requests with metrics. */
function temporalities(requests: readonly VendorRequest[]): string[] {
  const text = requests.filter(({ path }) => path.endsWith('/v1/metrics')).map(({ message }) => JSON.stringify(message))
  const found = text.join('').matchAll(/"aggregationTemporality":(?:"AGGREGATION_TEMPORALITY_)?(DELTA|CUMULATIVE|1|2)/g)
  return [...new Set([...found].map(([, value]) => (value === '1' || value === 'DELTA' ? 'delta' : 'cumulative')))]
}
