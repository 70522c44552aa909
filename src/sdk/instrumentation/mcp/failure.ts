import type { Span } from '@opentelemetry/api'
import { ATTR_RPC_RESPONSE_STATUS_CODE, ERROR_TYPE_VALUE_TOOL_ERROR } from '../../../conventions.ts'
import { failSpan } from '../../fail-span.ts'
import { errorType } from '../../notices.ts'
import { fieldsOf } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'

/** A tool that has failed has answered all the same: the result says so. */
export function failIfToolError(span: Span, result: unknown): void {
  if (fieldsOf(result)['isError'] === true) failSpan(span, undefined, false, ERROR_TYPE_VALUE_TOOL_ERROR)
}

/** Of the side that asked. `answered`: the error is what the other side has answered, not what the library thought of the answer. */
export function failRequest(
  sdk: SdkContext,
  span: Span,
  error: unknown,
  { answered, aborted }: { answered: boolean; aborted: boolean },
): void {
  const code = codeOf(error)
  if (answered && code !== undefined && isAnswer(error, code))
    span.setAttribute(ATTR_RPC_RESPONSE_STATUS_CODE, String(code))
  failSpan(span, error, sdk.captureContent, aborted ? CANCELLED : code === undefined ? errorType(error) : String(code))
}

/** Of the side that answers: what a handler throws becomes a JSON-RPC error, an internal one when it has no code of its own. */
export function failAnswer(sdk: SdkContext, span: Span, error: unknown, aborted: boolean): void {
  if (aborted) return failSpan(span, error, sdk.captureContent, CANCELLED)
  const code = String(codeOf(error) ?? INTERNAL_ERROR)
  span.setAttribute(ATTR_RPC_RESPONSE_STATUS_CODE, code)
  failSpan(span, error, sdk.captureContent, code)
}

/** The caller has called it off, or the connection was closed under it. */
export const CANCELLED = 'cancelled'
export const METHOD_NOT_FOUND = '-32601'

function codeOf(error: unknown): number | undefined {
  const code = fieldsOf(error)['code']
  return typeof code === 'number' && Number.isSafeInteger(code) ? code : undefined
}

/** Errors of HTTP have a status in `code`; the first generation gives its own errors of connection and time JSON-RPC codes. */
const isAnswer = (error: unknown, code: number): boolean =>
  error instanceof Error &&
  (error.name === 'ProtocolError' ||
    (error.name === 'McpError' && code !== CONNECTION_CLOSED && code !== REQUEST_TIMEOUT))

const INTERNAL_ERROR = -32603
const CONNECTION_CLOSED = -32000
const REQUEST_TIMEOUT = -32001
