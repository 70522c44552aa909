import { hrTimeToMicroseconds } from '@opentelemetry/core'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace'

/** `OTEL_TRACES_EXPORTER=console`: every ended span as one line of JSON on stdout, for a look during development. */
export const consoleSpans: SpanProcessor = {
  onStart: () => undefined,
  onEnd: (span) => {
    try {
      process.stdout.write(`${lineOf(span)}\n`)
    } catch {
      // stdout is closed: there is nobody to show it to.
    }
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
}

/** The fields of OpenTelemetry's console exporter; times in microseconds. */
const lineOf = (span: ReadableSpan): string => {
  const { traceId, spanId } = span.spanContext()
  return JSON.stringify({
    traceId,
    id: spanId,
    parentId: span.parentSpanContext?.spanId,
    name: span.name,
    kind: span.kind,
    timestamp: hrTimeToMicroseconds(span.startTime),
    duration: hrTimeToMicroseconds(span.duration),
    attributes: span.attributes,
    status: span.status,
    events: span.events.map(({ name, attributes }) => ({ name, attributes })),
  })
}
