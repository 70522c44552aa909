import { observe } from '../../observe.ts'
import { fieldsOf, nameOf, textOf } from '../fields.ts'
import { startFrameworkTool } from '../framework-tool.ts'
import type { Fields } from '../fields.ts'
import type { FrameworkTool } from '../framework-tool.ts'
import type { SdkContext } from '../instrumentation.ts'

/**
 * `executeToolCall`, which never rejects for a tool that fails: it tells so. Tools that the provider or the caller executes come by as
 * well and have nothing to execute here.
 */
export function runToolCall(request: Fields, call: (changed?: Fields) => unknown, sdk: SdkContext): unknown {
  const tool = begin(request, sdk)
  if (tool === undefined) return call()
  const make = sdk.guard === undefined ? () => call() : () => call(withCheckedTool(request, tool))
  return observe(make, tool.context, {
    returned: (value) => {
      const { type, error, output } = outputOf(fieldsOf(value))
      if (type === 'tool-error') tool.failed(error)
      else tool.returned(output)
    },
    failed: (error) => tool.failed(error),
  })
}

/** A denial has to come from the tool's own function: then the library shows it to the model as an error of the tool. */
function withCheckedTool(request: Fields, tool: FrameworkTool): Fields {
  const tools = fieldsOf(request['tools'])
  const name = nameOf(fieldsOf(request['toolCall'])['toolName']) ?? ''
  const own = fieldsOf(tools[name])
  const { execute } = own
  if (typeof execute !== 'function') return request
  const checked = (...args: unknown[]): unknown => {
    const { abortSignal } = fieldsOf(args[1])
    return tool.run(
      () => Reflect.apply(execute, own, args),
      abortSignal instanceof AbortSignal ? abortSignal : undefined,
    )
  }
  // The tool may be of a class of its own: all but this one field is read through.
  const stand: unknown = Object.create(own, { execute: { value: checked, enumerable: true } })
  return { ...request, tools: { ...tools, [name]: stand } }
}

function begin(request: Fields, sdk: SdkContext): FrameworkTool | undefined {
  try {
    const { toolName, toolCallId, input } = fieldsOf(request['toolCall'])
    const name = nameOf(toolName)
    const { execute, description } = fieldsOf(fieldsOf(request['tools'])[name ?? ''])
    if (name === undefined || typeof execute !== 'function') return undefined
    return startFrameworkTool(sdk, {
      name,
      callId: nameOf(toolCallId),
      description: textOf(description),
      arguments: input,
      kind: Reflect.get(execute, Symbol.toStringTag) === 'AsyncGeneratorFunction' ? 'async generator' : 'async',
    })
  } catch (error) {
    sdk.fault('ai: begin of a tool', error)
    return undefined
  }
}

/** AI SDK 7 wraps what 6 returns. */
const outputOf = (value: Fields): Fields => ('toolExecutionMs' in value ? fieldsOf(value['output']) : value)
