import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeOtlpProtobuf } from '../../test/support/otlp-proto.ts'
import { spanBatch } from '../../test/support/span-batch.ts'
import { jsonToProtobuf } from './json-to-protobuf.ts'
import { splitByTrace } from './split-by-trace.ts'
import { OtlpView } from './view.ts'

interface Request {
  resourceSpans?: {
    resource?: unknown
    scopeSpans?: { scope?: unknown; spans?: { traceId?: string; spanId?: string }[] }[]
  }[]
}
/** Every span with the resource and scope around it. */
const spansOf = (bytes: Uint8Array): string[] =>
  ((decodeOtlpProtobuf('traces', bytes) as Request).resourceSpans ?? []).flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope, spans = [] }) => spans.map((span) => JSON.stringify({ resource, scope, span }))),
  )

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((id) => Buffer.from(id).toString('hex'))

test('each span is in the part of its trace, in its resource and scope, and nowhere else', () => {
  const traces = ['11'.repeat(16), '22'.repeat(16), '33'.repeat(16)]
  const span = fc.record({
    traceId: fc.constantFrom(...traces),
    spanId: hex(8),
    attributes: fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
  })
  const resource = fc.record({
    attributes: fc.constantFrom({ 'service.name': 'a' }, { 'service.name': 'b' }),
    spans: fc.array(span, { maxLength: 6 }),
  })
  fc.assert(
    fc.property(fc.array(resource, { maxLength: 4 }), (resources) => {
      const bytes = spanBatch(...resources)
      const parts = splitByTrace(new OtlpView('traces', bytes), 1e9) ?? []
      for (const { traceId, items, bytes: own } of parts) {
        const inside = spansOf(own)
        expect(inside).toHaveLength(items)
        expect(inside.filter((one) => !one.includes(Buffer.from(traceId, 'latin1').toString('hex')))).toEqual([])
      }
      expect(parts.flatMap(({ bytes: own }) => spansOf(own)).sort()).toEqual(spansOf(bytes).sort())
      expect(new Set(parts.map(({ traceId }) => traceId)).size).toBe(parts.length)
    }),
  )
})

test('log records go by trace as spans do', () => {
  const record = (traceId: string, body: string) => ({ traceId, body: { stringValue: body } })
  const logRecords = [
    record('11'.repeat(16), 'a'),
    record('22'.repeat(16), 'b'),
    record('11'.repeat(16), 'c'),
    record('', 'd'),
  ]
  const request = {
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'x' } }] },
        scopeLogs: [{ scope: { name: 's' }, logRecords }],
      },
    ],
  }
  const bytes = jsonToProtobuf('logs', Buffer.from(JSON.stringify(request)))
  const parts = splitByTrace(new OtlpView('logs', bytes), 1e9) ?? []
  expect(parts.map(({ items }) => items)).toEqual([2, 1, 1])
  const bodies = parts.map((part) =>
    [...JSON.stringify(decodeOtlpProtobuf('logs', part.bytes)).matchAll(/"stringValue":"(.)"/g)].map(
      ([, text]) => text,
    ),
  )
  expect(bodies).toEqual([
    ['x', 'a', 'c'],
    ['x', 'b'],
    ['x', 'd'],
  ])
})

test('a batch of one trace is taken as it is', () => {
  const view = new OtlpView('traces', spanBatch({ spans: [{ spanId: '01'.repeat(8) }, { spanId: '02'.repeat(8) }] }))
  expect(splitByTrace(view, 0)).toEqual([{ traceId: expect.any(String), bytes: view.bytes, items: 2 }])
})

test('a large resource around many traces is not copied without end', () => {
  const spans = Array.from({ length: 5_000 }, (_, n) => {
    const id = n.toString(16)
    return { traceId: id.padStart(32, '0'), spanId: id.padStart(16, '0') }
  })
  const view = new OtlpView('traces', spanBatch({ attributes: { text: 'x'.repeat(100_000) }, spans }))
  expect(splitByTrace(view, 16 * 1024 * 1024)).toBeUndefined()
  const plain = new OtlpView('traces', spanBatch({ spans }))
  expect(splitByTrace(plain, 16 * 1024 * 1024)).toHaveLength(5_000)
})
