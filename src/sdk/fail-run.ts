import type { Span } from '@opentelemetry/api'
import { ATTR_SPANWARDEN_RESULT, SPANWARDEN_RESULT_VALUE_DENIED } from '../conventions.ts'
import { UNDECIDED_CODES } from '../limits/denial-code.ts'
import { failSpan } from './fail-span.ts'
import { denialIn } from './guard/denial-in.ts'

/** `failSpan` for the run of an agent. One that a limit has ended says so: it is no failure of the agent. */
export function failRun(span: Span, error: unknown, captureContent: boolean, type?: string): void {
  failSpan(span, error, captureContent, type)
  const denial = denialIn(error)
  if (denial !== undefined && !UNDECIDED_CODES.includes(denial.code))
    span.setAttribute(ATTR_SPANWARDEN_RESULT, SPANWARDEN_RESULT_VALUE_DENIED)
}
