import type { SpanContext } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { otlpRequest } from './otlp-request.ts'
import { OtlpWriter } from './otlp-writer.ts'

/** A finished span as the bytes that will be sent: 165 bytes of heap and 675 beside it, where the object has 1150 of heap to walk for the collector. */
export interface EncodedSpan {
  readonly scope: ReadableSpan['instrumentationScope']
  readonly bytes: Uint8Array
}

/** Encodes a span when it ends. Droppings of 0 are left out, as proto3 says. */
export function encodeSpan(span: ReadableSpan): EncodedSpan {
  writer.reset()
  const context = span.spanContext()
  const { parentSpanContext: parent, status } = span
  ids(TRACE_ID, SPAN_ID, TRACE_STATE, context)
  if (parent?.spanId) writer.hex(PARENT_SPAN_ID, parent.spanId)
  writer.text(NAME, span.name)
  writer.count(KIND, span.kind + 1)
  writer.time(START_TIME, span.startTime)
  writer.time(END_TIME, span.endTime)
  writer.attributes(ATTRIBUTES, span.attributes)
  dropped(DROPPED_ATTRIBUTES, span.droppedAttributesCount)
  for (const event of span.events) encodeEvent(event)
  dropped(DROPPED_EVENTS, span.droppedEventsCount)
  for (const link of span.links) encodeLink(link)
  dropped(DROPPED_LINKS, span.droppedLinksCount)
  if (status.code !== 0 || status.message) {
    const start = writer.open(STATUS)
    if (status.message) writer.text(STATUS_MESSAGE, status.message)
    if (status.code !== 0) writer.count(STATUS_CODE, status.code)
    writer.close(start)
  }
  writer.fixed32(FLAGS, flags(context, parent?.isRemote))
  return { scope: span.instrumentationScope, bytes: writer.message(SPAN) }
}

/** ExportTraceServiceRequest of spans of one resource. */
export function spansRequest(resource: Readonly<Record<string, unknown>>, spans: readonly EncodedSpan[]): Uint8Array {
  const byScope = Map.groupBy(spans, ({ scope }) => scope)
  return otlpRequest(
    resource,
    [...byScope].map(([scope, items]) => ({ scope, items: items.map(({ bytes }) => bytes) })),
  )
}

function encodeEvent(event: ReadableSpan['events'][number]): void {
  const start = writer.open(EVENT)
  writer.time(EVENT_TIME, event.time)
  writer.text(EVENT_NAME, event.name)
  if (event.attributes !== undefined) writer.attributes(EVENT_ATTRIBUTES, event.attributes)
  dropped(EVENT_DROPPED_ATTRIBUTES, event.droppedAttributesCount)
  writer.close(start)
}

function encodeLink(link: ReadableSpan['links'][number]): void {
  const start = writer.open(LINK)
  ids(TRACE_ID, SPAN_ID, TRACE_STATE, link.context)
  if (link.attributes !== undefined) writer.attributes(LINK_ATTRIBUTES, link.attributes)
  dropped(LINK_DROPPED_ATTRIBUTES, link.droppedAttributesCount)
  writer.fixed32(LINK_FLAGS, flags(link.context, link.context.isRemote))
  writer.close(start)
}

function ids(traceIdTag: number, spanIdTag: number, traceStateTag: number, context: SpanContext): void {
  writer.hex(traceIdTag, context.traceId)
  writer.hex(spanIdTag, context.spanId)
  const traceState = context.traceState?.serialize()
  if (traceState) writer.text(traceStateTag, traceState)
}

function dropped(tag: number, count: number | undefined): void {
  if (count !== undefined && count > 0) writer.count(tag, count)
}

/** Trace flags, and whether the parent (of a link: what it points to) is remote, which is known (bit 8) and true (bit 9). */
const flags = ({ traceFlags }: SpanContext, isRemote: boolean | undefined): number =>
  (traceFlags & 0xff) | 0x100 | (isRemote === true ? 0x200 : 0)

const writer = new OtlpWriter()

// opentelemetry/proto/trace/v1/trace.proto
const SPAN = 2 * 8 + 2
const TRACE_ID = 1 * 8 + 2
const SPAN_ID = 2 * 8 + 2
const TRACE_STATE = 3 * 8 + 2
const PARENT_SPAN_ID = 4 * 8 + 2
const NAME = 5 * 8 + 2
const KIND = 6 * 8
const START_TIME = 7 * 8 + 1
const END_TIME = 8 * 8 + 1
const ATTRIBUTES = 9 * 8 + 2
const DROPPED_ATTRIBUTES = 10 * 8
const EVENT = 11 * 8 + 2
const DROPPED_EVENTS = 12 * 8
const LINK = 13 * 8 + 2
const DROPPED_LINKS = 14 * 8
const STATUS = 15 * 8 + 2
const FLAGS = 16 * 8 + 5
const EVENT_TIME = 1 * 8 + 1
const EVENT_NAME = 2 * 8 + 2
const EVENT_ATTRIBUTES = 3 * 8 + 2
const EVENT_DROPPED_ATTRIBUTES = 4 * 8
const LINK_ATTRIBUTES = 4 * 8 + 2
const LINK_DROPPED_ATTRIBUTES = 5 * 8
const LINK_FLAGS = 6 * 8 + 5
const STATUS_MESSAGE = 2 * 8 + 2
const STATUS_CODE = 3 * 8
