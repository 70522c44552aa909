import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type TestContext, testContext } from '../../../../test/support/component-context.ts'
import { metricLines } from '../../../../test/support/metric-lines.ts'
import { decodeOtlpProtobuf } from '../../../../test/support/otlp-proto.ts'
import { spanBatch, type TestSpan } from '../../../../test/support/span-batch.ts'
import { OtlpView } from '../../../otlp/view.ts'
import { agentMetrics } from '../agent-metrics.ts'

interface Point {
  startTimeUnixNano?: string
  timeUnixNano?: string
  asInt?: string
  asDouble?: number
  count?: string
  flags?: number
  exemplars?: { traceId: string; spanId: string; asDouble: number }[]
}
interface Sidecar {
  readonly context: TestContext
  send(...spans: TestSpan[]): void
  flush(): void
  stop(): void
  exports(): string[][]
  /** Of the newest export. */
  points(name: string): Point[]
}

const FLUSH_MS = 10_000
const at = 1_790_000_000_000
const file = (stateFolder: string): string => join(stateFolder, 'metrics', 'agent_metrics.state')

/** One life of the connector on a state folder; leaving it without `stop` is a kill. */
function sidecar(settings: Record<string, unknown> = {}, before?: TestContext): Sidecar {
  const fresh = testContext('agent_metrics')
  const context =
    before === undefined ? fresh : { ...fresh, stateFolder: before.stateFolder, clock: before.clock, gauges: new Map() }
  const emitted: Buffer[] = []
  const connector = agentMetrics.create(agentMetrics.config.parse({ spans_max: 500, ...settings }), {
    ...context,
    emit: (_signal, bytes) => void emitted.push(bytes),
  })
  connector.start()
  return {
    context,
    send: (...spans) =>
      connector.consume(new OtlpView('traces', spanBatch({ attributes: { 'service.name': 'support' }, spans }))),
    flush: () => context.clock.advance(FLUSH_MS),
    stop: () => connector.stop(),
    exports: () => emitted.map(metricLines),
    points: (name) => pointsOf(emitted.at(-1) ?? Buffer.alloc(0), name),
  }
}

function pointsOf(bytes: Buffer, name: string): Point[] {
  const { resourceMetrics = [] } = decodeOtlpProtobuf('metrics', bytes) as {
    resourceMetrics?: { scopeMetrics: { metrics: Record<string, { dataPoints?: Point[] } & string>[] }[] }[]
  }
  return resourceMetrics
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .filter((metric) => String(metric['name']) === name)
    .flatMap((metric) => Object.values(metric).flatMap((kind) => kind.dataPoints ?? []))
}

const id = (n: number): string => n.toString(16).padStart(16, '0')
const tool = (n: number, extra: Partial<TestSpan> = {}): TestSpan => ({
  spanId: id(n),
  parentSpanId: id(999_999),
  startMs: at,
  endMs: at + 2_000,
  attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' },
  ...extra,
})
const agent = (n: number, parent?: number): TestSpan => ({
  spanId: id(n),
  ...(parent === undefined ? {} : { parentSpanId: id(parent) }),
  startMs: at,
  endMs: at + 2_000,
  attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support' },
})
const calls = (lines: readonly string[] = []): number =>
  Number(
    lines
      .find((line) => line.startsWith('agent.tool.calls'))
      ?.split(' ')
      .at(-1) ?? 0,
  )

describe('over a restart', () => {
  test('counters, start times and error rates go on', () => {
    const first = sidecar()
    first.send(tool(1), tool(2), agent(3))
    first.flush()
    const [before] = first.points('agent.tool.calls')
    first.send(tool(4))
    first.stop()
    const second = sidecar({}, first.context)
    second.flush()
    expect(second.exports().at(-1)).toEqual(first.exports().at(-1))
    expect(second.points('agent.tool.calls')).toEqual([
      { ...before, asInt: '3', timeUnixNano: expect.any(String), exemplars: undefined },
    ])
  })

  test('an outer agent that was awaited at the kill is still one request', () => {
    const first = sidecar()
    first.send(agent(2, 1))
    first.flush()
    const second = sidecar({}, first.context)
    second.send(agent(1))
    second.flush()
    expect(second.exports().at(-1)).toContain('agent.requests{gen_ai.agent.name=support,spanwarden.result=ok} 1')
  })

  test('whenever it is killed: no exported counter goes back, and spans that are sent again count once', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.constant('send' as const) },
      { weight: 2, arbitrary: fc.constant('flush' as const) },
      { weight: 2, arbitrary: fc.constant('kill' as const) },
      { weight: 1, arbitrary: fc.constant('stop' as const) },
      { weight: 1, arbitrary: fc.constant('resend all' as const) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let life = sidecar()
        const sent: TestSpan[] = []
        let kept = 0
        let highest = 0
        const look = (): void => {
          for (const lines of life.exports()) {
            expect(calls(lines)).toBeGreaterThanOrEqual(highest)
            highest = calls(lines)
          }
        }
        for (const one of steps) {
          if (one === 'send') {
            sent.push(tool(sent.length + 1))
            life.send(...sent.slice(-1))
          } else if (one === 'resend all') life.send(...sent)
          else if (one === 'flush') {
            life.flush()
            kept = sent.length
          } else {
            if (one === 'stop') {
              life.stop()
              kept = sent.length
            }
            look()
            life = sidecar({}, life.context)
            // What came after the last snapshot is lost to the metrics, unless it comes again.
            life.send(...sent.slice(kept))
          }
        }
        life.stop()
        look()
        expect(highest).toBe(sent.length)
      }),
      { numRuns: 60 },
    )
  })

  test('what came after the last flush is lost to the metrics at a kill, and no more', () => {
    const first = sidecar()
    first.send(tool(1))
    first.flush()
    first.send(tool(2))
    const second = sidecar({}, first.context)
    second.stop()
    expect(calls(second.exports().at(-1))).toBe(1)
  })

  test.each<[string, (path: string) => void]>([
    ['cut', (path) => truncateSync(path, statSync(path).size - 5)],
    ['empty', (path) => truncateSync(path, 0)],
    ['of something else', (path) => writeFileSync(path, 'hello')],
    [
      'flipped in one bit',
      (path) => {
        const bytes = readFileSync(path)
        bytes[50] = (bytes[50] ?? 0) ^ 1
        writeFileSync(path, bytes)
      },
    ],
  ])('a snapshot that is %s is put aside and told; counters begin anew', (_, damage) => {
    const first = sidecar()
    first.send(tool(1))
    first.stop()
    expect(statSync(file(first.context.stateFolder)).mode & 0o777).toBe(0o600)
    damage(file(first.context.stateFolder))
    const second = sidecar({}, first.context)
    expect(second.context.logged.map(({ level, message }) => `${level} ${message}`)).toEqual([
      expect.stringMatching(/^error the snapshot of the metrics cannot be used/),
    ])
    expect(statSync(`${file(first.context.stateFolder)}.broken`).isFile()).toBe(true)
    second.send(tool(2))
    second.stop()
    expect(calls(second.exports().at(-1))).toBe(1)
  })
})

