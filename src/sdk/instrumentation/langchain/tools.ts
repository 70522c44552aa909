import { runToolCall } from '../../tool.ts'
import { fieldsOf, nameOf } from '../fields.ts'
import { gate } from './gate.ts'
import { isSteering } from './steering.ts'
import type { ToolCall, ToolResult } from '../../tool.ts'
import type { SdkContext } from '../instrumentation.ts'

/**
 * Observes every tool: `call` of the base class is where `invoke`, ToolNode, AgentExecutor and the subclasses' own `call` lead, with the check
 * of the arguments inside.
 */
export function observeTools(base: object, sdk: SdkContext): void {
  gate(base, 'call', (self, args, proceed) => {
    const call = describe(self, args, sdk)
    return call === undefined ? proceed() : runToolCall(sdk, call, proceed)
  })
}

/** A fault of ours here means an unobserved call, never a failed one. */
function describe(self: unknown, [input, config]: readonly unknown[], sdk: SdkContext): ToolCall | undefined {
  try {
    const { name, description } = fieldsOf(self)
    const toolName = nameOf(name)
    if (toolName === undefined) return undefined
    // `invoke` takes a tool call of the model apart: its arguments are the input then, the call itself stands in the config.
    const given = fieldsOf(input)
    const call = given['type'] === 'tool_call' ? given : fieldsOf(fieldsOf(config)['toolCall'])
    return {
      name: toolName,
      id: nameOf(call['id']),
      description: nameOf(description),
      input: call === given ? call['args'] : input,
      resultOf,
      isFailure,
    }
  } catch (error) {
    sdk.fault('langchain: begin tool', error)
    return undefined
  }
}

const isFailure = (error: unknown): boolean => !isSteering(error)

/** A tool that is called by the model returns a message; it may say that it failed. */
function resultOf(returned: unknown): ToolResult {
  const { content, status, tool_call_id: callId } = fieldsOf(returned)
  return callId === undefined ? { content: returned, failed: false } : { content, failed: status === 'error' }
}
