import type { AttributeValue } from '../../src/otlp/edits.ts'
import { ProtobufWriter } from '../../src/otlp/protobuf-writer.ts'

/** A span as a test writes it. Ids are hex; times are Unix milliseconds. */
export interface TestSpan {
  traceId?: string
  spanId: string
  parentSpanId?: string
  name?: string
  kind?: number
  flags?: number
  startMs?: number
  endMs?: number
  /** 0 unset, 1 ok, 2 error. */
  status?: number
  attributes?: Readonly<Record<string, AttributeValue>>
}

/** Some spans of one resource. */
export interface TestResource {
  attributes?: Readonly<Record<string, AttributeValue>>
  spans: readonly TestSpan[]
}

/** Protobuf bytes of an ExportTraceServiceRequest. */
export function spanBatch(...resources: readonly TestResource[]): Buffer {
  const writer = new ProtobufWriter()
  for (const { attributes = {}, spans } of resources) {
    writer.message(1, () => {
      writer.message(1, () => writeAttributes(writer, 1, attributes))
      writer.message(2, () => {
        writer.message(1, () => writer.string(1, 'test'))
        for (const span of spans) writer.message(2, () => writeSpan(writer, span))
      })
    })
  }
  return writer.finish()
}

/** The same batch as an OTLP/JSON value. */
export const spanBatchJson = (...resources: readonly TestResource[]): unknown => ({
  resourceSpans: resources.map(({ attributes = {}, spans }) => ({
    resource: { attributes: jsonAttributes(attributes) },
    scopeSpans: [{ scope: { name: 'test' }, spans: spans.map(jsonSpan) }],
  })),
})

const TRACE_ID = '0102030405060708090a0b0c0d0e0f10'

function writeSpan(writer: ProtobufWriter, span: TestSpan): void {
  writer.bytes(1, Buffer.from(span.traceId ?? TRACE_ID, 'hex')).bytes(2, Buffer.from(span.spanId, 'hex'))
  if (span.parentSpanId !== undefined) writer.bytes(4, Buffer.from(span.parentSpanId, 'hex'))
  writer.string(5, span.name ?? 'span').varint(6, span.kind ?? 1)
  writer.fixed64(7, nanoseconds(span.startMs)).fixed64(8, nanoseconds(span.endMs))
  writeAttributes(writer, 9, span.attributes ?? {})
  if (span.status !== undefined) writer.message(15, () => writer.varint(3, span.status ?? 0))
  if (span.flags !== undefined) writer.fixed32(16, span.flags)
}

function writeAttributes(
  writer: ProtobufWriter,
  field: number,
  attributes: Readonly<Record<string, AttributeValue>>,
): void {
  for (const [key, value] of Object.entries(attributes)) writer.keyValue(field, key, value)
}

const jsonSpan = (span: TestSpan): unknown => ({
  traceId: span.traceId ?? TRACE_ID,
  spanId: span.spanId,
  ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
  name: span.name ?? 'span',
  kind: span.kind ?? 1,
  startTimeUnixNano: String(nanoseconds(span.startMs)),
  endTimeUnixNano: String(nanoseconds(span.endMs)),
  attributes: jsonAttributes(span.attributes ?? {}),
  ...(span.status === undefined ? {} : { status: { code: span.status } }),
  ...(span.flags === undefined ? {} : { flags: span.flags }),
})

const jsonAttributes = (attributes: Readonly<Record<string, AttributeValue>>): unknown[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: jsonValue(value) }))

function jsonValue(value: AttributeValue): unknown {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return { intValue: String(value) }
  if (typeof value === 'number') return { doubleValue: value }
  return { arrayValue: { values: value.map((item) => ({ stringValue: item })) } }
}

const nanoseconds = (ms = 1_790_000_000_000): bigint => BigInt(Math.round(ms * 1_000)) * 1_000n
