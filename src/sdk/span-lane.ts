import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { Lane } from './lane.ts'
import type { LaneOptions } from './lane.ts'
import { encodeSpan, spansRequest } from './otlp-spans.ts'
import type { EncodedSpan } from './otlp-spans.ts'
import type { Endpoint } from './settings.ts'

export type SpanLaneOptions = Omit<LaneOptions<unknown>, 'signal' | 'serialise'> & {
  readonly protocol: Endpoint['protocol']
  readonly resource: Readonly<Record<string, unknown>>
}

/** Where ended spans go. Neither method throws or rejects. */
export interface SpanSink {
  push(span: ReadableSpan): void
  flush(): Promise<void>
}

/**
 * The lane of the spans. In Protocol Buffers a span is encoded when it ends, so that what waits is bytes and no objects; in JSON, which nobody
 * takes for speed, the batch is.
 */
export function spanLane(options: SpanLaneOptions): {
  readonly lane: Lane<EncodedSpan> | Lane<ReadableSpan>
  readonly sink: SpanSink
} {
  const { protocol, resource, ...rest } = options
  if (protocol === 'http/json') {
    const lane = new Lane<ReadableSpan>({ ...rest, signal: 'traces', serialise: jsonSpansRequest })
    return { lane, sink: lane }
  }
  const lane = new Lane<EncodedSpan>({
    ...rest,
    signal: 'traces',
    serialise: (spans) => spansRequest(resource, spans),
  })
  const push = (span: ReadableSpan): void => {
    try {
      lane.push(encodeSpan(span))
    } catch (error) {
      rest.notices.fault('serialising traces', error)
      lane.counts.dropped += 1
    }
  }
  return { lane, sink: { push, flush: () => lane.flush() } }
}

const jsonSpansRequest = (spans: readonly ReadableSpan[]): Uint8Array =>
  JsonTraceSerializer.serializeRequest([...spans]) ?? new Uint8Array()
