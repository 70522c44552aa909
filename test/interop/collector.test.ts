import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildGoProgram, goCommand } from '../support/go-program.ts'
import { logsOf, pointsOf, spansOf } from '../support/otlp-sink.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'

/*
 * The sidecar against the OpenTelemetry Collector itself, built from its Go modules: what goes into the sidecar as OTLP/JSON must come out of the
 * collector unchanged, over both protocols, compressed and not, across a restart, and beyond the limit on the size of a message.
 */
const BUILD_MS_MAX = 15 * 60_000

interface Received {
  readonly signal: string
  readonly message: unknown
}

class GoCollector {
  readonly received: Received[] = []
  readonly #binary: string
  readonly #ports: { grpc: number; http: number }
  #child: ChildProcess | undefined
  #log = ''

  constructor(binary: string, ports: { grpc: number; http: number }) {
    this.#binary = binary
    this.#ports = ports
  }

  async start(): Promise<void> {
    const pipeline = { receivers: ['otlp'], exporters: ['lines'] }
    const config = {
      receivers: {
        otlp: {
          protocols: {
            grpc: { endpoint: `127.0.0.1:${this.#ports.grpc}` },
            http: { endpoint: `127.0.0.1:${this.#ports.http}` },
          },
        },
      },
      exporters: { lines: {} },
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: { traces: pipeline, metrics: pipeline, logs: pipeline },
      },
    }
    const child = spawn(this.#binary, ['--config', `yaml:${JSON.stringify(config)}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    createInterface(child.stdout).on('line', (line) => {
      const space = line.indexOf(' ')
      this.received.push({ signal: line.slice(0, space), message: JSON.parse(line.slice(space)) })
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#log += text))
    await until(() => {
      if (child.exitCode !== null) throw new Error(`the collector ended:\n${this.#log}`)
      return this.#log.includes('Everything is ready')
    })
    this.#log = ''
  }

  async stop(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'close')
  }

  messages(signal: string): unknown[] {
    return this.received.filter((batch) => batch.signal === signal).map(({ message }) => message)
  }
}

describe.skipIf(goCommand === undefined)('with a real OpenTelemetry Collector (needs go)', () => {
  let collector: GoCollector
  let ports = { grpc: 0, http: 0 }

  beforeAll(async () => {
    const binary = await buildGoProgram(fileURLToPath(new URL('collector', import.meta.url)))
    ports = { grpc: await freePort(), http: await freePort() }
    collector = new GoCollector(binary, ports)
    await collector.start()
  }, BUILD_MS_MAX)
  afterAll(() => collector.stop())

  const exporters = (): Record<string, object> => ({
    otlp_http: { endpoint: `http://127.0.0.1:${ports.http}`, compression: 'none' },
    'otlp_http/gzip': { endpoint: `http://127.0.0.1:${ports.http}`, compression: 'gzip' },
    'otlp_http/zstd': { endpoint: `http://127.0.0.1:${ports.http}`, compression: 'zstd' },
    'otlp_http/json': { endpoint: `http://127.0.0.1:${ports.http}`, encoding: 'json', compression: 'gzip' },
    otlp_grpc: { endpoint: `http://127.0.0.1:${ports.grpc}`, compression: 'none' },
    'otlp_grpc/gzip': { endpoint: `http://127.0.0.1:${ports.grpc}`, compression: 'gzip' },
    'otlp_grpc/zstd': { endpoint: `http://127.0.0.1:${ports.grpc}`, compression: 'zstd' },
  })

  test.each([
    'otlp_http',
    'otlp_http/gzip',
    'otlp_http/zstd',
    'otlp_http/json',
    'otlp_grpc',
    'otlp_grpc/gzip',
    'otlp_grpc/zstd',
  ])('traces, metrics and logs arrive unchanged through %s', async (id) => {
    collector.received.length = 0
    await using sidecar = await startSidecar(configWith({ [id]: exporters()[id] ?? {} }))
    await post(sidecar, 'traces', traces('call'))
    await post(sidecar, 'metrics', metrics)
    await post(sidecar, 'logs', logs)
    await until(() => collector.received.length === 3)
    expect(collector.messages('traces').flatMap(spansOf)).toEqual(spansOf(traces('call')))
    expect(collector.messages('metrics').flatMap(pointsOf)).toEqual(pointsOf(metrics))
    expect(collector.messages('logs').flatMap(logsOf)).toEqual(logsOf(logs))
    expect(await sidecar.stop()).toBe(0)
  })

  test('what was sent while the collector was away arrives when it is back', async () => {
    collector.received.length = 0
    const retry = { retry_on_failure: { initial_interval: '50ms', max_interval: '200ms' } }
    await using sidecar = await startSidecar(
      configWith({
        otlp_http: { ...exporters()['otlp_http'], ...retry },
        otlp_grpc: { ...exporters()['otlp_grpc'], ...retry },
      }),
    )
    await post(sidecar, 'traces', traces('before'))
    await until(() => collector.received.length === 2)
    await collector.stop()
    for (let i = 0; i < 5; i++) await post(sidecar, 'traces', traces(`away ${i}`))
    await until(() => sidecar.output.includes('it is tried again'))
    await collector.start()
    await until(() => collector.received.length === 12)
    const names = collector
      .messages('traces')
      .flatMap(spansOf)
      .map((span) => span.name)
    const expected = ['before', 'away 0', 'away 1', 'away 2', 'away 3', 'away 4']
    expect(names.toSorted()).toEqual([...expected, ...expected].toSorted())
  })

  test('a request beyond the size that the collector takes arrives in parts', async () => {
    collector.received.length = 0
    await using sidecar = await startSidecar(configWith({ otlp_grpc: exporters()['otlp_grpc/gzip'] ?? {} }))
    const names = Array.from({ length: 12 }, (_, i) => `${i} ${'x'.repeat(1_000_000)}`)
    await post(sidecar, 'traces', traces(...names))
    await until(() => collector.messages('traces').flatMap(spansOf).length >= names.length)
    expect(
      collector
        .messages('traces')
        .flatMap(spansOf)
        .map((span) => span.name)
        .toSorted(),
    ).toEqual(names.toSorted())
    expect(collector.received.length).toBeGreaterThan(2)
  })
})