describe('temporality', () => {
  test('delta: what came since the last flush, and only where something came', () => {
    const { send, flush, exports, points } = sidecar({ aggregation_temporality: 'AGGREGATION_TEMPORALITY_DELTA' })
    send(tool(1), tool(2))
    flush()
    const [first] = points('gen_ai.execute_tool.duration')
    send(tool(3))
    flush()
    const [second] = points('gen_ai.execute_tool.duration')
    flush()
    expect(exports().map(calls)).toEqual([2, 1, 0])
    expect([first?.count, second?.count]).toEqual(['2', '1'])
    expect(second?.startTimeUnixNano).toBe(first?.timeUnixNano)
    expect(points('agent.tool.calls')).toEqual([])
  })

  test('delta: nothing is sent twice after a kill', () => {
    const first = sidecar({ aggregation_temporality: 'delta' })
    first.send(tool(1))
    first.flush()
    const second = sidecar({ aggregation_temporality: 'delta' }, first.context)
    second.send(tool(1), tool(2))
    second.flush()
    expect(calls(second.exports().at(-1))).toBe(1)
  })
})

test('a series in which nothing is recorded ends with a point without a value, and begins anew', () => {
  const { send, flush, points, context } = sidecar({ metrics_expiration: '25s' })
  send(tool(1), tool(2))
  flush()
  const [before] = points('agent.tool.calls')
  flush()
  flush()
  expect(points('agent.tool.calls')).toMatchObject([{ flags: 1 }])
  flush()
  expect(points('agent.tool.calls')).toEqual([])
  expect([...context.counters].filter(([name]) => name.includes('expired_series'))).toEqual([[expect.any(String), 2]])
  send(tool(3))
  flush()
  const [after] = points('agent.tool.calls')
  expect(after?.asInt).toBe('1')
  expect(BigInt(after?.startTimeUnixNano ?? 0)).toBeGreaterThan(BigInt(before?.timeUnixNano ?? 0))
})

test('counters and histograms say which spans they come from, the slow as well as the many', () => {
  const { send, flush, points } = sidecar()
  send(tool(7, { endMs: at + 500_000 }), ...Array.from({ length: 50 }, (_, n) => tool(n + 10)))
  flush()
  const traceId = '0102030405060708090a0b0c0d0e0f10'
  const ids = points('gen_ai.execute_tool.duration').flatMap(({ exemplars = [] }) => exemplars)
  expect(ids).toMatchObject([
    { spanId: id(59), asDouble: 2 },
    { spanId: id(7), asDouble: 500 },
  ])
  expect(points('agent.tool.calls').flatMap(({ exemplars = [] }) => exemplars)).toMatchObject([
    { traceId, spanId: id(59), asDouble: 1 },
  ])
  flush()
  expect(points('agent.tool.calls')[0]?.exemplars ?? []).toEqual([])
})

test('spans without a start and spans longer than a week leave durations alone', () => {
  const { send, flush, points, context } = sidecar()
  send(tool(1, { startMs: 0 }), tool(2, { endMs: at + 8 * 24 * 3_600_000 }), tool(3))
  flush()
  expect(points('gen_ai.execute_tool.duration').map(({ count }) => count)).toEqual(['1'])
  expect(points('agent.tool.calls').map(({ asInt }) => asInt)).toEqual(['3'])
  expect(context.counters.get('otelcol_connector_agent_metrics_absurd_times{connector="agent_metrics"}')).toBe(2)
})

test('a root span that comes before the first agent span of its service is no request of its own', () => {
  const { send, stop, points } = sidecar()
  const root: TestSpan = { spanId: id(1), startMs: at, endMs: at + 3_000, kind: 2 }
  send(root)
  send(agent(2, 1))
  stop()
  expect(points('agent.requests').map(({ asInt }) => asInt)).toEqual(['1', '0'])
})
