import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { OtlpView } from '../../src/otlp/view.ts'
import { spanMetrics } from '../../src/sidecar/connectors/span-metrics.ts'
import { testContext } from '../support/component-context.ts'
import { buildGoProgram, goCommand } from '../support/go-program.ts'
import { decodeOtlpProtobuf } from '../support/otlp-proto.ts'
import { spanBatch } from '../support/span-batch.ts'

/* The stock collector's own connector, built from its Go module, and ours get the same spans: their metrics must be the same but for times. */
const BUILD_MS_MAX = 15 * 60_000

type Json = Readonly<Record<string, unknown>>

/** One line for each data point, with all but its times and the order of its labels. */
function pointsOf(request: unknown): string[] {
  const lines: string[] = []
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return
    const { dataPoints, ...rest } = value as { dataPoints?: Json[] } & Json
    for (const point of dataPoints ?? []) {
      const { startTimeUnixNano: _start, timeUnixNano: _time, ...others } = point
      lines.push(`${path} ${canonical(rest)} ${canonical(others)}`)
    }
    for (const [key, inner] of Object.entries(rest)) {
      const name = Array.isArray(value) ? '' : key === 'metrics' || key === 'scopeMetrics' ? '' : key
      visit(
        inner,
        `${path}${typeof rest['name'] === 'string' && name !== '' ? `${rest['name']}[${String(rest['unit'] ?? '')}].` : ''}${name}`,
      )
    }
  }
  visit(request, '')
  return lines.sort()
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    const items = value.map(canonical)
    const isLabels = value.every((item) => typeof item === 'object' && item !== null && 'key' in item)
    return `[${(isLabels ? items.sort() : items).join()}]`
  }
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value).filter(([key, inner]) => {
    const isTime = key === 'timeUnixNano'
    const isEmpty = inner === 0 || inner === '0' || (Array.isArray(inner) && inner.length === 0)
    return !isTime && !isEmpty && canonical(inner) !== '{}'
  })
  return `{${entries
    .map(([key, inner]) => `${key}:${canonical(inner)}`)
    .sort()
    .join()}}`
}

const kinds = [0, 1, 2, 3, 4, 5]
const batch = spanBatch(
  ...['checkout', 'search'].map((service, s) => ({
    attributes: { 'service.name': service, 'service.instance.id': `${service}-1`, region: 'eu' },
    spans: Array.from({ length: 60 }, (_, n) => ({
      traceId: (n + 1).toString(16).padStart(32, '0'),
      spanId: (s * 1_000 + n + 1).toString(16).padStart(16, '0'),
      name: `GET /${n % 4}`,
      kind: kinds[n % kinds.length] ?? 0,
      startMs: 1_790_000_000_000,
      // Some on a bound, some longer than all, some whose clock ran backwards.
      endMs: 1_790_000_000_000 + ([2, 2.5, 0, 17_000, 800, 1, -5, 10, 399.999][n % 9] ?? 0),
      status: n % 3,
      attributes: {
        'http.method': n % 2 === 0 ? 'GET' : 'POST',
        'http.code': 200 + (n % 3),
        'http.a.b': 'deep',
        ok: n % 2 === 0,
      },
    })),
  })),
  { attributes: { region: 'none' }, spans: [{ spanId: 'ff'.repeat(8) }] },
)

const noId = { exclude_dimensions: ['collector.instance.id'] }

describe.runIf(goCommand !== undefined)('the stock connector span_metrics', () => {
  let program = ''
  beforeAll(async () => {
    program = await buildGoProgram(fileURLToPath(new URL('span-metrics', import.meta.url)))
  }, BUILD_MS_MAX)

  async function stock(config: object): Promise<unknown> {
    const child = spawn(program, [JSON.stringify(config)], { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.end(batch)
    const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
    return JSON.parse(output)
  }

  function ours(config: object): unknown {
    const emitted: Buffer[] = []
    const context = testContext('span_metrics')
    const connector = spanMetrics.create(spanMetrics.config.parse({ ...config, persist: false }), {
      ...context,
      emit: (_signal, bytes) => void emitted.push(bytes),
    })
    connector.start()
    connector.consume(new OtlpView('traces', batch))
    const isDelta = 'aggregation_temporality' in config
    context.clock.advance(isDelta ? 60_000 : 120_000)
    return decodeOtlpProtobuf('metrics', emitted.at(-1) ?? Buffer.alloc(0))
  }

  test.each<[string, object]>([
    ['as it comes', noId],
    ['seconds', { ...noId, histogram: { unit: 's' } }],
    ['own buckets', { ...noId, histogram: { explicit: { buckets: ['1ms', '10ms', '1s'] } } }],
    ['exponential histograms', { ...noId, histogram: { exponential: { max_size: 20 } } }],
    ['exponential histograms of full size', { ...noId, histogram: { exponential: {} } }],
    ['no histogram', { ...noId, histogram: { disable: true } }],
    ['delta', { ...noId, aggregation_temporality: 'AGGREGATION_TEMPORALITY_DELTA' }],
    ['another namespace', { ...noId, namespace: 'spans' }],
    [
      'dimensions',
      {
        exclude_dimensions: ['collector.instance.id', 'span.kind', 'status.code'],
        dimensions: [{ name: 'http.method' }, { name: 'region' }, { name: 'none', default: 'x' }, { name: 'missing' }],
        calls_dimensions: [{ name: 'http.code' }, { name: 'ok' }],
        histogram: { dimensions: [{ glob: 'http.a*' }] },
      },
    ],
    ['patterns', { ...noId, dimensions: [{ glob: 'http.*' }] }],
    ['patterns over dots', { ...noId, dimensions: [{ glob: 'http.**' }] }],
    ['patterns with choices', { ...noId, dimensions: [{ glob: '{http.method,re[a-g]io?}' }] }],
    ['one resource by some attributes', { ...noId, resource_metrics_key_attributes: ['region'] }],
    ['scopes', { ...noId, include_instrumentation_scope: ['test'] }],
    [
      'exemplars',
      {
        ...noId,
        exemplars: { enabled: true, max_per_data_point: 2 },
        aggregation_temporality: 'AGGREGATION_TEMPORALITY_DELTA',
      },
    ],
    ['sampling method', { ...noId, enable_metrics_sampling_method: true }],
    ['series limit', { ...noId, aggregation_cardinality_limit: 5 }],
  ])(
    '%s: the same metrics',
    async (_, config) => {
      const expected = pointsOf(await stock(config))
      expect(expected.length).toBeGreaterThan(3)
      expect(pointsOf(ours(config))).toEqual(expected)
    },
    60_000,
  )
})
