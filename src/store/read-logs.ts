import { fieldId } from '../otlp/schema.ts'
import type { OtlpView } from '../otlp/view.ts'

/** Ids and bytes are views on the batch's memory. */
export interface LogFacts {
  readonly resource: Buffer
  readonly scope: Buffer
  readonly traceId: Buffer
  /** Empty when the record belongs to no span. */
  readonly spanId: Buffer
  readonly timeUs: number
  readonly body: Buffer
}

const RESOURCE = fieldId('ResourceLogs', 'resource')
const SCOPE_LOGS = fieldId('ResourceLogs', 'scopeLogs')
const SCOPE = fieldId('ScopeLogs', 'scope')
const LOG = fieldId('ScopeLogs', 'logRecords')
const TIME = fieldId('LogRecord', 'timeUnixNano')
const OBSERVED = fieldId('LogRecord', 'observedTimeUnixNano')
const TRACE_ID = fieldId('LogRecord', 'traceId')
const SPAN_ID = fieldId('LogRecord', 'spanId')

/** Reads the log records that belong to a trace; the page shows no others. */
export function readLogs(view: OtlpView): LogFacts[] {
  const found: LogFacts[] = []
  for (let r = view.first(0); r < view.next(0); r = view.next(r)) {
    const resource = contentOf(view, r, RESOURCE)
    for (let s = view.first(r); s < view.next(r); s = view.next(s)) {
      if (view.field(s) !== SCOPE_LOGS) continue
      const scope = contentOf(view, s, SCOPE)
      for (let n = view.first(s); n < view.next(s); n = view.next(n)) {
        if (view.field(n) !== LOG) continue
        const traceId = contentOf(view, n, TRACE_ID)
        if (traceId.length !== 16) continue
        const body = view.bytes.subarray(view.body(n), view.end(n))
        found.push({ resource, scope, traceId, spanId: contentOf(view, n, SPAN_ID), timeUs: timeOf(view, n), body })
      }
    }
  }
  return found
}

function contentOf(view: OtlpView, n: number, field: number): Buffer {
  const child = view.child(n, field)
  return child < 0 ? Buffer.alloc(0) : view.bytes.subarray(view.body(child), view.end(child))
}

function timeOf(view: OtlpView, log: number): number {
  for (const field of [TIME, OBSERVED]) {
    const node = view.child(log, field)
    const us = node < 0 ? 0 : Number(view.fixed64(node) / 1000n)
    if (us > 0 && Number.isSafeInteger(us)) return us
  }
  return 0
}
