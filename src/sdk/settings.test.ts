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
