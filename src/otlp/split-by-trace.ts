import { ProtobufWriter } from './protobuf-writer.ts'
import { fieldId } from './schema.ts'
import type { OtlpView } from './view.ts'

/** The spans of one trace in a batch: an ExportTraceServiceRequest of its own, in the resources and scopes where they were. */
export interface TracePart {
  /** The bytes of the id as latin1; '' for spans without one. */
  readonly traceId: string
  readonly bytes: Buffer
  readonly spans: number
}

/**
 * Splits a batch of traces by trace; each span is in exactly one part, in its order. The bytes of a batch with one trace are the batch's own. Reads the bytes as
 * they came: edits of the view are not in it. Undefined when the parts would take more than `bytesMax` in sum: resource and scope stand in each.
 */
export function splitByTrace(view: OtlpView, bytesMax: number): TracePart[] | undefined {
  const byTrace = spansByTrace(view)
  if (byTrace.size <= 1)
    return [...byTrace].map(([traceId, { count }]) => ({ traceId, bytes: view.bytes, spans: count }))
  const headers = new Map<number, number>()
  let bytes = 0
  for (const { groups } of byTrace.values()) {
    for (const [group, scopes] of groups) {
      bytes += headerBytes(view, group, SCOPE_SPANS, headers)
      for (const [scope, spans] of scopes) {
        bytes += headerBytes(view, scope, SPAN, headers)
        for (const span of spans) bytes += view.end(span) - view.start(span)
      }
    }
    if (bytes > bytesMax) return undefined
  }
  return [...byTrace].map(([traceId, { groups, count }]) => ({
    traceId,
    bytes: requestOf(view, groups),
    spans: count,
  }))
}

/** Spans by the scope that they are in, scopes by their resource; nodes in their order. */
type Groups = Map<number, Map<number, number[]>>

function spansByTrace(view: OtlpView): Map<string, { readonly groups: Groups; count: number }> {
  const byTrace = new Map<string, { readonly groups: Groups; count: number }>()
  let group = 0
  let scope = 0
  for (let n = 1; n < view.count;) {
    const field = view.field(n)
    if (field === RESOURCE_SPANS) group = n++
    else if (field === SCOPE_SPANS) scope = n++
    else {
      if (field === SPAN) addSpan(view, group, scope, n)
      n = view.next(n)
    }
  }
  return byTrace

  function addSpan(of: OtlpView, inGroup: number, inScope: number, span: number): void {
    const id = traceIdOf(of, span)
    const trace = byTrace.get(id) ?? { groups: new Map(), count: 0 }
    byTrace.set(id, trace)
    trace.count += 1
    const scopes = trace.groups.get(inGroup) ?? new Map<number, number[]>()
    trace.groups.set(inGroup, scopes)
    const spans = scopes.get(inScope)
    if (spans === undefined) scopes.set(inScope, [span])
    else spans.push(span)
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
export function traceIdOf(view: OtlpView, span: number): string {
  const id = view.child(span, TRACE_ID)
  return id < 0 ? '' : view.bytes.toString('latin1', view.body(id), view.end(id))
}

function requestOf(view: OtlpView, groups: Groups): Buffer {
  const writer = new ProtobufWriter()
  for (const [group, scopes] of groups) {
    writer.message(1, () => {
      writeHeader(writer, view, group, SCOPE_SPANS)
      for (const [scope, spans] of scopes)
        writer.message(2, () => {
          writeHeader(writer, view, scope, SPAN)
          for (const span of spans) writer.raw(view.bytes.subarray(view.start(span), view.end(span)))
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
const RESOURCE_SPANS = fieldId('ExportTraceServiceRequest', 'resourceSpans')
const SCOPE_SPANS = fieldId('ResourceSpans', 'scopeSpans')
const SPAN = fieldId('ScopeSpans', 'spans')
const TRACE_ID = fieldId('Span', 'traceId')
