import {
  ATTR_ERROR_TYPE,
  ATTR_SPANWARDEN_GUARD_DECISION,
  ATTR_SPANWARDEN_GUARD_RULE,
  ATTR_SPANWARDEN_RESULT,
  SPANWARDEN_GUARD_DECISION_VALUE_DENY,
  SPANWARDEN_RESULT_VALUE_DENIED,
  SPANWARDEN_RESULT_VALUE_ERROR,
  SPANWARDEN_RESULT_VALUE_OK,
} from '../../../conventions.ts'
import { UNDECIDED_CODES } from '../../../limits/denial-code.ts'
import { type SpanReader, wireId } from '../../../otlp/span-reader.ts'

/** How the span that was read last ended, as `spanwarden.result` has it. */
export function resultOf(reader: SpanReader): string {
  if (reader.text(RESULT) === SPANWARDEN_RESULT_VALUE_DENIED) return SPANWARDEN_RESULT_VALUE_DENIED
  if (reader.text(GUARD_DECISION) === SPANWARDEN_GUARD_DECISION_VALUE_DENY && !isUndecided(reader.text(GUARD_RULE)))
    return SPANWARDEN_RESULT_VALUE_DENIED
  return reader.isError || reader.has(ERROR_TYPE) ? SPANWARDEN_RESULT_VALUE_ERROR : SPANWARDEN_RESULT_VALUE_OK
}

/** A rule is the denial's code, and the name of a limit where one has spoken. */
const isUndecided = (rule = ''): boolean => UNDECIDED_CODES.includes(rule.split(' ', 1)[0] ?? '')

const RESULT = wireId(ATTR_SPANWARDEN_RESULT)
const GUARD_RULE = wireId(ATTR_SPANWARDEN_GUARD_RULE)
const ERROR_TYPE = wireId(ATTR_ERROR_TYPE)
const GUARD_DECISION = wireId(ATTR_SPANWARDEN_GUARD_DECISION)
