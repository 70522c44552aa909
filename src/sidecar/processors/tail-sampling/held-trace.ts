import type { OtlpView } from '../../../otlp/view.ts'
import type { StoredBatch } from '../../queue/queue-storage.ts'
import { SpanReader, spanNodes } from '../../../otlp/span-reader.ts'

/** A trace that waits for its decision. What came of it stands in the storage. */
export interface HeldTrace {
  readonly traceId: string
  /** Unix ms. */
  readonly firstMs: number
  /** When its newest spans came. */
  lastMs: number
  /** When its root came; undefined until then. */
  rootMs: number | undefined
  /** The outermost span of a process came, whose parent is in another one. */
  hasEntry: boolean
  spans: number
  bytes: number
  isDeciding: boolean
  readonly batches: StoredBatch[]
}

/** When a trace is decided. */
export interface Waits {
  readonly decisionWaitMs: number
  readonly afterRootMs: number
  readonly rootWaitMs: number
}

export const newHeldTrace = (traceId: string, firstMs: number): HeldTrace => ({
  traceId,
  firstMs,
  lastMs: firstMs,
  rootMs: undefined,
  hasEntry: false,
  spans: 0,
  bytes: 0,
  isDeciding: false,
  batches: [],
})

/** Unix ms. A run is complete when its outermost span has ended; before, it may last. One whose root is elsewhere has to be quiet for a while. */
export function dueMs({ firstMs, lastMs, rootMs, hasEntry }: HeldTrace, waits: Waits): number {
  const { decisionWaitMs, afterRootMs, rootWaitMs } = waits
  if (rootMs !== undefined) return rootMs + (afterRootMs === 0 ? decisionWaitMs : afterRootMs)
  const atMostMs = firstMs + Math.max(decisionWaitMs, rootWaitMs)
  return hasEntry ? Math.min(atMostMs, lastMs + QUIET_WAITS * decisionWaitMs) : atMostMs
}

/** Notes what came of the trace. */
export function noteSpans(trace: HeldTrace, view: OtlpView, nowMs: number): void {
  trace.lastMs = Math.max(trace.lastMs, nowMs)
  const reader = new SpanReader(view)
  for (const span of spanNodes(view)) {
    reader.readSpan(span)
    if (reader.parentId < 0) trace.rootMs ??= nowMs
    else if (reader.parentIsRemote || reader.kind === SPAN_KIND_SERVER || reader.kind === SPAN_KIND_CONSUMER)
      trace.hasEntry = true
  }
}

const QUIET_WAITS = 4
const SPAN_KIND_SERVER = 2
const SPAN_KIND_CONSUMER = 5
