import type { Context, Span } from '@opentelemetry/api'
import { ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, ATTR_GEN_AI_TOOL_CALL_RESULT } from '../../conventions.ts'
import { spanParent } from '../context.ts'
import { failSpan, guarded } from '../fail-span.ts'
import { recordContent, startToolSpan, toolContext } from '../tool.ts'
import type { GuardedTool } from '../guard/tool-gate.ts'
import type { ToolKind } from '../runtime.ts'
import type { SdkContext } from './instrumentation.ts'

/** A tool as a framework calls it for a model. */
export interface ToolRequest {
  readonly name: string
  readonly callId: string | undefined
  readonly description: string | undefined
  /** The arguments that the model gave. */
  readonly arguments: unknown
  /** How it gives its result: by a promise, unless told otherwise. */
  readonly kind?: ToolKind
}

/** Starts the `execute_tool` span (INTERNAL) of a tool that a framework executes. */
export function startFrameworkTool(sdk: SdkContext, request: ToolRequest): FrameworkTool {
  const outer = spanParent()
  const { name, callId, description } = request
  const span = startToolSpan(sdk, { name, id: callId, description }, outer)
  recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, request.arguments)
  const checked = sdk.guard?.tools.open(
    { name, class: undefined, input: request.arguments, kind: request.kind ?? 'async' },
    span,
  )
  return new FrameworkTool(sdk, span, toolContext(outer, name, span), checked)
}

/** One tool call under way. No method throws; the first that ends it counts. */
export class FrameworkTool {
  /** The tool's work is done in here. */
  readonly context: Context
  readonly #sdk: SdkContext
  readonly #span: Span
  readonly #checked: GuardedTool | undefined

  constructor(sdk: SdkContext, span: Span, within: Context, checked: GuardedTool | undefined) {
    this.#checked = checked
    this.#sdk = sdk
    this.#span = span
    this.context = within
  }

  /** Runs the tool's work, in its context, when the guard lets it through; else it fails with a DenialError. `signal`: its caller waits no longer. */
  run(work: () => unknown, signal?: AbortSignal): unknown {
    return this.#checked === undefined ? work() : this.#checked.run(work, signal)
  }

  returned(result: unknown): void {
    guarded(this.#sdk, 'checking a tool result', () => this.#checked?.returned(result, false))
    recordContent(this.#sdk, this.#span, ATTR_GEN_AI_TOOL_CALL_RESULT, result)
    this.#span.end()
  }

  /** `type`: where the error says nothing of itself. */
  failed(error: unknown, type?: string): void {
    guarded(this.#sdk, 'checking a tool error', () => this.#checked?.failed(error))
    guarded(this.#sdk, 'ending a tool span', () => failSpan(this.#span, error, this.#sdk.captureContent, type))
    this.#span.end()
  }
}
