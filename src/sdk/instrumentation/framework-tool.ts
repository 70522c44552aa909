import type { Context, Span } from '@opentelemetry/api'
import { ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, ATTR_GEN_AI_TOOL_CALL_RESULT } from '../../conventions.ts'
import { spanParent } from '../context.ts'
import { failSpan, guarded } from '../fail-span.ts'
import { recordContent, startToolSpan, toolContext } from '../tool.ts'
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
  const span = startToolSpan(sdk, { name, id: callId, description }, outer)
  recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, request.arguments)
  return new FrameworkTool(sdk, span, toolContext(outer, name, span))
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
