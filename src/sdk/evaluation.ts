import { context, SeverityNumber, trace } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_EVALUATION_EXPLANATION,
  ATTR_GEN_AI_EVALUATION_NAME,
  ATTR_GEN_AI_EVALUATION_SCORE_LABEL,
  ATTR_GEN_AI_EVALUATION_SCORE_VALUE,
  ATTR_GEN_AI_RESPONSE_ID,
  EVENT_GEN_AI_EVALUATION_RESULT,
  SCHEMA_URL,
} from '../conventions.ts'
import { inheritedAttributes } from './context.ts'
import type { Evaluation } from './runtime.ts'
import { VERSION } from './version.ts'

/** A log record in OTLP/JSON. */
export interface LogRecord {
  readonly timeUnixNano: string
  readonly observedTimeUnixNano: string
  readonly severityNumber: number
  readonly eventName: string
  readonly attributes: readonly JsonAttribute[]
  readonly traceId?: string
  readonly spanId?: string
  readonly flags?: number
}

interface JsonAttribute {
  readonly key: string
  readonly value: { readonly stringValue: string } | { readonly doubleValue: number } | { readonly intValue: string }
}

/**
 * An evaluation as the event `gen_ai.evaluation.result`, under the span that is active. Conventions define events as log records with an
 * event name, and span events are on their way out, so it is a log record; it can also arrive long after its span has ended.
 */
export function evaluationRecord(evaluation: Evaluation, nowMs: number): LogRecord {
  const { name, score, label, explanation, responseId } = evaluation
  const span = trace.getSpanContext(context.active())
  const time = `${Math.round(nowMs * 1_000)}000`
  const attributes = {
    ...inheritedAttributes(),
    [ATTR_GEN_AI_EVALUATION_NAME]: name,
    [ATTR_GEN_AI_EVALUATION_SCORE_VALUE]: score,
    [ATTR_GEN_AI_EVALUATION_SCORE_LABEL]: label,
    [ATTR_GEN_AI_EVALUATION_EXPLANATION]: explanation,
    [ATTR_GEN_AI_RESPONSE_ID]: responseId,
  }
  return {
    timeUnixNano: time,
    observedTimeUnixNano: time,
    severityNumber: SeverityNumber.INFO,
    eventName: EVENT_GEN_AI_EVALUATION_RESULT,
    attributes: jsonAttributes(attributes),
    ...(span === undefined ? {} : { traceId: span.traceId, spanId: span.spanId, flags: span.traceFlags }),
  }
}

/** Log records as an OTLP/JSON request. The log SDK would be 30 kB of preload for one event. */
export const serialiseLogs = (resource: Readonly<Record<string, unknown>>, records: readonly LogRecord[]): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify({
      resourceLogs: [
        {
          resource: { attributes: jsonAttributes(resource) },
          scopeLogs: [{ scope: { name: 'spanwarden', version: VERSION }, schemaUrl: SCHEMA_URL, logRecords: records }],
        },
      ],
    }),
  )

const jsonAttributes = (attributes: Readonly<Record<string, unknown>>): JsonAttribute[] =>
  Object.entries(attributes).flatMap(([key, value]): JsonAttribute[] => {
    if (typeof value === 'string') return [{ key, value: { stringValue: value } }]
    if (typeof value !== 'number' || !Number.isFinite(value)) return []
    // The score is a double by convention, also when it is 1.
    return [
      {
        key,
        value:
          key !== ATTR_GEN_AI_EVALUATION_SCORE_VALUE && Number.isSafeInteger(value)
            ? { intValue: String(value) }
            : { doubleValue: value },
      },
    ]
  })
