import { SpanStatusCode } from '@opentelemetry/api'
import type { Span } from '@opentelemetry/api'
import { ATTR_ERROR_TYPE } from '../conventions.ts'
import type { SdkContext } from './instrumentation/instrumentation.ts'
import { errorType } from './notices.ts'

/**
 * Marks a span as failed. The error's message is content (clients quote prompts and keys in theirs), so it is left out unless content is
 * captured.
 */
export function failSpan(span: Span, error: unknown, captureContent: boolean, type: string = errorType(error)): void {
  span.setAttribute(ATTR_ERROR_TYPE, type)
  const message = captureContent && error instanceof Error ? error.message : undefined
  span.setStatus(message === undefined ? { code: SpanStatusCode.ERROR } : { code: SpanStatusCode.ERROR, message })
}

/** Runs a step of ours that must not reach the agent when it fails. */
export function guarded(sdk: SdkContext, where: string, step: () => void): void {
  try {
    step()
  } catch (error) {
    sdk.fault(where, error)
  }
}

/** What a step of ours gives, or undefined when it fails: then the agent goes on unobserved. */
export function attempted<Result>(sdk: SdkContext, where: string, step: () => Result): Result | undefined {
  try {
    return step()
  } catch (error) {
    sdk.fault(where, error)
    return undefined
  }
}
