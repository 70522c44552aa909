import {
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_GEN_AI_TOOL_NAME,
} from '../../conventions.ts'
import { jsonToProtobuf } from '../../otlp/json-to-protobuf.ts'
import { OtlpError } from '../../otlp/otlp-error.ts'
import { protobufToJson } from '../../otlp/protobuf-to-json.ts'
import { UsageError } from '../command.ts'
import { stepOf } from './recorded-run.ts'
import type { RecordedRun } from './recorded-run.ts'

/** The tool calls of each trace, in the order of their starts. A run succeeded when its first span did. */
export function runsOfTraces(requests: readonly (string | Buffer)[], file: string): RecordedRun[] {
  const traces = new Map<string, Span[]>()
  for (const request of requests) {
    for (const span of spansOf(request, file)) {
      const { traceId } = span
      const spans = traces.get(traceId)
      if (spans === undefined) traces.set(traceId, [span])
      else spans.push(span)
    }
  }
  return Array.from(traces, ([id, spans]) => {
    spans.sort((a, b) => (a.start < b.start ? -1 : 1))
    const root = spans.find(({ parentSpanId }) => parentSpanId === '') ?? spans[0]
    const tools = spans.filter(({ attributes }) => attributes.has(ATTR_GEN_AI_TOOL_NAME))
    return {
      id,
      success: root === undefined ? null : !root.failed,
      steps: tools.map(({ attributes, failed }) =>
        stepOf({
          tool: attributes.get(ATTR_GEN_AI_TOOL_NAME) ?? '',
          args: attributes.get(ATTR_GEN_AI_TOOL_CALL_ARGUMENTS),
          result: attributes.get(ATTR_GEN_AI_TOOL_CALL_RESULT),
          errorType: failed ? (attributes.get(ATTR_ERROR_TYPE) ?? '_OTHER') : undefined,
        }),
      ),
    }
  })
}

interface Span {
  readonly traceId: string
  readonly parentSpanId: string
  readonly start: bigint
  readonly failed: boolean
  /** Texts only. */
  readonly attributes: ReadonlyMap<string, string>
}

const STATUS_ERROR = 2

function* spansOf(request: string | Buffer, file: string): Generator<Span> {
  let message: Record<string, unknown>
  try {
    // Through the wire: JSON is checked, and both encodings come out alike.
    const bytes = typeof request === 'string' ? jsonToProtobuf('traces', Buffer.from(request)) : request
    message = JSON.parse(protobufToJson('traces', bytes)) as Record<string, unknown>
  } catch (error) {
    if (error instanceof OtlpError) throw new UsageError(`${file}: ${error.message}`)
    throw error
  }
  for (const resource of listOf(message, 'resourceSpans'))
    for (const scope of listOf(resource, 'scopeSpans'))
      for (const span of listOf(scope, 'spans')) {
        const status = span['status']
        yield {
          traceId: textOf(span, 'traceId'),
          parentSpanId: textOf(span, 'parentSpanId'),
          start: BigInt(textOf(span, 'startTimeUnixNano') || 0),
          failed: isRecord(status) && Number(status['code']) === STATUS_ERROR,
          attributes: new Map(
            listOf(span, 'attributes').map((attribute) => {
              const value = attribute['value']
              return [textOf(attribute, 'key'), isRecord(value) ? textOf(value, 'stringValue') : '']
            }),
          ),
        }
      }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const listOf = (holder: Record<string, unknown>, key: string): Record<string, unknown>[] => {
  const value = holder[key]
  return Array.isArray(value) ? value.filter(isRecord) : []
}
const textOf = (holder: Record<string, unknown>, key: string): string => {
  const value = holder[key]
  return typeof value === 'string' ? value : ''
}
