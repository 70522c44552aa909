import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { type TestContext, testContext } from '../../../test/support/component-context.ts'
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts'
import type { Exporter } from '../component.ts'
import { prometheus } from './prometheus.ts'
import { labelName, metricName } from './prometheus/metric-name.ts'

const running: Exporter[] = []
afterEach(async () => {
  for (const exporter of running.splice(0)) await exporter.stop?.()
})

interface Rig {
  readonly context: TestContext
  readonly url: string
  send(bytes: Uint8Array): Promise<void>
  scrape(accept?: string): Promise<string[]>
}

async function rig(settings: Record<string, unknown> = {}): Promise<Rig> {
  const context = testContext('prometheus')
  const config = prometheus.config.parse({ endpoint: '127.0.0.1:0', ...settings })
  const exporter = prometheus.create(config, { ...context, service: () => expect.unreachable() })
  await exporter.start?.()
  running.push(exporter)
  const url = exporter.listening?.()['prometheus'] ?? ''
  return {
    context,
    url,
    async send(bytes) {
      const payload = {
        signal: 'metrics' as const,
        bytes: Buffer.from(bytes),
        items: 1,
        retain: () => payload,
        release: () => undefined,
      }
      expect(await exporter.send(payload, new AbortController().signal)).toEqual({ outcome: 'sent' })
    },
    async scrape(accept = 'text/plain') {
      const response = await fetch(url, { headers: { accept } })
      expect(response.status).toBe(200)
      const text = await response.text()
      return text.split('\n').filter((line) => line !== '')
    },
  }
}

/** What the OpenTelemetry SDK sends for some recordings; each call of `collect` is one export. */
function sdk(attributes: Record<string, string | number | boolean>, temporality = AggregationTemporality.CUMULATIVE) {
  const exporter = new InMemoryMetricExporter(temporality)
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 1_000_000,
    exportTimeoutMillis: 1_000,
  })
  const provider = new MeterProvider({ resource: resourceFromAttributes(attributes), readers: [reader] })
  return {
    meter: provider.getMeter('test'),
    async collect(): Promise<Uint8Array> {
      await provider.forceFlush()
      const [metrics] = exporter.getMetrics().slice(-1)
      return (metrics && ProtobufMetricsSerializer.serializeRequest(metrics)) ?? new Uint8Array()
    },
    stop: () => provider.shutdown(),
  }
}

const target = { 'service.namespace': 'shop', 'service.name': 'support', 'service.instance.id': 'i1' }
const labels = 'instance="i1",job="shop/support"'

