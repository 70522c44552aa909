import { ProtobufWriter } from './protobuf-writer.ts'
import { fieldId } from './schema.ts'
import type { OtlpView } from './view.ts'

/** The spans or log records of one trace in a batch: a request of its own, in the resources and scopes where they were. */
export interface TracePart {
  /** The bytes of the id as latin1; '' for items without one. */
  readonly traceId: string
  readonly bytes: Buffer
  /** Spans or log records. */
  readonly items: number
}

/**
 * Splits a batch of traces or logs by trace; each item is in exactly one part, in its order. The bytes of a batch with one trace are the batch's own. Reads the bytes
 * as they came: edits of the view are not in it. Undefined when the parts would take more than `bytesMax` in sum: resource and scope stand in each.
 */
export function splitByTrace(view: OtlpView, bytesMax: number): TracePart[] | undefined {
  const fields = view.signal === 'logs' ? LOGS : TRACES
  const byTrace = itemsByTrace(view, fields)
  if (byTrace.size <= 1)
    return [...byTrace].map(([traceId, { count }]) => ({ traceId, bytes: view.bytes, items: count }))
  const headers = new Map<number, number>()
  let bytes = 0
  for (const { groups } of byTrace.values()) {
    for (const [group, scopes] of groups) {
      bytes += headerBytes(view, group, fields.scope, headers)
      for (const [scope, items] of scopes) {
        bytes += headerBytes(view, scope, fields.item, headers)
        for (const item of items) bytes += view.end(item) - view.start(item)
      }
    }
    if (bytes > bytesMax) return undefined
  }
  return [...byTrace].map(([traceId, { groups, count }]) => ({
    traceId,
    bytes: requestOf(view, groups, fields),
    items: count,
  }))
}

/** Items by the scope that they are in, scopes by their resource; nodes in their order. */
type Groups = Map<number, Map<number, number[]>>

function itemsByTrace(view: OtlpView, fields: SignalFields): Map<string, { readonly groups: Groups; count: number }> {
  const byTrace = new Map<string, { readonly groups: Groups; count: number }>()
  let group = 0
  let scope = 0
  for (let n = 1; n < view.count;) {
    const field = view.field(n)
    if (field === fields.group) group = n++
    else if (field === fields.scope) scope = n++
    else {
      if (field === fields.item) addItem(view, group, scope, n)
      n = view.next(n)
    }
  }
  return byTrace

  function addItem(of: OtlpView, inGroup: number, inScope: number, item: number): void {
    const id = idOf(of, item, fields.traceId)
    const trace = byTrace.get(id) ?? { groups: new Map(), count: 0 }
    byTrace.set(id, trace)
    trace.count += 1
    const scopes = trace.groups.get(inGroup) ?? new Map<number, number[]>()
    trace.groups.set(inGroup, scopes)
    const items = scopes.get(inScope)
    if (items === undefined) scopes.set(inScope, [item])
    else items.push(item)
  }
}

/** Bytes of an envelope without the messages in it that are split. */
function headerBytes(view: OtlpView, envelope: number, inner: number, known: Map<number, number>): number {
  const before = known.get(envelope)
  if (before !== undefined) return before
  let bytes = ENVELOPE_BYTES_MAX
  for (let c = view.first(envelope); c < view.next(envelope); c = view.next(c))
    if (view.field(c) !== inner) bytes += view.end(c) - view.start(c)
  known.set(envelope, bytes)
  return bytes
}

/** The trace id of a Span node as latin1. */
export const traceIdOf = (view: OtlpView, span: number): string => idOf(view, span, TRACES.traceId)

function idOf(view: OtlpView, item: number, traceId: number): string {
  const id = view.child(item, traceId)
  return id < 0 ? '' : view.bytes.toString('latin1', view.body(id), view.end(id))
}

function requestOf(view: OtlpView, groups: Groups, fields: SignalFields): Buffer {
  const writer = new ProtobufWriter()
  for (const [group, scopes] of groups) {
    writer.message(1, () => {
      writeHeader(writer, view, group, fields.scope)
      for (const [scope, items] of scopes)
        writer.message(2, () => {
          writeHeader(writer, view, scope, fields.item)
          for (const item of items) writer.raw(view.bytes.subarray(view.start(item), view.end(item)))
        })
    })
  }
  return writer.finish()
}

function writeHeader(writer: ProtobufWriter, view: OtlpView, envelope: number, inner: number): void {
  for (let c = view.first(envelope); c < view.next(envelope); c = view.next(c))
    if (view.field(c) !== inner) writer.raw(view.bytes.subarray(view.start(c), view.end(c)))
}

/** Tag and length of a message. */
const ENVELOPE_BYTES_MAX = 6
/** The same numbers in both signals: 1 for what is grouped by resource, 2 for scopes and items. */
interface SignalFields {
  readonly group: number
  readonly scope: number
  readonly item: number
  readonly traceId: number
}
const TRACES: SignalFields = {
  group: fieldId('ExportTraceServiceRequest', 'resourceSpans'),
  scope: fieldId('ResourceSpans', 'scopeSpans'),
  item: fieldId('ScopeSpans', 'spans'),
  traceId: fieldId('Span', 'traceId'),
}
const LOGS: SignalFields = {
  group: fieldId('ExportLogsServiceRequest', 'resourceLogs'),
  scope: fieldId('ResourceLogs', 'scopeLogs'),
  item: fieldId('ScopeLogs', 'logRecords'),
  traceId: fieldId('LogRecord', 'traceId'),
}
