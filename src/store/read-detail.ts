import { ProtobufWriter } from '../otlp/protobuf-writer.ts'
import { fieldId } from '../otlp/schema.ts'
import { OtlpView } from '../otlp/view.ts'
import { readAnyValue, readAttributeMap } from './read-any-value.ts'
import type { LogEntry, SpanDetail } from './records.ts'

const RESOURCE = fieldId('ResourceSpans', 'resource')
const RESOURCE_ATTRIBUTES = fieldId('Resource', 'attributes')
const SCOPE_SPANS = fieldId('ResourceSpans', 'scopeSpans')
const SCOPE = fieldId('ScopeSpans', 'scope')
const SCOPE_NAME = fieldId('InstrumentationScope', 'name')
const SCOPE_VERSION = fieldId('InstrumentationScope', 'version')
const SPAN = fieldId('ScopeSpans', 'spans')
const KIND = fieldId('Span', 'kind')
const SPAN_ATTRIBUTES = fieldId('Span', 'attributes')
const EVENT = fieldId('Span', 'events')
const EVENT_TIME = fieldId('Event', 'timeUnixNano')
const EVENT_NAME = fieldId('Event', 'name')
const EVENT_ATTRIBUTES = fieldId('Event', 'attributes')
const LINK = fieldId('Span', 'links')
const LINK_TRACE = fieldId('Link', 'traceId')
const LINK_SPAN = fieldId('Link', 'spanId')
const LINK_ATTRIBUTES = fieldId('Link', 'attributes')
const STATUS = fieldId('Span', 'status')
const STATUS_MESSAGE = fieldId('Status', 'message')

const SCOPE_LOGS = fieldId('ResourceLogs', 'scopeLogs')
const LOG = fieldId('ScopeLogs', 'logRecords')
const LOG_SEVERITY = fieldId('LogRecord', 'severityNumber')
const LOG_EVENT_NAME = fieldId('LogRecord', 'eventName')
const LOG_BODY = fieldId('LogRecord', 'body')
const LOG_ATTRIBUTES = fieldId('LogRecord', 'attributes')

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const

export interface StoredItem {
  readonly resource: Buffer
  readonly scope: Buffer
  /** A Span or a LogRecord as it came. */
  readonly bytes: Buffer
}

/** Reads everything a stored span holds. */
export function readSpanDetail(item: StoredItem): Omit<SpanDetail, 'span' | 'logs'> {
  const view = new OtlpView('traces', envelope(item))
  try {
    const resourceSpans = view.first(0)
    const resource = view.child(resourceSpans, RESOURCE)
    const scopeSpans = view.child(resourceSpans, SCOPE_SPANS)
    const span = view.child(scopeSpans, SPAN)
    const kind = view.child(span, KIND)
    const status = view.child(span, STATUS)
    return {
      kind: kinds[kind < 0 ? 0 : view.varint(kind)] ?? 'unspecified',
      statusMessage: status < 0 ? '' : textOf(view, status, STATUS_MESSAGE),
      scope: scopeText(view, view.child(scopeSpans, SCOPE)),
      attributes: readAttributeMap(view, span, SPAN_ATTRIBUTES),
      resource: resource < 0 ? {} : readAttributeMap(view, resource, RESOURCE_ATTRIBUTES),
      events: childrenOf(view, span, EVENT).map((event) => ({
        name: textOf(view, event, EVENT_NAME),
        timeMs: timeOf(view, event),
        attributes: readAttributeMap(view, event, EVENT_ATTRIBUTES),
      })),
      links: childrenOf(view, span, LINK).map((link) => ({
        traceId: hexOf(view, link, LINK_TRACE),
        spanId: hexOf(view, link, LINK_SPAN),
        attributes: readAttributeMap(view, link, LINK_ATTRIBUTES),
      })),
    }
  } finally {
    view.release()
  }
}

/** Reads a stored log record. */
export function readLogEntry(item: StoredItem, timeMs: number): LogEntry {
  const view = new OtlpView('logs', envelope(item))
  try {
    const log = view.child(view.child(view.first(0), SCOPE_LOGS), LOG)
    const severity = view.child(log, LOG_SEVERITY)
    const body = view.child(log, LOG_BODY)
    return {
      timeMs,
      severity: severity < 0 ? 0 : view.varint(severity),
      eventName: textOf(view, log, LOG_EVENT_NAME),
      body: body < 0 ? null : readAnyValue(view, body),
      attributes: readAttributeMap(view, log, LOG_ATTRIBUTES),
    }
  } finally {
    view.release()
  }
}

/** The request that held nothing but this item: traces and logs have the same field numbers down to it. */
const envelope = ({ resource, scope, bytes }: StoredItem): Buffer =>
  new ProtobufWriter()
    .message(1, (w) => w.bytes(1, resource).message(2, () => w.bytes(1, scope).bytes(2, bytes)))
    .finish()

function childrenOf(view: OtlpView, n: number, field: number): number[] {
  const found: number[] = []
  for (let c = view.first(n); c < view.next(n); c = view.next(c)) if (view.field(c) === field) found.push(c)
  return found
}

function textOf(view: OtlpView, n: number, field: number): string {
  const child = view.child(n, field)
  return child < 0 ? '' : view.text(child)
}

function hexOf(view: OtlpView, n: number, field: number): string {
  const child = view.child(n, field)
  return child < 0 ? '' : view.hex(child)
}

function timeOf(view: OtlpView, event: number): number {
  const time = view.child(event, EVENT_TIME)
  return time < 0 ? 0 : view.unixMs(time)
}

function scopeText(view: OtlpView, scope: number): string {
  if (scope < 0) return ''
  return [textOf(view, scope, SCOPE_NAME), textOf(view, scope, SCOPE_VERSION)].filter((part) => part !== '').join(' ')
}
