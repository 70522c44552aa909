import { context, SpanKind } from '@opentelemetry/api'
import type { Attributes, Span } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_GEN_AI_TOOL_DESCRIPTION,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_TOOL_TYPE,
  ATTR_SPANWARDEN_TOOL_CLASS,
  GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
  GEN_AI_TOOL_TYPE_VALUE_FUNCTION,
} from '../conventions.ts'
import { inheritedAttributes, withAmbient, withSpan } from './context.ts'
import { failSpan, guarded } from './fail-span.ts'
import type { SdkContext } from './instrumentation/instrumentation.ts'
import { observe } from './observe.ts'
import type { ToolOptions } from './runtime.ts'

/** Runs `call` inside an `execute_tool` span (INTERNAL). */
export function runTool(
  sdk: SdkContext,
  name: string,
  options: ToolOptions,
  call: () => unknown,
  args: readonly unknown[],
): unknown {
  const outer = context.active()
  const attributes: Attributes = {
    ...inheritedAttributes(outer),
    [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
    [ATTR_GEN_AI_TOOL_NAME]: name,
    [ATTR_GEN_AI_TOOL_TYPE]: GEN_AI_TOOL_TYPE_VALUE_FUNCTION,
  }
  if (options.description !== undefined) attributes[ATTR_GEN_AI_TOOL_DESCRIPTION] = options.description
  if (options.class !== undefined) attributes[ATTR_SPANWARDEN_TOOL_CLASS] = options.class
  const span = sdk.tracer.startSpan(`execute_tool ${name}`, { kind: SpanKind.INTERNAL, attributes }, outer)
  const end = (settle: () => void): void => {
    guarded(sdk, 'ending a tool span', settle)
    span.end()
  }
  recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, args.length === 1 ? args[0] : args)
  return observe(call, withSpan(withAmbient(outer, { toolCall: { name, span }, modelCall: undefined }), span), {
    returned: (value) => end(() => recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_RESULT, value)),
    failed: (error) => end(() => failSpan(span, error, sdk.captureContent)),
  })
}

/** Arguments and results are content: only when it is captured, as JSON. What has no JSON (functions, cycles) is left out. */
export function recordContent(sdk: SdkContext, span: Span, attribute: string, value: unknown): void {
  if (!sdk.captureContent || value === undefined) return
  guarded(sdk, 'capturing tool content', () => {
    const json = typeof value === 'string' ? value : jsonOf(value)
    if (json !== undefined) span.setAttribute(attribute, json)
  })
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
