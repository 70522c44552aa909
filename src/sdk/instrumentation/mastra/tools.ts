import { context, createContextKey } from '@opentelemetry/api'
import { ERROR_TYPE_VALUE_TOOL_ERROR } from '../../../conventions.ts'
import { observe } from '../../observe.ts'
import { fieldsOf, isFields, nameOf, textOf } from '../fields.ts'
import { startFrameworkTool } from '../framework-tool.ts'
import { gate, prototypeOf } from '../langchain/gate.ts'
import { replaceFunction } from '../replace-function.ts'
import { errorOf } from './agents.ts'
import type { FrameworkTool, ToolRequest } from '../framework-tool.ts'
import type { SdkContext } from '../instrumentation.ts'

/** Tools of every kind, as an agent gets them: Mastra's own, those of the AI SDK, agents and workflows that serve as tools. */
export function observeBuiltTools(bindings: Record<string, unknown>, sdk: SdkContext): void {
  // One of two files with this kind of name.
  if (bindings['CoreToolBuilder'] === undefined) return
  gate(prototypeOf(bindings, 'CoreToolBuilder'), 'createExecute', (_self, args, proceed) => {
    const execute = proceed()
    const { name, description } = fieldsOf(args[1])
    if (typeof execute !== 'function') return execute
    return async (input: unknown, options: unknown): Promise<unknown> => {
      const call = (): unknown => Reflect.apply(execute, undefined, [input, options])
      const request = {
        name: nameOf(name) ?? 'unknown',
        callId: nameOf(fieldsOf(options)['toolCallId']),
        description: textOf(description),
        arguments: input,
      }
      return runTool(request, call, { pending: true }, sdk)
    }
  })
}

/** Tools that workflows and networks call themselves. Inside what an agent calls they are the same call. */
export function observeTools(bindings: Record<string, unknown>, sdk: SdkContext): void {
  replaceFunction(bindings, 'createTool', (original) => (args) => {
    const tool = original(...args)
    const { execute, id, description } = fieldsOf(tool)
    if (!isFields(tool) || typeof execute !== 'function') return tool
    const observed = async function (this: unknown, ...given: unknown[]): Promise<unknown> {
      const call = (): unknown => Reflect.apply(execute, this, given)
      const outer = context.active().getValue(key)
      if (isOuterCall(outer)) {
        outer.pending = false
        return call()
      }
      const request = { name: nameOf(id) ?? 'unknown', callId: undefined, description: textOf(description) }
      return runTool({ ...request, arguments: given[0] }, call, undefined, sdk)
    }
    Object.defineProperty(observed, 'name', { value: execute.name, configurable: true })
    Object.defineProperty(observed, 'length', { value: execute.length, configurable: true })
    Reflect.set(tool, 'execute', observed)
    return tool
  })
}

/** An agent's call of a tool that has not come to the tool yet. */
interface OuterCall {
  pending: boolean
}

const key = createContextKey('spanwarden.mastra.tool')

const isOuterCall = (value: unknown): value is OuterCall => isFields(value) && value['pending'] === true

function runTool(request: ToolRequest, call: () => unknown, outer: OuterCall | undefined, sdk: SdkContext): unknown {
  const tool = begin(request, sdk)
  if (tool === undefined) return call()
  return observe(() => tool.run(call), tool.context.setValue(key, outer), {
    returned: (value) => {
      const { error, validationErrors } = fieldsOf(value)
      if (error === true && validationErrors !== undefined) tool.failed(value, ERROR_TYPE_VALUE_TOOL_ERROR)
      else tool.returned(value)
    },
    failed: (error) => tool.failed(errorOf(error)),
  })
}

function begin(request: ToolRequest, sdk: SdkContext): FrameworkTool | undefined {
  try {
    return startFrameworkTool(sdk, request)
  } catch (error) {
    sdk.fault('mastra: begin of a tool', error)
    return undefined
  }
}