const configWith = (exporters: Readonly<Record<string, object>>): object => {
  const pipeline = { receivers: ['otlp'], exporters: Object.keys(exporters) }
  return {
    receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
    exporters,
    service: {
      http: { endpoint: '127.0.0.1:0' },
      telemetry: { metrics: { address: '127.0.0.1:0' } },
      pipelines: { traces: pipeline, metrics: pipeline, logs: pipeline },
    },
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function until(condition: () => boolean, timeoutMs = 30_000): Promise<void> {
  for (const endMs = Date.now() + timeoutMs; !condition();) {
    if (Date.now() > endMs) throw new Error(`waited ${timeoutMs} ms in vain`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'agent' } }] }
const scope = { name: 'test', version: '1', attributes: [{ key: 'x', value: { boolValue: true } }] }
const attributes = [
  { key: 'text', value: { stringValue: 'Grüße 👋 "quoted"' } },
  { key: 'int', value: { intValue: '-9007199254740993' } },
  { key: 'double', value: { doubleValue: 0.1 } },
  { key: 'bool', value: { boolValue: false } },
  { key: 'bytes', value: { bytesValue: 'AAEC/w==' } },
  {
    key: 'list',
    value: { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '1' }, { arrayValue: { values: [] } }] } },
  },
  {
    key: 'map',
    value: { kvlistValue: { values: [{ key: 'inner', value: { stringValue: '{"json":"in a string"}' } }] } },
  },
]
const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']

const traces = (...names: string[]): object => ({
  resourceSpans: [
    {
      resource,
      scopeSpans: [
        {
          scope,
          spans: names.map((name) => ({
            traceId,
            spanId,
            parentSpanId: '00f067aa0ba902b7',
            name,
            kind: 3,
            startTimeUnixNano: '1790000000000000001',
            endTimeUnixNano: '1790000000500000002',
            attributes,
            events: [{ timeUnixNano: '1790000000100000000', name: 'exception', attributes }],
            links: [{ traceId, spanId, attributes }],
            status: { code: 2, message: 'failed' },
          })),
        },
      ],
    },
  ],
})

const times = { startTimeUnixNano: '1790000000000000000', timeUnixNano: '1790000001000000000' }
const metrics = {
  resourceMetrics: [
    {
      resource,
      scopeMetrics: [
        {
          scope,
          metrics: [
            {
              name: 'agent.queue.depth',
              unit: '{request}',
              gauge: { dataPoints: [{ ...times, asInt: '7', attributes }] },
            },
            {
              name: 'agent.tokens.used',
              unit: '{token}',
              sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ ...times, asDouble: 12.5 }] },
            },
            {
              name: 'agent.request.latency',
              unit: 's',
              histogram: {
                aggregationTemporality: 2,
                dataPoints: [
                  {
                    ...times,
                    count: '3',
                    sum: 40.5,
                    bucketCounts: ['1', '1', '1'],
                    explicitBounds: [1, 30],
                    min: 0.5,
                    max: 31,
                  },
                ],
              },
            },
          ],
        },
      ],
    },
  ],
}
const logs = {
  resourceLogs: [
    {
      resource,
      scopeLogs: [
        {
          scope,
          logRecords: [
            {
              ...times,
              severityNumber: 9,
              severityText: 'INFO',
              body: { stringValue: 'done' },
              attributes,
              traceId,
              spanId,
              eventName: 'e',
            },
            { timeUnixNano: times.timeUnixNano, body: attributes[6]?.value },
          ],
        },
      ],
    },
  ],
}
