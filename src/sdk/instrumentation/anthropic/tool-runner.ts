import {
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_MODEL,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
} from '../../../conventions.ts'
import { runAgentCall } from '../../agent.ts'
import { attempted } from '../../fail-span.ts'
import { runToolCall } from '../../tool.ts'
import { fieldsOf, isFields, nameOf } from '../fields.ts'
import { present } from '../present.ts'
import { replaceFunction } from '../replace-function.ts'
import type { AgentCall } from '../../agent.ts'
import type { ToolCall } from '../../tool.ts'
import type { Fields } from '../fields.ts'
import type { ModulePatch } from '../instrumentation.ts'

/**
 * `beta.messages.toolRunner()`: one run of its loop is an agent's. Whatever starts it (`for await`, `await`, `runUntilDone()`) takes the
 * runner's async iterator.
 */
export const toolRunner: ModulePatch = {
  file: /^lib\/tools\/BetaToolRunner\.(js|mjs)$/,
  names: ['BetaToolRunner'],
  patch: ({ BetaToolRunner }, sdk) => {
    const prototype: unknown = typeof BetaToolRunner === 'function' ? BetaToolRunner.prototype : undefined
    if (!isFields(prototype)) throw new TypeError('the tool runner is missing')
    const key = Symbol.asyncIterator
    const original: unknown = Reflect.get(prototype, key)
    if (typeof original !== 'function') throw new TypeError('the tool runner is no async iterable')
    const replacement = {
      [key](this: unknown): unknown {
        const run = (): unknown => Reflect.apply(original, this, [])
        const agent = attempted(sdk, 'tool runner: begin', () => agentOf(fieldsOf(this)))
        return agent === undefined ? run() : runAgentCall(sdk, agent, run)
      },
    }[key]
    Object.defineProperty(prototype, key, { value: replacement, configurable: true, writable: true, enumerable: false })
  },
}

/** The functions that run one tool, for the tool runner and for the one of a session (a hosted agent whose tools run here). */
export const runnableTools: readonly ModulePatch[] = [
  runs(/^lib\/tools\/BetaRunnableTool\.(js|mjs)$/, 'runRunnableTool', ([tool, input, options]) => ({
    ...toolOf(tool, fieldsOf(options)),
    input,
    resultOf: (returned) => {
      const { content, isError } = fieldsOf(returned)
      return { content, failed: isError === true }
    },
    showDenial: ({ message }) => ({ content: message, isError: true }),
  })),
  runs(/^lib\/internal\/toolsets\/run\.(js|mjs)$/, 'runToolsetMember', ([toolset, toolUse]) => ({
    ...toolOf(toolset, { toolUse }),
    input: fieldsOf(toolUse)['input'],
    resultOf: (returned) => {
      const { content, is_error: isError } = fieldsOf(returned)
      return { content, failed: isError === true }
    },
    showDenial: ({ message }) => ({
      type: 'tool_result',
      tool_use_id: fieldsOf(toolUse)['id'],
      content: message,
      is_error: true,
    }),
  })),
]

const toolOf = (tool: unknown, { toolUse }: Fields): Pick<ToolCall, 'name' | 'id' | 'description'> => ({
  name: nameOf(fieldsOf(toolUse)['name']) ?? nameOf(fieldsOf(tool)['name']) ?? 'unknown',
  id: nameOf(fieldsOf(toolUse)['id']),
  description: nameOf(fieldsOf(tool)['description']),
})

function runs(file: RegExp, name: string, toolCall: (args: readonly unknown[]) => ToolCall): ModulePatch {
  return {
    file,
    names: [name, 'exports'],
    patch: (bindings, sdk) =>
      replaceFunction(bindings, name, (original) => (args) => {
        const run = (): unknown => original(...args)
        const tool = attempted(sdk, `${name}: begin`, () => toolCall(args))
        return tool === undefined ? run() : runToolCall(sdk, tool, run)
      }),
  }
}

function agentOf(runner: Fields): AgentCall {
  const { model, output_config: config, output_format: format } = fieldsOf(runner['params'])
  const isJson = [fieldsOf(config)['format'], format].some((one) => fieldsOf(one)['type'] === 'json_schema')
  return {
    attributes: present({
      [ATTR_GEN_AI_REQUEST_MODEL]: nameOf(model),
      [ATTR_GEN_AI_OUTPUT_TYPE]: isJson ? GEN_AI_OUTPUT_TYPE_VALUE_JSON : undefined,
    }),
  }
}
