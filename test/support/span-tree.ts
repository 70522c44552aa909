import { propagation } from '@opentelemetry/api'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { SinkSpan } from './otlp-sink.ts'
import { traceTree } from './trace-tree.ts'

/** Spans of this process as `traceTree` shows them. */
export const spanTree = (spans: readonly ReadableSpan[], attributes: readonly string[] = []): string =>
  traceTree(spans.map(sinkSpanOf), attributes)

/** Trace context goes over the wire as the preload lets it. */
export function propagateAsThePreload(): void {
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  )
}

const sinkSpanOf = (span: ReadableSpan): SinkSpan => ({
  name: span.name,
  // OTLP counts kinds from 1.
  kind: span.kind + 1,
  traceId: span.spanContext().traceId,
  spanId: span.spanContext().spanId,
  parentSpanId: span.parentSpanContext?.spanId ?? '',
  startNs: nanoseconds(span.startTime),
  endNs: nanoseconds(span.endTime),
  attributes: span.attributes,
  events: span.events.map(({ name, attributes = {} }) => ({ name, attributes })),
  status: { code: span.status.code, message: span.status.message ?? '' },
  scope: span.instrumentationScope.name,
  resource: {},
})

const nanoseconds = ([seconds, rest]: readonly [number, number]): bigint =>
  BigInt(seconds) * 1_000_000_000n + BigInt(rest)
