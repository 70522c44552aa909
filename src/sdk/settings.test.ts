import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSettings } from './settings.ts'

test('with an empty environment: loopback, content off, everything on', () => {
  const settings = readSettings({})
  expect(settings).toMatchObject({
    enabled: true,
    content: { spans: false, events: false },
    streamUsageHosts: [],
    serviceName: undefined,
    traces: { url: 'http://127.0.0.1:4318/v1/traces', timeoutMs: 10_000, gzip: false },
    metrics: { url: 'http://127.0.0.1:4318/v1/metrics' },
    logs: { url: 'http://127.0.0.1:4318/v1/logs' },
    batch: { delayMs: 1_000, queueItemsMax: 2_048, batchItemsMax: 512 },
    metricIntervalMs: 10_000,
    warnings: [],
  })
})

test.each([
  ['true', true, false, 0],
  ['TRUE', true, false, 0],
  ['SPAN_ONLY', true, false, 0],
  ['EVENT_ONLY', false, true, 0],
  ['span_and_event', true, true, 0],
  ['false', false, false, 0],
  ['NO_CONTENT', false, false, 0],
  ['', false, false, 0],
  ['yes', false, false, 1],
])('content capture %j: on spans %s, on events %s', (value, spans, events, warnings) => {
  const settings = readSettings({ OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: value })
  expect(settings.content).toEqual({ spans, events })
  expect(settings.warnings.length).toBe(warnings)
})

test('hosts whose streams are asked for their usage', () => {
  expect(readSettings({ SPANWARDEN_STREAM_USAGE_HOSTS: ' a.example, b.example ' }).streamUsageHosts).toEqual([
    'a.example',
    'b.example',
  ])
})

test('hosts whose model calls over plain HTTP are observed', () => {
  expect(readSettings({}).modelHosts).toEqual([])
  expect(readSettings({ SPANWARDEN_MODEL_HOSTS: 'Models.example, 10.0.0.7:8000' }).modelHosts).toEqual([
    'models.example',
    '10.0.0.7:8000',
  ])
})

describe('endpoints', () => {
  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://host/base/' }, 'https://host/base/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://host/as/is' }, 'https://host/as/is'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b' }, 'http://b'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'not a url' }, 'http://127.0.0.1:4318/v1/traces'],
  ])('%j', (environment, url) => {
    expect(readSettings(environment).traces?.url).toBe(url)
  })

  test('headers are percent-decoded, the signal’s own win', () => {
    const { traces, metrics } = readSettings({
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20a, x=1',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x=2',
    })
    expect(traces?.headers).toEqual({ authorization: 'Bearer a', x: '2' })
    expect(metrics?.headers).toEqual({ authorization: 'Bearer a', x: '1' })
  })

  test('none switches a signal off', () => {
    const settings = readSettings({ OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' })
    expect([settings.traces === undefined, settings.metrics, settings.logs]).toEqual([false, undefined, undefined])
  })
})

test('whatever stands in the environment, reading it does not throw and no warning repeats a value', () => {
  const names = [
    'OTEL_BSP_MAX_QUEUE_SIZE',
    'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OTEL_EXPORTER_OTLP_HEADERS',
    'OTEL_EXPORTER_OTLP_PROTOCOL',
    'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT',
    'OTEL_METRIC_EXPORT_INTERVAL',
    'OTEL_RESOURCE_ATTRIBUTES',
    'OTEL_TRACES_EXPORTER',
    'OTEL_TRACES_SAMPLER_ARG',
    'OTEL_ENTITIES',
    'OTEL_LOG_LEVEL',
    'OTEL_NODE_RESOURCE_DETECTORS',
    'OTEL_CONFIG_FILE',
    'SPANWARDEN_SPOOL',
  ]
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.string({ unit: 'grapheme' }), (name, text) => {
      const secret = `q7${text}7q`
      const settings = readSettings({ [name]: secret })
      expect(settings.warnings.join(' ')).not.toContain(secret)
      expect(settings.batch.batchItemsMax).toBeLessThanOrEqual(settings.batch.queueItemsMax)
      expect(settings.sampler.ratio).toBe(1)
    }),
  )
})

