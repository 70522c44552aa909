import { context, SeverityNumber, trace } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_EVALUATION_EXPLANATION,
  ATTR_GEN_AI_EVALUATION_NAME,
  ATTR_GEN_AI_EVALUATION_SCORE_LABEL,
  ATTR_GEN_AI_EVALUATION_SCORE_VALUE,
  ATTR_GEN_AI_RESPONSE_ID,
  EVENT_GEN_AI_EVALUATION_RESULT,
} from '../conventions.ts'
import { inheritedAttributes } from './context.ts'
import { jsonAttributes, logRecord } from './log-record.ts'
import type { LogRecord } from './log-record.ts'
import type { Evaluation } from './runtime.ts'

/**
 * An evaluation as the event `gen_ai.evaluation.result`, under the span that is active. Conventions define events as log records with an
 * event name, and span events are on their way out, so it is a log record; it can also arrive long after its span has ended.
 */
export function evaluationRecord(evaluation: Evaluation, nowMs: number): LogRecord {
  const { name, score, label, explanation, responseId } = evaluation
  const attributes = {
    ...inheritedAttributes(),
    [ATTR_GEN_AI_EVALUATION_NAME]: name,
    [ATTR_GEN_AI_EVALUATION_SCORE_VALUE]: score,
    [ATTR_GEN_AI_EVALUATION_SCORE_LABEL]: label,
    [ATTR_GEN_AI_EVALUATION_EXPLANATION]: explanation,
    [ATTR_GEN_AI_RESPONSE_ID]: responseId,
  }
  return logRecord({
    name: EVENT_GEN_AI_EVALUATION_RESULT,
    severityNumber: SeverityNumber.INFO,
    atMs: nowMs,
    span: trace.getSpanContext(context.active()),
    attributes: jsonAttributes(attributes, DOUBLES),
  })
}

// The score is a double by convention, also when it is 1.
const DOUBLES: ReadonlySet<string> = new Set([ATTR_GEN_AI_EVALUATION_SCORE_VALUE])
