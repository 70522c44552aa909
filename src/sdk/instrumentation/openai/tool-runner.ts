import { runToolCall } from '../../tool.ts'
import { fieldsOf, isFields, listOf, nameOf } from '../fields.ts'
import { override } from '../raw-response.ts'
import type { DenialError } from '../../guard/denial-error.ts'
import type { Fields } from '../fields.ts'
import type { ModulePatch, SdkContext } from '../instrumentation.ts'

/**
 * `runTools()`: the functions that it calls are tools. The runner gets tools that inherit from the caller's, with the function observed; the
 * model calls between them are calls of `chat.completions.create`.
 */
export function toolRunner(file: RegExp): ModulePatch {
  return {
    file,
    names: ['AbstractChatCompletionRunner'],
    patch({ AbstractChatCompletionRunner: runner }, sdk) {
      const prototype: unknown = typeof runner === 'function' ? runner.prototype : undefined
      const run = fieldsOf(prototype)['_runTools']
      if (!isFields(prototype) || typeof run !== 'function')
        throw new TypeError('the runner class has no method _runTools')
      const replacement = {
        _runTools(this: unknown, client: unknown, params: unknown, ...more: unknown[]): unknown {
          return Reflect.apply(run, this, [client, observedParams(params, sdk), ...more])
        },
      }._runTools
      Object.defineProperty(replacement, 'length', { value: run.length, configurable: true })
      override(prototype, '_runTools', replacement)
    },
  }
}

function observedParams(params: unknown, sdk: SdkContext): unknown {
  if (!isFields(params) || !Array.isArray(params['tools'])) return params
  try {
    return { ...params, tools: params['tools'].map((tool: unknown) => observedTool(tool, sdk)) }
  } catch (error) {
    sdk.fault('tool runner: tools', error)
    return params
  }
}

/** Tools of the zod helper carry their function as `$callback`, others in `function.function`. */
function observedTool(tool: unknown, sdk: SdkContext): unknown {
  if (!isFields(tool)) return tool
  const described = fieldsOf(tool['function'])
  const callback = tool['$callback']
  if (isCallable(callback)) {
    return heir(tool, { $callback: observedFunction(callback, undefined, described, sdk) })
  }
  const { function: work, parse } = described
  if (!isCallable(work)) return tool
  const parsing =
    typeof parse === 'function' ? { parse: (...args: unknown[]) => Reflect.apply(parse, described, args) } : {}
  return heir(tool, {
    function: heir(described, { ...parsing, function: observedFunction(work, described, described, sdk) }),
  })
}

type Callable = (...args: unknown[]) => unknown

const isCallable = (value: unknown): value is Callable => typeof value === 'function'

const heir = (parent: object, own: Readonly<Record<string, unknown>>): unknown =>
  Object.create(
    parent,
    Object.fromEntries(
      Object.entries(own).map(([key, value]) => [key, { value, configurable: true, enumerable: true, writable: true }]),
    ),
  )

function observedFunction(work: Callable, receiver: unknown, described: Fields, sdk: SdkContext): unknown {
  const name = nameOf(described['name']) ?? work.name
  const description = nameOf(described['description'])
  const observed = function (this: unknown, ...args: unknown[]): unknown {
    const [input, runner] = args
    const id = callId(runner, name)
    // What a function throws ends the run; what it returns is shown to the model.
    const tool = { name, id, description, input, showDenial: ({ message }: DenialError) => message }
    return runToolCall(sdk, tool, () => Reflect.apply(work, receiver ?? this, args))
  }
  for (const key of ['name', 'length']) {
    Object.defineProperty(observed, key, { value: Reflect.get(work, key), configurable: true })
  }
  return observed
}

/** The runner does not say which call of its last message it makes: known where the message has one call of that tool. */
function callId(runner: unknown, name: string): string | undefined {
  const message = listOf(fieldsOf(runner)['messages'])
    .map(fieldsOf)
    .findLast(({ role }) => role === 'assistant')
  const calls = listOf(message?.['tool_calls'])
    .map(fieldsOf)
    .filter((call) => fieldsOf(call['function'])['name'] === name)
  return calls.length === 1 ? nameOf(calls[0]?.['id']) : undefined
}
