import { failSpan } from '../../fail-span.ts'
import { fieldsOf } from '../fields.ts'
import type { Span } from '@opentelemetry/api'
import type { SdkContext } from '../instrumentation.ts'

/**
 * Marks a span of a tool or a graph as failed. What LangGraph throws in order to steer (an interrupt that waits for a person, a command to the
 * parent graph) is no failure.
 */
export function failUnlessSteering(span: Span, error: unknown, sdk: SdkContext): void {
  if (fieldsOf(error)['is_bubble_up'] === true) return
  failSpan(span, error, sdk.captureContent)
}
