import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { createTraceState } from '@opentelemetry/api'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeOtlpProtobuf } from '../../test/support/otlp-proto.ts'
import { encodeSpan, spansRequest } from './otlp-spans.ts'

const resource = { 'service.name': 'naïve', 'process.pid': 42, 'service.version': '1.2.3' }

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 40, maxLength: 140 }),
  fc.constant('ü'.repeat(43)),
)
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, 2 ** 53, 2 ** 62, -(2 ** 63), 2 ** 63, 1e21, 0x7f_ff_ff_ff, 0x80_00_00_00, 0xff_ff_ff_ff),
)
const simple = fc.oneof(text, number, fc.boolean(), fc.array(text), fc.array(number), fc.array(fc.boolean()))
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    simple,
    fc.uint8Array({ maxLength: 200 }),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(text, tie('any'), { maxKeys: 3 }),
  ),
})).any
const attributes = fc.dictionary(fc.oneof(text, fc.constantFrom('gen_ai.usage.input_tokens', 'a')), value, {
  maxKeys: 20,
})
const context = fc.record({
  traceId: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 }),
  spanId: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 16, maxLength: 16 }),
  traceFlags: fc.constantFrom(0, 1, 3),
  isRemote: fc.constantFrom(true, false, undefined),
  traceState: fc.constantFrom(undefined, createTraceState('vendor=1,other=2')),
})
const time = fc.tuple(fc.integer({ min: 0, max: 0xff_ff_ff_ff }), fc.integer({ min: 0, max: 999_999_999 }))
const count = fc.constantFrom(0, 1, 200)
const { tracer, other } = tracers()
const span = fc
  .record({
    spanContext: context,
    parentSpanContext: fc.option(context, { nil: undefined }),
    name: text,
    kind: fc.integer({ min: 0, max: 4 }),
    startTime: time,
    endTime: time,
    attributes,
    droppedAttributesCount: count,
    events: fc.array(
      fc.record({
        time,
        name: text,
        attributes: fc.option(attributes, { nil: undefined }),
        droppedAttributesCount: count,
      }),
      { maxLength: 2 },
    ),
    droppedEventsCount: count,
    links: fc.array(
      fc.record({ context, attributes: fc.option(attributes, { nil: undefined }), droppedAttributesCount: count }),
      { maxLength: 2 },
    ),
    droppedLinksCount: count,
    status: fc.record({ code: fc.integer({ min: 0, max: 2 }), message: fc.option(text, { nil: undefined }) }),
    of: fc.constantFrom(tracer, other),
  })
  .map(({ spanContext, of, ...fields }) => withFields(of, { ...fields, spanContext: () => spanContext }))

it('says what the package says, of any spans', () => {
  fc.assert(
    fc.property(fc.array(span, { minLength: 1, maxLength: 6 }), (spans: ReadableSpan[]) => {
      const ours = spansRequest(resource, spans.map(encodeSpan))
      const theirs = ProtobufTraceSerializer.serializeRequest(spans) ?? new Uint8Array()
      expect(meaning(ours)).toEqual(meaning(theirs))
    }),
    { numRuns: 300 },
  )
})

it('says what the package says of a span above all limits of memory', () => {
  const big = withFields(tracer, { attributes: { content: 'ä'.repeat(100_000), next: 'x'.repeat(70_000) } })
  for (const spans of [[big], [tracer, big, tracer]]) {
    const theirs = ProtobufTraceSerializer.serializeRequest(spans) ?? new Uint8Array()
    expect(meaning(spansRequest(resource, spans.map(encodeSpan)))).toEqual(meaning(theirs))
  }
})

it('starts anew after a span that cannot be encoded', () => {
  const inner = Object.defineProperty({}, 'key', { enumerable: true, get: () => expect.fail('hostile') })
  const hostile = withFields(tracer, { attributes: { inner } })
  expect(() => encodeSpan(hostile)).toThrow('hostile')
  const theirs = ProtobufTraceSerializer.serializeRequest([tracer]) ?? new Uint8Array()
  expect(meaning(spansRequest(resource, [encodeSpan(tracer)]))).toEqual(meaning(theirs))
})

/** Finished spans of two scopes of one provider; the properties put their fields over them. */
function tracers(): { tracer: ReadableSpan; other: ReadableSpan } {
  const ended: ReadableSpan[] = []
  const provider = new TracerProvider({
    resource: resourceFromAttributes(resource),
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: (finished) => void ended.push(finished),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  })
  provider
    .getTracer('spanwarden', '1.0.0', { schemaUrl: 'https://opentelemetry.io/schemas/1.0' })
    .startSpan('one')
    .end()
  provider.getTracer('agent').startSpan('two').end()
  const [first, second] = ended
  if (first === undefined || second === undefined) throw new Error('no spans')
  return { tracer: first, other: second }
}

const withFields = (span: ReadableSpan, fields: Readonly<Record<string, unknown>>): ReadableSpan =>
  Object.create(
    span,
    Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, { value, enumerable: true }])),
  )

/** Decoded by a library. In proto3 a field of 0 and an absent one are the same; so are a message of such fields and an absent one here. */
function meaning(request: Uint8Array): unknown {
  return JSON.parse(
    JSON.stringify(decodeOtlpProtobuf('traces', request), (key, field: unknown) => {
      if (field === 0 && (key.startsWith('dropped') || key === 'code')) return undefined
      if (key === 'status' && Object.values(field ?? {}).every((inner) => inner === 0)) return undefined
      return typeof field === 'number' && !Number.isFinite(field) ? String(field) : field
    }),
  )
}
