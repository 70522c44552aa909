import { context, INVALID_SPAN_CONTEXT, trace } from '@opentelemetry/api'
import { ambientOf } from '../../context.ts'
import { fieldsOf, nameOf } from '../fields.ts'
import type { GuardedTool } from '../../guard/tool-gate.ts'
import type { ToolKind } from '../../runtime.ts'
import type { SdkContext } from '../instrumentation.ts'
import type { Operation } from './operation.ts'

/**
 * The guard before a tool of an MCP server. A denial is thrown, as the typed error: a result with `isError` would pass for one that was given where nobody looks at it, and frameworks
 * make such a result of what is thrown. The class is the configuration's; what a server says of its own tools (annotations) is not believed.
 *
 * Undefined where there is nothing to ask: no limits, or the framework that calls this tool for its model has asked already. Where it knows the tool by another name
 * (`server__tool`), the tool's own is asked for when the configuration names it. `operation`: undefined where ours could not be begun, which lets nothing through.
 */
export function gateOfToolCall(
  sdk: SdkContext,
  operation: Operation | undefined,
  params: unknown,
  kind: ToolKind = 'async',
): GuardedTool | undefined {
  const tools = sdk.guard?.tools
  if (tools === undefined) return undefined
  const { name: given, arguments: input } = fieldsOf(params)
  const name = nameOf(given) ?? 'unknown'
  const isAsked = operation?.own === false
  if (isAsked && (ambientOf(context.active()).toolCall?.name === name || !tools.isNamed(name))) return undefined
  return tools.open({ name, class: undefined, input, kind }, operation?.span ?? UNSEEN)
}

const UNSEEN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)
