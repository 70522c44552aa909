import { languageModel } from './ai/language-model.ts'
import { observeModel } from './ai/model-method.ts'
import {
  asFunctionTool,
  noteErrorFunction,
  runBuiltInTool,
  runFunctionTool,
  tellFailure,
} from './openai-agents/agent-tool.ts'
import { runModel } from './openai-agents/agent-model.ts'
import { enterAgent, runRunner } from './openai-agents/run-scope.ts'
import { fieldsOf, isFields } from './fields.ts'
import { replaceFunction } from './replace-function.ts'
import type { Instrumentation, SdkContext } from './instrumentation.ts'

/**
 * `@openai/agents`: a run is an agent, so is each agent that takes over; model calls give way to the client's own span; tools.
 *
 * The library's tracing is left alone, its exporter and its switches with it: its processors are told of spans but do not run inside
 * them, so that a client's span would find neither its agent nor the span that has to give way, and with tracing disabled they are told
 * nothing. Guardrails and handoffs have no operation in the conventions: what they call is seen, a handoff shows as the next agent.
 */
export const openaiAgents: Instrumentation = {
  library: '@openai/agents-core',
  majors: [0],
  modules: [
    { file: /^dist\/run\.(js|mjs)$/, names: ['Runner'], patch: ({ Runner }, sdk) => observeRuns(Runner, sdk) },
    {
      file: /^dist\/runner\/tracing\.(js|mjs)$/,
      names: ['ensureAgentSpan', 'exports'],
      patch: (bindings, sdk) =>
        replaceFunction(bindings, 'ensureAgentSpan', (original) => (args) => {
          try {
            enterAgent(fieldsOf(args[0])['agent'], sdk)
          } catch (error) {
            sdk.fault('openai agents: next agent', error)
          }
          return original(...args)
        }),
    },
    {
      file: /^dist\/runner\/modelRetry\.(js|mjs)$/,
      names: ['getResponseWithRetry', 'getStreamedResponseWithRetry', 'exports'],
      patch(bindings, sdk) {
        replaceFunction(
          bindings,
          'getResponseWithRetry',
          (original) => (args) => runModel(args, false, () => original(...args), sdk),
        )
        replaceFunction(
          bindings,
          'getStreamedResponseWithRetry',
          (original) => (args) => runModel(args, true, () => original(...args), sdk),
        )
      },
    },
    {
      file: /^dist\/tool\.(js|mjs)$/,
      names: ['tool', 'defaultToolErrorFunction', 'invokeFunctionTool', 'exports'],
      patch: observeFunctionTools,
    },
    {
      file: /^dist\/runner\/toolExecution\.(js|mjs)$/,
      names: ['withToolFunctionSpan', 'withRunStateToolFunctionSpan', 'exports'],
      patch(bindings, sdk) {
        replaceFunction(
          bindings,
          'withRunStateToolFunctionSpan',
          (original) => (args) => asFunctionTool(() => original(...args)),
        )
        replaceFunction(
          bindings,
          'withToolFunctionSpan',
          (original) => (args) => runBuiltInTool(args[1], () => original(...args), sdk),
        )
      },
    },
  ],
}

/** The adapter for models of the AI SDK: it keeps the model to itself, so that the model is observed when the adapter looks at it. */
export const openaiAgentsExtensions: Instrumentation = {
  library: '@openai/agents-extensions',
  majors: [0],
  modules: [
    {
      file: /^dist\/ai-sdk\/index\.(js|mjs)$/,
      names: ['ensureSupportedModel'],
      patch: (bindings, sdk) =>
        replaceFunction(bindings, 'ensureSupportedModel', (original) => (args) => {
          try {
            observeModel(args[0], languageModel, sdk)
          } catch (error) {
            sdk.fault('openai agents: model of the AI SDK', error)
          }
          return original(...args)
        }),
    },
  ],
}

function observeRuns(runner: unknown, sdk: SdkContext): void {
  const prototype: unknown = typeof runner === 'function' ? runner.prototype : undefined
  const original = fieldsOf(prototype)['run']
  if (!isFields(prototype) || typeof original !== 'function') throw new TypeError('the runner has no method run')
  const replacement = {
    run(this: unknown, ...args: unknown[]): unknown {
      return runRunner(fieldsOf(this), args, () => Reflect.apply(original, this, args), sdk)
    },
  }.run
  Object.defineProperty(replacement, 'length', { value: original.length, configurable: true })
  Object.defineProperty(prototype, 'run', {
    value: replacement,
    configurable: true,
    writable: true,
    enumerable: false,
  })
}

/** The library compares with its own function for errors, so that one is replaced by name; a tool's own one is wrapped. */
function observeFunctionTools(bindings: Record<string, unknown>, sdk: SdkContext): void {
  replaceFunction(
    bindings,
    'invokeFunctionTool',
    (original) => (args) => runFunctionTool(fieldsOf(args[0]), () => original(...args), sdk),
  )
  replaceFunction(bindings, 'defaultToolErrorFunction', (original) => (args) => {
    tellFailure(args[1])
    return original(...args)
  })
  replaceFunction(bindings, 'tool', (original) => (args) => {
    const [options] = args
    const { errorFunction, outputSchema } = fieldsOf(options)
    // With a schema of its output, a tool shows its function to the caller.
    if (typeof errorFunction !== 'function' || outputSchema !== undefined) return noted(original(...args), options)
    const told = (...failed: unknown[]): unknown => {
      tellFailure(failed[1])
      return Reflect.apply(errorFunction, options, failed)
    }
    return noted(original({ ...fieldsOf(options), errorFunction: told }), options)
  })
}

function noted(tool: unknown, options: unknown): unknown {
  noteErrorFunction(tool, fieldsOf(options))
  return tool
}
