import {
  ATTR_ERROR_TYPE,
  ATTR_SPANWARDEN_GUARD_DECISION,
  SPANWARDEN_GUARD_DECISION_VALUE_DENY,
  SPANWARDEN_RESULT_VALUE_DENIED,
  SPANWARDEN_RESULT_VALUE_ERROR,
  SPANWARDEN_RESULT_VALUE_OK,
} from '../../../conventions.ts'
import { type SpanReader, wireId } from '../../../otlp/span-reader.ts'

/** How the span that was read last ended, as `spanwarden.result` has it. */
export function resultOf(reader: SpanReader): string {
  if (reader.text(GUARD_DECISION) === SPANWARDEN_GUARD_DECISION_VALUE_DENY) return SPANWARDEN_RESULT_VALUE_DENIED
  return reader.isError || reader.has(ERROR_TYPE) ? SPANWARDEN_RESULT_VALUE_ERROR : SPANWARDEN_RESULT_VALUE_OK
}

const ERROR_TYPE = wireId(ATTR_ERROR_TYPE)
const GUARD_DECISION = wireId(ATTR_SPANWARDEN_GUARD_DECISION)