describe('a scrape', () => {
  test('shows counters, gauges and histograms of the OpenTelemetry SDK', async () => {
    const { meter, collect, stop } = sdk({ ...target, 'service.version': '1.2' })
    meter
      .createCounter('agent.tool.calls', { unit: '{call}', description: 'Tool "calls"\nby \\ tool' })
      .add(3, { 'gen_ai.tool.name': 'say "hi"\n\\' })
    meter.createGauge('agent.error.rate', { unit: '1' }).record(0.25)
    meter.createUpDownCounter('agent.queue.depth', { unit: '{request}' }).add(-2)
    const latency = meter.createHistogram('agent.request.latency', {
      unit: 's',
      advice: { explicitBucketBoundaries: [1, 30] },
    })
    for (const seconds of [0.5, 1, 29, 31, 100]) latency.record(seconds)
    const { send, scrape } = await rig({ const_labels: { region: 'eu' } })
    await send(await collect())
    await stop()
    const all = `instance="i1",job="shop/support",region="eu"`
    expect(await scrape()).toEqual([
      '# TYPE agent_error_rate_ratio gauge',
      `agent_error_rate_ratio{${all}} 0.25`,
      '# TYPE agent_queue_depth gauge',
      `agent_queue_depth{${all}} -2`,
      '# TYPE agent_request_latency_seconds histogram',
      `agent_request_latency_seconds_bucket{${all},le="1"} 2`,
      `agent_request_latency_seconds_bucket{${all},le="30"} 3`,
      `agent_request_latency_seconds_bucket{${all},le="+Inf"} 5`,
      `agent_request_latency_seconds_sum{${all}} 161.5`,
      `agent_request_latency_seconds_count{${all}} 5`,
      '# HELP agent_tool_calls_total Tool "calls"\\nby \\\\ tool',
      '# TYPE agent_tool_calls_total counter',
      `agent_tool_calls_total{gen_ai_tool_name="say \\"hi\\"\\n\\\\",${all}} 3`,
      '# HELP target_info Attributes of the resource behind job and instance.',
      '# TYPE target_info gauge',
      `target_info{${all},service_version="1.2"} 1`,
    ])
  })

  test('gives OpenMetrics to those who ask for it', async () => {
    const { meter, collect, stop } = sdk({ ...target, 'service.version': '1.2' })
    meter.createCounter('agent.cost', { unit: 'USD', description: 'A "cost"' }).add(0.5)
    const { send, scrape } = await rig()
    await send(await collect())
    await stop()
    expect(await scrape('application/openmetrics-text; version=1.0.0,text/plain;q=0.5')).toEqual([
      '# HELP agent_cost_usd A \\"cost\\"',
      '# TYPE agent_cost_usd counter',
      `agent_cost_usd_total{${labels}} 0.5`,
      '# HELP target Attributes of the resource behind job and instance.',
      '# TYPE target info',
      `target_info{${labels},service_version="1.2"} 1`,
      '# EOF',
    ])
  })

  test.each([
    [AggregationTemporality.CUMULATIVE, 5, 4],
    [AggregationTemporality.DELTA, 5, 4],
  ])('sums deltas and replaces totals (temporality %s)', async (temporality, sum, count) => {
    const { meter, collect, stop } = sdk(target, temporality)
    const counter = meter.createCounter('jobs')
    const histogram = meter.createHistogram('time', { advice: { explicitBucketBoundaries: [1] } })
    const { send, scrape } = await rig()
    for (const n of [2, 3]) {
      counter.add(n)
      histogram.record(0.5)
      histogram.record(2)
      await send(await collect())
    }
    await stop()
    expect(await scrape()).toEqual(
      expect.arrayContaining([
        `jobs_total{${labels}} ${sum}`,
        `time_bucket{${labels},le="1"} ${count / 2}`,
        `time_count{${labels}} ${count}`,
      ]),
    )
  })

  test('forgets what was not heard of for metric_expiration', async () => {
    const { meter, collect, stop } = sdk(target)
    meter.createCounter('jobs').add(1)
    const { send, scrape, context } = await rig({ metric_expiration: '1m' })
    await send(await collect())
    await stop()
    context.clock.advance(60_000)
    expect(await scrape()).toHaveLength(2)
    context.clock.advance(1)
    expect(await scrape()).toEqual([])
    expect(context.gauges.get('otelcol_exporter_prometheus_series{exporter="prometheus"}')?.()).toBe(0)
  })

  test('keeps no more than series_max label sets, and makes room when old ones expire', async () => {
    const { meter, collect, stop } = sdk(target)
    const counter = meter.createCounter('jobs')
    for (let n = 0; n < 30; n += 1) counter.add(1, { n })
    const bytes = await collect()
    await stop()
    const { send, scrape, context } = await rig({ series_max: 10, metric_expiration: '1m' })
    await send(bytes)
    const refused = () =>
      context.counters.get('otelcol_exporter_prometheus_refused_points{exporter="prometheus",reason="series_max"}')
    expect(await scrape()).toHaveLength(1 + 10)
    expect(refused()).toBe(20)
    context.clock.advance(120_000)
    await send(gauge('fresh'))
    expect(await scrape()).toEqual(['# TYPE fresh gauge', 'fresh 7'])
    expect(refused()).toBe(20)
  })

  test('a scrape stays small, whatever labels, bounds and descriptions are sent; expired ones make room', async () => {
    const { send, scrape, context } = await rig({ scrape_bytes_max: 20_000, metric_expiration: '1m' })
    for (let n = 0; n < 10; n += 1) {
      await send(wideHistogram(`wide_${n}`, 10, 'd'.repeat(100_000)))
      await send(wideHistogram(`bounds_${n}`, 10_000, ''))
      await send(gauge('g'.repeat(1_000) + n))
    }
    expect((await scrape()).join('\n').length).toBeLessThan(40_000)
    const refused = context.counters.get(
      'otelcol_exporter_prometheus_refused_points{exporter="prometheus",reason="scrape_bytes_max"}',
    )
    expect(refused).toBeGreaterThanOrEqual(10)
    context.clock.advance(120_000)
    for (let n = 0; n < 100; n += 1) await send(gauge('fresh'))
    expect(await scrape()).toEqual(['# TYPE fresh gauge', 'fresh 7'])
  })

  test('counts a metric that comes back with another type, and what the format has no place for', async () => {
    const { send, scrape, context } = await rig()
    await send(gauge('size_total'))
    await send(
      metric('size', (writer) =>
        writer.message(7, () =>
          writer
            .message(1, () => writer.double(4, 1))
            .varint(2, 2)
            .varint(3, 1),
        ),
      ),
    )
    await send(metric('exp', (writer) => writer.message(10, () => writer.message(1, () => writer.fixed64(4, 1n)))))
    expect(await scrape()).toEqual(['# TYPE size_total gauge', 'size_total 7'])
    expect(Object.fromEntries(context.counters)).toMatchObject({
      'otelcol_exporter_prometheus_refused_points{exporter="prometheus",reason="type_conflict"}': 1,
      'otelcol_exporter_prometheus_refused_points{exporter="prometheus",reason="unsupported"}': 1,
    })
  })

  test('a point without a recorded value ends its series', async () => {
    const { send, scrape } = await rig()
    await send(gauge('fresh'))
    expect(await scrape()).toHaveLength(2)
    await send(metric('fresh', (writer) => writer.message(5, () => writer.message(1, () => writer.varint(8, 1)))))
    expect(await scrape()).toEqual([])
  })

  test('OpenMetrics shows exemplars behind counters and the bucket that they are in, and keeps them until others come', async () => {
    const { send, scrape } = await rig()
    const exemplar = (writer: ProtobufWriter, value: number, at: bigint): unknown =>
      writer.fixed64(2, at).double(3, value).bytes(4, Buffer.alloc(8, 0xab)).bytes(5, Buffer.alloc(16, 0xcd))
    const ids = `trace_id="${'cd'.repeat(16)}",span_id="${'ab'.repeat(8)}"`
    const calls = (withExemplar: boolean): Uint8Array =>
      metric('calls', (writer) =>
        writer.message(7, () => {
          writer.message(1, () => {
            writer.fixed64(6, 3n)
            if (withExemplar) writer.message(5, () => exemplar(writer, 1, 1_500_000_000n))
          })
          writer.varint(2, 2).varint(3, 1)
        }),
      )
    const took = metric('took', (writer) =>
      writer.message(9, () => {
        writer.message(1, () => {
          writer.fixed64(4, 3n).double(5, 8).packedFixed64(6, [1n, 1n, 1n]).packedDouble(7, [1, 2])
          writer.message(8, () => exemplar(writer, 2, 1_000_000_000n))
          writer.message(8, () => exemplar(writer, 5, 2_000_000_000n))
          writer.message(8, () => writer.fixed64(2, 1n).double(3, 0.5))
        })
        writer.varint(2, 2)
      }),
    )
    await send(calls(true))
    await send(calls(false))
    await send(took)
    expect(await scrape('application/openmetrics-text')).toEqual([
      '# TYPE calls counter',
      `calls_total 3 # {${ids}} 1 1.5`,
      '# TYPE took histogram',
      'took_bucket{le="1"} 1',
      `took_bucket{le="2"} 2 # {${ids}} 2 1`,
      `took_bucket{le="+Inf"} 3 # {${ids}} 5 2`,
      'took_sum 8',
      'took_count 3',
      '# EOF',
    ])
    expect((await scrape()).join()).not.toContain('trace_id')
  })

  test('shows summaries, and numbers that are none', async () => {
    const { send, scrape } = await rig()
    await send(
      metric('took', (writer) =>
        writer.message(11, () =>
          writer.message(1, () =>
            writer
              .fixed64(4, 2n)
              .double(5, Infinity)
              .message(6, () => writer.double(1, 0.5).double(2, Number.NaN)),
          ),
        ),
      ),
    )
    expect(await scrape()).toEqual(['# TYPE took summary', 'took{quantile="0.5"} NaN', 'took_sum +Inf', 'took_count 2'])
  })

  test('answers nothing but a scrape', async () => {
    const { url } = await rig()
    const statuses = [
      await fetch(url.replace('/metrics', '/')),
      await fetch(url, { method: 'POST', body: 'x' }),
      await fetch(url, { method: 'HEAD' }),
    ].map(({ status }) => status)
    expect(statuses).toEqual([404, 405, 200])
  })
})

