import { SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace'
import { ATTR_ERROR_TYPE, ATTR_SPANWARDEN_UNFINISHED } from '../conventions.ts'
import type { SpanSink } from './span-lane.ts'

/** Puts ended spans on their lane, and knows the open ones so that they are not lost when the process ends. */
export class OpenSpans implements SpanProcessor {
  /** Spans that were started while too many were open: they are exported when they end, but not if the process ends first. */
  untracked = 0
  readonly #open = new Map<string, Span>()
  readonly #lane: SpanSink

  constructor(lane: SpanSink) {
    this.#lane = lane
  }

  onStart(span: Span): void {
    if (this.#open.size < openSpansMax) this.#open.set(span.spanContext().spanId, span)
    else this.untracked += 1
  }

  onEnd(span: ReadableSpan): void {
    const { spanId, traceFlags } = span.spanContext()
    this.#open.delete(spanId)
    if ((traceFlags & TraceFlags.SAMPLED) !== 0) this.#lane.push(span)
  }

  /** A span that is not reported after all: it never ends. */
  forget(span: { spanContext(): { readonly spanId: string } }): void {
    this.#open.delete(span.spanContext().spanId)
  }

  /**
   * Ends what is open because the process ends. `reason` says how; a failure (crash, signal, exit code other than 0) also marks the spans as
   * failed. After exit code 0 they are only unfinished: a command that calls `process.exit(0)` inside its agent has succeeded.
   */
  endAll(reason: string, failed: boolean): void {
    for (const span of this.#open.values()) {
      span.setAttribute(ATTR_SPANWARDEN_UNFINISHED, reason)
      if (failed) {
        span.setAttribute(ATTR_ERROR_TYPE, reason)
        span.setStatus({ code: SpanStatusCode.ERROR })
      }
      span.end()
    }
  }

  get size(): number {
    return this.#open.size
  }

  forceFlush(): Promise<void> {
    return this.#lane.flush()
  }

  shutdown(): Promise<void> {
    return this.#lane.flush()
  }
}

const openSpansMax = 10_000