describe('what cannot be had is refused in one line, and the default is used', () => {
  test.each([
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /^OTEL_EXPORTER_OTLP_PROTOCOL: only .*4318/],
    [{ OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc' }, /^OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: only /],
    [{ OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' }, /^OTEL_EXPORTER_OTLP_COMPRESSION: only gzip, none/],
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, /^OTEL_TRACES_EXPORTER: only otlp, console, none .* otlp is used/],
    [{ OTEL_METRICS_EXPORTER: 'prometheus' }, /^OTEL_METRICS_EXPORTER: only otlp, none/],
    [{ OTEL_PROPAGATORS: 'tracecontext,b3' }, /^OTEL_PROPAGATORS: /],
    [{ OTEL_TRACES_SAMPLER: 'jaeger_remote' }, /^OTEL_TRACES_SAMPLER: only /],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' }, /^OTEL_TRACES_SAMPLER_ARG is not/],
    [{ OTEL_NODE_RESOURCE_DETECTORS: 'host,gcp' }, /^OTEL_NODE_RESOURCE_DETECTORS: only /],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'no-equals-sign' }, /^OTEL_EXPORTER_OTLP_HEADERS has a part/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://host' }, /^OTEL_EXPORTER_OTLP_ENDPOINT is not an http/],
    [{ OTEL_ENTITIES: 'service(name)' }, /^OTEL_ENTITIES has an entity/],
    [{ OTEL_METRICS_EXEMPLAR_FILTER: 'trace_based' }, /^OTEL_METRICS_EXEMPLAR_FILTER: /],
    [{ OTEL_LOG_LEVEL: 'chatty' }, /^OTEL_LOG_LEVEL: only /],
    [{ OTEL_BLRP_MAX_QUEUE_SIZE: '0' }, /^OTEL_BLRP_MAX_QUEUE_SIZE is not a positive whole number, 2048 is used/],
    [{ SPANWARDEN_ATTACH: 'maybe' }, /^SPANWARDEN_ATTACH: only on, off/],
  ])('%j', (environment: Record<string, string>, line) => {
    const { warnings, ...settings } = readSettings(environment)
    expect([...new Set(warnings)]).toEqual([expect.stringMatching(line)])
    // Of these three, what is understood is kept.
    const { sampler, propagators, detectors, ...others } = settings
    const { warnings: _, sampler: _1, propagators: _2, detectors: _3, ...plain } = readSettings({})
    expect(others).toEqual(plain)
    expect([sampler.ratio, propagators.includes('tracecontext'), detectors.has('host')]).toEqual([1, true, true])
  })
})

test.each([
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
    { traces: { protocol: 'http/json' }, logs: { protocol: 'http/json' } },
  ],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/protobuf' },
    { traces: { protocol: 'http/json' }, logs: { protocol: 'http/protobuf' } },
  ],
  [
    { OTEL_EXPORTER_OTLP_CERTIFICATE: 'a.pem', OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY: 'k.pem' },
    { traces: { tls: { ca: 'a.pem', key: undefined } }, metrics: { tls: { ca: 'a.pem', key: 'k.pem' } } },
  ],
  [
    { OTEL_EXPORTER_OTLP_TIMEOUT: '4000', OTEL_BSP_EXPORT_TIMEOUT: '2000', OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '1000' },
    { traces: { timeoutMs: 2_000 }, metrics: { timeoutMs: 1_000 }, logs: { timeoutMs: 4_000 } },
  ],
  [{ OTEL_TRACES_EXPORTER: 'console' }, { traces: undefined, consoleSpans: true }],
  [{ OTEL_TRACES_EXPORTER: 'otlp, console' }, { traces: { timeoutMs: 10_000 }, consoleSpans: true }],
  [{ OTEL_TRACES_EXPORTER: 'none' }, { traces: undefined, consoleSpans: false }],
  [
    { OTEL_ATTRIBUTE_COUNT_LIMIT: '7', OTEL_SPAN_EVENT_COUNT_LIMIT: '0' },
    { spanLimits: { attributeCountLimit: 7, eventCountLimit: 0 } },
  ],
  [
    { OTEL_BLRP_SCHEDULE_DELAY: '5', OTEL_BSP_SCHEDULE_DELAY: '6' },
    { batch: { delayMs: 6 }, logBatch: { delayMs: 5 } },
  ],
  [{ OTEL_LOG_LEVEL: 'ALL' }, { logLevel: 'debug' }],
  [{ OTEL_PROPAGATORS: 'none' }, { propagators: [] }],
  [
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' },
    { sampler: { name: 'traceidratio', ratio: 0.25 } },
  ],
  [
    {
      OTEL_ENTITIES: 'service{service.name=desk}[service.version=1%2E0];host{host.id=h1}@https://x/y',
      OTEL_RESOURCE_ATTRIBUTES: 'host.id=h2',
    },
    { resourceAttributes: { 'service.name': 'desk', 'service.version': '1.0', 'host.id': 'h2' } },
  ],
  [{ OTEL_NODE_RESOURCE_DETECTORS: 'none' }, { detectors: new Set() }],
  [{ OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'lowmemory' }, { metricTemporality: 'delta' }],
])('%j is honoured', (environment: Record<string, string>, expected) => {
  const settings = readSettings(environment)
  expect(settings).toMatchObject(expected)
  expect(settings.warnings).toEqual([])
})