/** An ExportMetricsServiceRequest with one metric. */
const metric = (name: string, data: (writer: ProtobufWriter) => unknown): Buffer => {
  const writer = new ProtobufWriter()
  writer.message(1, () => writer.message(2, () => writer.message(2, () => data(writer.string(1, name)))))
  return writer.finish()
}
const gauge = (name: string): Buffer =>
  metric(name, (writer) => writer.message(5, () => writer.message(1, () => writer.fixed64(6, 7n))))
const wideHistogram = (name: string, bounds: number, description: string): Buffer =>
  metric(name, (writer) =>
    writer.string(2, description).message(9, () =>
      writer
        .message(1, () => {
          writer.fixed64(4, 1n).packedDouble(
            7,
            Array.from({ length: bounds }, (_, n) => n),
          )
        })
        .varint(2, 2),
    ),
  )

describe('names', () => {
  test.each([
    ['agent.request.latency', 's', 'histogram', 'agent_request_latency_seconds'],
    ['agent.error.rate', '1', 'gauge', 'agent_error_rate_ratio'],
    ['agent.tool.calls', '{call}', 'counter', 'agent_tool_calls_total'],
    ['agent.tokens.used', '{token}', 'counter', 'agent_tokens_used_total'],
    ['agent.queue.depth', '{request}', 'gauge', 'agent_queue_depth'],
    ['agent.requests', '{request}', 'counter', 'agent_requests_total'],
    ['agent.cost', 'USD', 'counter', 'agent_cost_usd_total'],
    ['agent.heartbeat.timestamp', 's', 'gauge', 'agent_heartbeat_timestamp_seconds'],
    [
      'gen_ai.client.inference.usage.cache_read.input_tokens',
      '{token}',
      'counter',
      'gen_ai_client_inference_usage_cache_read_input_tokens_total',
    ],
    ['http.server.request.body.size', 'By', 'histogram', 'http_server_request_body_size_bytes'],
    ['system.io', 'By/s', 'gauge', 'system_io_bytes_per_second'],
    ['rate', '{item}/s', 'gauge', 'rate_per_second'],
    ['took_seconds', 's', 'histogram', 'took_seconds'],
    ['jobs_total', '', 'counter', 'jobs_total'],
    ['cpu.utilization', '%', 'gauge', 'cpu_utilization_percent'],
    ['5xx', '', 'counter', '_5xx_total'],
    ['a--b  c', 'foo bar', 'gauge', 'a_b_c_foo_bar'],
    ['events', '1', 'counter', 'events_total'],
  ] as const)('%s in %s, a %s, is %s', (name, unit, type, expected) => {
    expect(metricName(name, unit, type)).toBe(expected)
  })

  test('are allowed ones, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.string(),
        fc.constantFrom('counter', 'gauge', 'histogram', 'summary'),
        (name, unit, type) => {
          expect(metricName(name, unit, type)).toMatch(/^[A-Za-z_:][\w:]*$/)
          expect(labelName(name)).toMatch(/^(?!__)[A-Za-z_]\w*$/)
        },
      ),
    )
  })
})
