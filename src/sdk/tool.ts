import { INVALID_SPAN_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import type { Attributes, Context, Span } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_ID,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_GEN_AI_TOOL_DESCRIPTION,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_TOOL_TYPE,
  ATTR_SPANWARDEN_TOOL_CLASS,
  ERROR_TYPE_VALUE_TOOL_ERROR,
  GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
  GEN_AI_TOOL_TYPE_VALUE_FUNCTION,
} from '../conventions.ts'
import { contentText } from './content.ts'
import { ambientOf, inheritedAttributes, spanParent, withAmbient, withSpan } from './context.ts'
import { attempted, failSpan, guarded } from './fail-span.ts'
import { runShowingDenial } from './guard/show-denial.ts'
import type { DenialError } from './guard/denial-error.ts'
import type { ShowDenial } from './guard/show-denial.ts'
import type { OutgoingTool } from './guard/tool-gate.ts'
import type { SdkContext } from './instrumentation/instrumentation.ts'
import { observe } from './observe.ts'
import type { ToolKind, ToolOptions } from './runtime.ts'

/** Runs `call` inside an `execute_tool` span (INTERNAL). */
export function runTool(
  sdk: SdkContext,
  name: string,
  options: ToolOptions,
  call: () => unknown,
  args: readonly unknown[],
  kind?: ToolKind,
): unknown {
  const { description, class: effect, undo } = options
  const input = args.length === 1 ? args[0] : args
  return runToolCall(sdk, { name, description, class: effect, input, kind, undo: undo && { how: undo, args } }, call)
}

/** A tool call as whoever runs it describes it: a library that runs the tools of an agent, or the agent itself. */
export interface ToolCall {
  readonly name: string
  readonly id?: string | undefined
  readonly description?: string | undefined
  readonly class?: ToolOptions['class'] | undefined
  /** How it gives its result: by a promise, unless told otherwise. */
  readonly kind?: ToolKind | undefined
  readonly undo?: OutgoingTool['undo']
  /** What the tool is given, for captured content. */
  readonly input: unknown
  /** Reads what `call` returned, where that is not the result itself. */
  readonly resultOf?: (returned: unknown) => ToolResult
  /** Whether what the tool threw says that it failed; a library may steer by throwing. */
  readonly isFailure?: (error: unknown) => boolean
  /** What the library shows its model where the guard denies the call; absent: what it makes of an error that a tool throws. */
  readonly showDenial?: ShowDenial
}

export interface ToolResult {
  readonly content: unknown
  /** The tool failed, and the model is told so. */
  readonly failed: boolean
}

/** `runTool` for the libraries that run tools. */
export function runToolCall(sdk: SdkContext, tool: ToolCall, call: () => unknown): unknown {
  const outer = spanParent()
  const span = attempted(sdk, 'starting a tool span', () => startToolSpan(sdk, tool, outer)) ?? UNSEEN
  const { name, class: effect, input, kind = 'async', undo } = tool
  const checked = sdk.guard?.tools.open({ name, class: effect, input, kind, undo }, span)
  if (span === UNSEEN && checked === undefined) return call()
  const end = (settle: () => void): void => {
    guarded(sdk, 'ending a tool span', settle)
    span.end()
  }
  recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, tool.input)
  const { showDenial } = tool
  let denial: DenialError | undefined
  const run = (): unknown => {
    const { retrying } = ambientOf(outer)
    if (retrying !== undefined && effect !== 'read') retrying.hasChanged = true
    if (checked === undefined) return call()
    if (showDenial === undefined) return checked.run(call)
    return runShowingDenial(
      (work) => checked.run(work),
      call,
      showDenial,
      (shown) => (denial = shown),
    )
  }
  return observe(run, toolContext(outer, tool.name, span), {
    returned: (value) =>
      end(() => {
        if (denial !== undefined) return failSpan(span, denial, sdk.captureContent)
        const { content, failed } = tool.resultOf?.(value) ?? { content: value, failed: false }
        checked?.returned(content, failed)
        recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_RESULT, content)
        if (failed) failSpan(span, undefined, false, ERROR_TYPE_VALUE_TOOL_ERROR)
      }),
    failed: (error) =>
      end(() => {
        checked?.failed(error)
        if (tool.isFailure?.(error) !== false) failSpan(span, error, sdk.captureContent)
      }),
  })
}

/** Of a call that can't be observed: the guard looks at it all the same. */
const UNSEEN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)

export function startToolSpan(sdk: SdkContext, tool: Omit<ToolCall, 'input'>, outer: Context): Span {
  const { name, id, description, class: effect } = tool
  const attributes: Attributes = {
    ...inheritedAttributes(outer),
    [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
    [ATTR_GEN_AI_TOOL_NAME]: name,
    [ATTR_GEN_AI_TOOL_TYPE]: GEN_AI_TOOL_TYPE_VALUE_FUNCTION,
  }
  if (id !== undefined) attributes[ATTR_GEN_AI_TOOL_CALL_ID] = id
  if (description !== undefined) attributes[ATTR_GEN_AI_TOOL_DESCRIPTION] = description
  if (effect !== undefined) attributes[ATTR_SPANWARDEN_TOOL_CLASS] = effect
  return sdk.tracer.startSpan(`execute_tool ${name}`, { kind: SpanKind.INTERNAL, attributes }, outer)
}

/** The context that the tool works in: what it calls is below its span. */
export const toolContext = (outer: Context, name: string, span: Span): Context =>
  withSpan(withAmbient(outer, { toolCall: { name, span }, modelCall: undefined }), span)

/** Arguments and results are content: only when it is captured, as JSON. What has no JSON (functions, cycles) is left out. */
export function recordContent(sdk: SdkContext, span: Span, attribute: string, value: unknown): void {
  if (!sdk.captureContent || value === undefined) return
  guarded(sdk, 'capturing tool content', () => {
    const text = attempt(() => contentText(value))
    if (text !== undefined) span.setAttribute(attribute, text)
  })
}

function attempt(make: () => string): string | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
