import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type TestContext, testContext } from '../../../test/support/component-context.ts'
import { decodeOtlpProtobuf } from '../../../test/support/otlp-proto.ts'
import { metricLines } from '../../../test/support/metric-lines.ts'
import { spanBatch, type TestSpan } from '../../../test/support/span-batch.ts'
import { OtlpView } from '../../otlp/view.ts'
import { adjustedCount } from './span-metrics/adjusted-count.ts'
import { ExponentialHistogram } from './span-metrics/exponential-histogram.ts'
import { spanMetrics } from './span-metrics.ts'

const at = 1_790_000_000_000
const span = (n: number, extra: Partial<TestSpan> = {}): TestSpan => ({
  spanId: n.toString(16).padStart(16, '0'),
  name: 'GET /',
  startMs: at,
  endMs: at + 5,
  ...extra,
})

function rig(settings: Record<string, unknown> = {}, before?: TestContext) {
  const fresh = testContext('span_metrics')
  const context = before === undefined ? fresh : { ...fresh, stateFolder: before.stateFolder, clock: before.clock }
  const emitted: Buffer[] = []
  const config = spanMetrics.config.parse({ exclude_dimensions: ['collector.instance.id'], ...settings })
  const connector = spanMetrics.create(config, { ...context, emit: (_signal, bytes) => void emitted.push(bytes) })
  connector.start()
  return {
    context,
    send: (...spans: TestSpan[]) =>
      connector.consume(new OtlpView('traces', spanBatch({ attributes: { 'service.name': 'a', pid: 1 }, spans }))),
    flush: () => context.clock.advance(60_000),
    stop: () => connector.stop(),
    lines: (prefix = 'traces') =>
      metricLines(emitted.at(-1) ?? Buffer.alloc(0)).filter((one) => one.startsWith(prefix)),
    json: () => JSON.stringify(decodeOtlpProtobuf('metrics', emitted.at(-1) ?? Buffer.alloc(0))),
  }
}
const LABELS = 'service.name=a,span.name=GET /,span.kind=SPAN_KIND_INTERNAL,status.code=STATUS_CODE_UNSET'

describe('calls and durations', () => {
  test('have the names and labels of the stock connector; the first value of calls is 0', () => {
    const { send, flush, lines } = rig()
    send(span(1), span(2, { endMs: at + 20_000 }))
    flush()
    const duration = `traces.span.metrics.duration{${LABELS}} 2/20005 ≤6:1 ≤∞:1`
    expect(lines()).toEqual([`traces.span.metrics.calls{${LABELS}} 0`, duration])
    flush()
    expect(lines()).toEqual([`traces.span.metrics.calls{${LABELS}} 2`, duration])
    expect(lines('resource')).toEqual(['resource {service.name=a,pid=1}'])
  })

  test('delta begins anew with every flush', () => {
    const { send, flush, lines } = rig({ aggregation_temporality: 'AGGREGATION_TEMPORALITY_DELTA' })
    send(span(1), span(2))
    flush()
    send(span(3))
    flush()
    expect(lines('traces.span.metrics.calls')).toEqual([`traces.span.metrics.calls{${LABELS}} 1`])
    flush()
    expect(lines('traces')).toEqual([])
  })

  test('dimensions: span before resource, defaults, patterns, those of one metric only, and exclusions', () => {
    const { send, stop, lines } = rig({
      namespace: '',
      dimensions: [{ name: 'pid' }, { name: 'missing' }, { name: 'none', default: 'x' }],
      calls_dimensions: [{ glob: 'http.*' }],
      exclude_dimensions: ['collector.instance.id', 'span.kind', 'status.code'],
      histogram: { dimensions: [{ name: 'http.a' }] },
    })
    send(span(1, { attributes: { 'http.b': 'B', 'http.a': 'A', 'http.c.d': 'no' } }))
    stop()
    expect(lines('')).toEqual([
      'calls{service.name=a,span.name=GET /,pid=1,none=x,http.a=A,http.b=B} 1',
      'duration{service.name=a,span.name=GET /,pid=1,none=x,http.a=A} 1/5 ≤6:1',
      'resource {service.name=a,pid=1}',
    ])
  })

  test('a span that is sent twice counts once; beyond the limit there is an overflow series', () => {
    const { send, stop, lines } = rig({ aggregation_cardinality_limit: 2 })
    send(span(1), span(1), span(2, { name: 'b' }), span(3, { name: 'c' }), span(4, { name: 'd' }))
    stop()
    expect(lines('traces.span.metrics.calls')).toContain('traces.span.metrics.calls{otel.metric.overflow=true} 2')
    expect(lines('traces.span.metrics.calls')).toHaveLength(3)
  })

  test('series that nothing is recorded in go after series_expiration', () => {
    const { send, flush, lines } = rig({ series_expiration: '90s' })
    send(span(1))
    flush()
    flush()
    expect(lines('traces.span.metrics.calls')).toHaveLength(1)
    flush()
    expect(lines('traces.span.metrics.calls')).toEqual([])
  })

  test('exemplars name the span, up to max_per_data_point', () => {
    const { send, flush, json } = rig({ exemplars: { enabled: true, max_per_data_point: 1 } })
    send(span(1), span(2))
    flush()
    expect(json()).toContain('"spanId":"0000000000000001"')
    expect(json()).not.toContain('"spanId":"0000000000000002"')
  })
})

test('over a kill: counters and the instance id go on, and spans that come again count once', () => {
  const settings = { exclude_dimensions: [], histogram: { exponential: {} } }
  const first = rig(settings)
  first.send(span(1), span(2))
  first.flush()
  first.flush()
  const before = first.json()
  const second = rig(settings, first.context)
  second.send(span(2))
  second.flush()
  const withoutTime = (json: string): string => json.replaceAll(/"timeUnixNano":"\d+"/g, '')
  expect(withoutTime(second.json())).toBe(withoutTime(before))
})

test('one span of a sampled trace stands for several', () => {
  expect(adjustedCount('ot=th:8', () => 0.5)).toEqual({ count: 2, isAdjusted: true })
  expect(adjustedCount('a=b,ot=rv:00000000000000;th:c', () => 0.5)).toEqual({ count: 4, isAdjusted: true })
  expect(adjustedCount('a=b', () => 0.5)).toEqual({ count: 1, isAdjusted: false })
  expect(adjustedCount('ot=th:ffffffffffffff', () => 0.5).count).toBeLessThanOrEqual(1e6)
})

test('exponential histograms: every value is in the bucket whose bounds are around it', () => {
  const value = fc.double({ min: 1e-9, max: 1e9, noNaN: true })
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), fc.integer({ min: 2, max: 20 }), (values, size) => {
      const histogram = new ExponentialHistogram(size)
      for (const one of values) histogram.add(one, 1)
      const { scale, offset, counts } = histogram
      expect(counts.length).toBeLessThanOrEqual(size)
      const base = 2 ** (2 ** -scale)
      const expected = counts.map((_, at) => {
        const lower = (offset + at) * Math.log2(base)
        const upper = (offset + at + 1) * Math.log2(base)
        return values.filter((one) => Math.log2(one) > lower + 1e-9 && Math.log2(one) <= upper - 1e-9).length
      })
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length)
      // Values on a bound may fall to either side of it in floating point.
      expected.forEach((count, at) => expect(counts[at]).toBeGreaterThanOrEqual(count))
    }),
  )
})
