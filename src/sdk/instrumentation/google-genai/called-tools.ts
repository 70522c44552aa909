import { context } from '@opentelemetry/api'
import { runToolCall } from '../../tool.ts'
import { fieldsOf, isFields, listOf, nameOf } from '../fields.ts'
import type { DenialError } from '../../guard/denial-error.ts'
import type { ShowDenial } from '../../guard/show-denial.ts'
import type { Context } from '@opentelemetry/api'
import type { ToolCall, ToolResult } from '../../tool.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'

type Method = (params: unknown) => unknown

/**
 * Automatic function calling: `generateContent` and `generateContentStream` call the tools that they are given (objects with `callTool`)
 * themselves. Both are functions that the constructor puts on each `Models` object; an accessor on the prototype takes that assignment and
 * puts the observed function there instead.
 */
export function observeCalledTools(models: unknown, sdk: SdkContext): void {
  const prototype: unknown = typeof models === 'function' ? models.prototype : undefined
  if (!isFields(prototype)) throw new TypeError('the class Models is missing')
  for (const method of ['generateContent', 'generateContentStream']) {
    Object.defineProperty(prototype, method, {
      configurable: true,
      enumerable: false,
      get: () => undefined,
      set(this: object, assigned: unknown) {
        const value = isMethod(assigned) ? withTools(assigned, sdk) : assigned
        Object.defineProperty(this, method, { value, configurable: true, writable: true, enumerable: true })
      },
    })
  }
}

const isMethod = (value: unknown): value is Method => typeof value === 'function'

function withTools(original: Method, sdk: SdkContext): Method {
  const observed: Method = (params) => original(observedParams(params, sdk))
  for (const key of ['name', 'length']) {
    Object.defineProperty(observed, key, { value: Reflect.get(original, key), configurable: true })
  }
  return observed
}

/** The caller's parameters, seen through a window in which the tools are observed; what the library changes, it changes in the caller's. */
function observedParams(params: unknown, sdk: SdkContext): unknown {
  try {
    const config = fieldsOf(params)['config']
    const tools = fieldsOf(config)['tools']
    if (!isFields(params) || !isFields(config) || !listOf(tools).some(isCallable)) return params
    if (isFixed(params, 'config') || isFixed(config, 'tools')) return params
    const seen = listOf(tools).map((tool) => (isCallable(tool) ? observedTool(tool, sdk) : tool))
    return window(params, 'config', () =>
      window(config, 'tools', () => (config['tools'] === tools ? seen : config['tools'])),
    )
  } catch (error) {
    sdk.fault('called tools: begin', error)
    return params
  }
}

/** A proxy must tell such a property as it is. */
function isFixed(target: object, key: string): boolean {
  const property = Object.getOwnPropertyDescriptor(target, key)
  return property?.configurable === false
}

const window = (target: object, key: string, value: () => unknown): object =>
  new Proxy(target, { get: (_, name, receiver) => (name === key ? value() : Reflect.get(target, name, receiver)) })

interface CallableTool extends Fields {
  callTool(calls: unknown): unknown
  tool(): unknown
}

/** The library's own tool calls an MCP client, whose spans are the tools'. */
const isCallable = (tool: unknown): tool is CallableTool =>
  isFields(tool) && typeof tool['callTool'] === 'function' && tool.constructor?.name !== 'McpCallableTool'

const observedTool = (tool: CallableTool, sdk: SdkContext): object =>
  Object.create(tool, {
    tool: { value: () => tool.tool(), enumerable: true },
    callTool: { value: (calls: unknown) => callTools(tool, calls, sdk), enumerable: true },
  })

/** The functions of one turn are called together: their spans stand side by side. */
function callTools(tool: CallableTool, calls: unknown, sdk: SdkContext): unknown {
  const outer = context.active()
  const functionCalls = listOf(calls).slice(0, CALLS_MAX).map(fieldsOf)
  const single = functionCalls.length === 1
  // They are called together or not at all.
  const showDenial = ({ message }: DenialError): unknown =>
    functionCalls.map(({ id, name }) => ({
      functionResponse: { ...(id === undefined ? {} : { id }), name, response: { error: message } },
    }))
  const run = functionCalls.reduceRight<() => unknown>(
    (inner, call, index) => () =>
      runToolCall(sdk, toolCallOf(call, index, showDenial), single ? inner : within(outer, inner)),
    () => tool.callTool(calls),
  )
  return run()
}

/** Function calls of one turn that are told. */
const CALLS_MAX = 256

const within =
  (outer: Context, work: () => unknown): (() => unknown) =>
  () =>
    context.with(outer, work)

const toolCallOf = ({ id, name, args }: Fields, index: number, showDenial: ShowDenial): ToolCall => ({
  showDenial,
  name: nameOf(name) ?? 'unknown',
  id: nameOf(id),
  input: args,
  resultOf: (parts) => resultOf(listOf(parts).map(fieldsOf), index, nameOf(id)),
})

/** The answer to one call: by its id, else by its place. A function says by the key `error` that it failed. */
function resultOf(parts: readonly Fields[], index: number, id: string | undefined): ToolResult {
  const answers = parts.map((part) => fieldsOf(part['functionResponse']))
  const answer = (id === undefined ? undefined : answers.find((one) => one['id'] === id)) ?? answers[index]
  const response = answer?.['response']
  return { content: response, failed: fieldsOf(response)['error'] !== undefined }
}
