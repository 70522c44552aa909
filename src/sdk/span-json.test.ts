import { SpanKind, TraceFlags } from '@opentelemetry/api'
import type { AnyValue, Attributes, SpanContext } from '@opentelemetry/api'
import { TraceState } from '@opentelemetry/core'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { spansOf } from '../../test/support/otlp-sink.ts'
import { PooledIds } from './ids.ts'
import { serialiseSpans } from './span-json.ts'

const text = fc.string({ unit: 'binary', maxLength: 20 })
const any: fc.Arbitrary<AnyValue> = fc.letrec<{ any: AnyValue }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.maxSafeInteger(),
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value)),
    fc.boolean(),
    fc.uint8Array({ maxLength: 9 }),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(text, tie('any'), { maxKeys: 3 }),
  ),
})).any
const attributes: fc.Arbitrary<Attributes> = fc.dictionary(text, any, { maxKeys: 5 })

const span = fc.record({
  name: text,
  scope: fc.constantFrom('a', 'b'),
  kind: fc.constantFrom(SpanKind.INTERNAL, SpanKind.CLIENT),
  attributes,
  events: fc.array(fc.record({ name: text, attributes: fc.dictionary(text, text, { maxKeys: 2 }) }), { maxLength: 2 }),
  status: fc.record({ code: fc.constantFrom(0, 1, 2), message: text }),
  links: fc.array(attributes, { maxLength: 2 }),
  nested: fc.boolean(),
})

const remote: SpanContext = {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
  traceState: new TraceState('x=1,y="2"'),
}

test('says the same as the serializer of the package', () => {
  fc.assert(
    fc.property(fc.array(span, { maxLength: 4 }), fc.dictionary(text, text, { maxKeys: 2 }), (spans, resource) => {
      const exporter = new InMemorySpanExporter()
      const provider = new TracerProvider({
        resource: resourceFromAttributes(resource),
        spanProcessors: [new SimpleSpanProcessor({ exporter })],
        idGenerator: new PooledIds(),
        spanLimits: { attributeCountLimit: 4, eventCountLimit: 1, linkCountLimit: 1 },
      })
      for (const { name, scope, kind, attributes, events, status, links } of spans) {
        const tracer = provider.getTracer(scope, scope === 'a' ? '1' : undefined, {
          schemaUrl: scope === 'a' ? 'http://schema' : '',
        })
        const made = tracer.startSpan(name, {
          kind,
          attributes,
          links: links.map((attributes) => ({ context: remote, attributes })),
        })
        for (const event of events) made.addEvent(event.name, event.attributes)
        made.setStatus(status).end()
      }
      const finished = exporter.getFinishedSpans()
      const ours: unknown = JSON.parse(Buffer.from(serialiseSpans(finished)).toString())
      const theirs: unknown = JSON.parse(Buffer.from(JsonTraceSerializer.serializeRequest(finished) ?? []).toString())
      expect(spansOf(ours)).toEqual(spansOf(theirs))
      expect(plain(ours)).toEqual(plain(theirs))
    }),
    { numRuns: 200 },
  )
})

/** Without the freedoms of OTLP/JSON: integers as strings or numbers, defaults present or absent. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(
    ([key, inner]) => [key, key === 'intValue' ? String(inner) : plain(inner)] as const,
  )
  return Object.fromEntries(
    entries.filter(
      ([key, inner]) => !(isDefault(inner) && /^(dropped|status|events|links|schemaUrl|traceState|code)/.test(key)),
    ),
  )
}

const isDefault = (value: unknown): boolean =>
  value === 0 ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

test('a remote parent, special numbers and unpaired surrogates are well-formed OTLP/JSON', () => {
  const exporter = new InMemorySpanExporter()
  const tracer = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }).getTracer('a')
  tracer.startSpan('\ud800', { attributes: { nan: Number.NaN, inf: -Infinity, big: 2 ** 60, cost: 0.1 } }).end()
  const json = Buffer.from(serialiseSpans(exporter.getFinishedSpans())).toString()
  expect(json).toContain('"name":"\\ud800"')
  expect(json).toContain('{"key":"nan","value":{"doubleValue":"NaN"}}')
  expect(json).toContain('{"key":"inf","value":{"doubleValue":"-Infinity"}}')
  expect(json).toContain('{"key":"big","value":{"doubleValue":1152921504606847000}}')
  expect(() => JSON.parse(json)).not.toThrow()
})

test('ids are distinct, of the right length, hexadecimal', () => {
  const ids = new PooledIds()
  const traces = Array.from({ length: 2_000 }, () => ids.generateTraceId())
  const spans = Array.from({ length: 2_000 }, () => ids.generateSpanId())
  expect(new Set([...traces, ...spans]).size).toBe(4_000)
  expect(traces.every((id) => /^[0-9a-f]{32}$/.test(id)) && spans.every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true)
})
