import { SpanKind, context } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_ID,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_GEN_AI_TOOL_DESCRIPTION,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_TOOL_TYPE,
  ERROR_TYPE_VALUE_TOOL_ERROR,
  GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
  GEN_AI_TOOL_TYPE_VALUE_FUNCTION,
} from '../../../conventions.ts'
import { inheritedAttributes, withAmbient, withSpan } from '../../context.ts'
import { failSpan, guarded } from '../../fail-span.ts'
import { observe } from '../../observe.ts'
import { recordContent } from '../../tool.ts'
import { fieldsOf, nameOf } from '../fields.ts'
import { present } from '../present.ts'
import { failUnlessSteering } from './bubble-up.ts'
import { gate } from './gate.ts'
import type { Context, Span } from '@opentelemetry/api'
import type { SdkContext } from '../instrumentation.ts'

/**
 * Observes every tool: `call` of the base class is where `invoke`, ToolNode, AgentExecutor and the subclasses' own `call` lead, with the check
 * of the arguments inside.
 */
export function observeTools(base: object, sdk: SdkContext): void {
  gate(base, 'call', (self, args, proceed) => {
    const outer = context.active()
    const begun = begin(self, args, outer, sdk)
    if (begun === undefined) return proceed()
    const { span, name } = begun
    const end = (settle: () => void): void => {
      guarded(sdk, 'langchain: ending a tool span', settle)
      span.end()
    }
    const within = withSpan(withAmbient(outer, { toolCall: { name, span }, modelCall: undefined }), span)
    return observe(proceed, within, {
      returned: (result) => end(() => recordResult(span, result, sdk)),
      failed: (error) => end(() => failUnlessSteering(span, error, sdk)),
    })
  })
}

/** A fault of ours here means an unobserved call, never a failed one. */
function begin(
  self: unknown,
  [input, config]: readonly unknown[],
  outer: Context,
  sdk: SdkContext,
): { span: Span; name: string } | undefined {
  try {
    const tool = fieldsOf(self)
    const name = nameOf(tool['name'])
    if (name === undefined) return undefined
    // `invoke` takes a tool call of the model apart: its arguments are the input then, the call itself stands in the config.
    const given = fieldsOf(input)
    const call = given['type'] === 'tool_call' ? given : fieldsOf(fieldsOf(config)['toolCall'])
    const attributes = {
      ...inheritedAttributes(outer),
      ...present({
        [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
        [ATTR_GEN_AI_TOOL_NAME]: name,
        [ATTR_GEN_AI_TOOL_TYPE]: GEN_AI_TOOL_TYPE_VALUE_FUNCTION,
        [ATTR_GEN_AI_TOOL_DESCRIPTION]: nameOf(tool['description']),
        [ATTR_GEN_AI_TOOL_CALL_ID]: nameOf(call['id']),
      }),
    }
    const span = sdk.tracer.startSpan(`execute_tool ${name}`, { kind: SpanKind.INTERNAL, attributes }, outer)
    recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, call === given ? call['args'] : input)
    return { span, name }
  } catch (error) {
    sdk.fault('langchain: begin tool', error)
    return undefined
  }
}

/** A tool that is called by the model returns a message; it may say that it failed. */
function recordResult(span: Span, result: unknown, sdk: SdkContext): void {
  const { content, status, tool_call_id: callId } = fieldsOf(result)
  recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_RESULT, callId === undefined ? result : content)
  if (callId !== undefined && status === 'error') failSpan(span, undefined, false, ERROR_TYPE_VALUE_TOOL_ERROR)
}
