import { SpanKind } from '@opentelemetry/api'
import type { Attributes, Context, Span } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_ID,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_GEN_AI_TOOL_DESCRIPTION,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_TOOL_TYPE,
  GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
  GEN_AI_TOOL_TYPE_VALUE_FUNCTION,
} from '../../conventions.ts'
import { inheritedAttributes, spanParent, withAmbient, withSpan } from '../context.ts'
import { failSpan, guarded } from '../fail-span.ts'
import { recordContent } from '../tool.ts'
import type { SdkContext } from './instrumentation.ts'

/** A tool as a framework calls it for a model. */
export interface ToolRequest {
  readonly name: string
  readonly callId: string | undefined
  readonly description: string | undefined
  /** The arguments that the model gave. */
  readonly arguments: unknown
}

/** Starts the `execute_tool` span (INTERNAL) of a tool that a framework executes. */
export function startFrameworkTool(sdk: SdkContext, request: ToolRequest): FrameworkTool {
  const outer = spanParent()
  const { name, callId, description } = request
  const attributes: Attributes = {
    ...inheritedAttributes(outer),
    [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
    [ATTR_GEN_AI_TOOL_NAME]: name,
    [ATTR_GEN_AI_TOOL_TYPE]: GEN_AI_TOOL_TYPE_VALUE_FUNCTION,
  }
  if (callId !== undefined) attributes[ATTR_GEN_AI_TOOL_CALL_ID] = callId
  if (description !== undefined) attributes[ATTR_GEN_AI_TOOL_DESCRIPTION] = description
  const span = sdk.tracer.startSpan(`execute_tool ${name}`, { kind: SpanKind.INTERNAL, attributes }, outer)
  recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, request.arguments)
  return new FrameworkTool(
    sdk,
    span,
    withSpan(withAmbient(outer, { toolCall: { name, span }, modelCall: undefined }), span),
  )
}

/** One tool call under way. No method throws; the first that ends it counts. */
export class FrameworkTool {
  /** The tool's work is done in here. */
  readonly context: Context
  readonly #sdk: SdkContext
  readonly #span: Span

  constructor(sdk: SdkContext, span: Span, within: Context) {
    this.#sdk = sdk
    this.#span = span
    this.context = within
  }

  returned(result: unknown): void {
    recordContent(this.#sdk, this.#span, ATTR_GEN_AI_TOOL_CALL_RESULT, result)
    this.#span.end()
  }

  /** `type`: where the error says nothing of itself. */
  failed(error: unknown, type?: string): void {
    guarded(this.#sdk, 'ending a tool span', () => failSpan(this.#span, error, this.#sdk.captureContent, type))
    this.#span.end()
  }
}
