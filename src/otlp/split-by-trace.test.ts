import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeOtlpProtobuf } from '../../test/support/otlp-proto.ts'
import { spanBatch } from '../../test/support/span-batch.ts'
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
      for (const { traceId, spans, bytes: own } of parts) {
        const inside = spansOf(own)
        expect(inside).toHaveLength(spans)
        expect(inside.filter((one) => !one.includes(Buffer.from(traceId, 'latin1').toString('hex')))).toEqual([])
      }
      expect(parts.flatMap(({ bytes: own }) => spansOf(own)).sort()).toEqual(spansOf(bytes).sort())
      expect(new Set(parts.map(({ traceId }) => traceId)).size).toBe(parts.length)
    }),
  )
})

test('a batch of one trace is taken as it is', () => {
  const view = new OtlpView('traces', spanBatch({ spans: [{ spanId: '01'.repeat(8) }, { spanId: '02'.repeat(8) }] }))
  expect(splitByTrace(view, 0)).toEqual([{ traceId: expect.any(String), bytes: view.bytes, spans: 2 }])
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
