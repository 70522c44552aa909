import { SeverityNumber } from '@opentelemetry/api'
import type { Attributes, SpanContext } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY,
  ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_P,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  ATTR_GEN_AI_TOOL_DEFINITIONS,
  ATTR_SPANWARDEN_COST_AMOUNT,
  EVENT_GEN_AI_CLIENT_INFERENCE_OPERATION_DETAILS,
} from '../conventions.ts'
import { jsonAttributes, logRecord } from './log-record.ts'
import type { LogRecord } from './log-record.ts'

/** One finished model call, as the event tells it. */
export interface InferenceEvent {
  readonly span: SpanContext
  /** Those of the span, and the content as the JSON that would stand on it. */
  readonly attributes: Attributes
}

/**
 * A model call as the event `gen_ai.client.inference.operation.details`: the attributes of its span, with the content in its structure,
 * which the conventions demand of events. DEBUG, because a backend that takes everything has the span already.
 */
export const inferenceRecord = ({ span, attributes }: InferenceEvent, atMs: number): LogRecord =>
  logRecord({
    name: EVENT_GEN_AI_CLIENT_INFERENCE_OPERATION_DETAILS,
    severityNumber: SeverityNumber.DEBUG,
    atMs,
    span,
    attributes: jsonAttributes(
      Object.fromEntries(
        Object.entries(attributes).map(([key, value]) => [
          key,
          CONTENT.has(key) && typeof value === 'string' ? JSON.parse(value) : value,
        ]),
      ),
      DOUBLES,
    ),
  })

const CONTENT: ReadonlySet<string> = new Set([
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  ATTR_GEN_AI_TOOL_DEFINITIONS,
])

const DOUBLES: ReadonlySet<string> = new Set([
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_P,
  ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY,
  ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_SPANWARDEN_COST_AMOUNT,
])
