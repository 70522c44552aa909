import { context, createContextKey } from '@opentelemetry/api'
import { toolArguments } from '../../content.ts'
import { observe } from '../../observe.ts'
import { runShowingDenial } from '../../guard/show-denial.ts'
import { fieldsOf, isFields, nameOf, textOf } from '../fields.ts'
import { startFrameworkTool } from '../framework-tool.ts'
import { agentContext } from './run-scope.ts'
import type { DenialError } from '../../guard/denial-error.ts'
import type { ShowDenial } from '../../guard/show-denial.ts'
import type { Fields } from '../fields.ts'
import type { FrameworkTool, ToolRequest } from '../framework-tool.ts'
import type { SdkContext } from '../instrumentation.ts'

/** `invokeFunctionTool`: the tool itself, after approval and guardrails. */
export function runFunctionTool(args: Fields, call: () => unknown, sdk: SdkContext): unknown {
  const { tool, input, details } = args
  return runTool(
    () => ({
      name: nameOf(fieldsOf(tool)['name']) ?? 'unknown',
      callId: nameOf(fieldsOf(fieldsOf(details)['toolCall'])['callId']),
      description: textOf(fieldsOf(tool)['description']),
      arguments:
        (sdk.captureContent || sdk.guard !== undefined) && typeof input === 'string' ? toolArguments(input) : undefined,
    }),
    call,
    sdk,
    (denial) => shownDenial(tool, denial, args),
  )
}

/** Notes how a tool tells its errors: a function, `null` where it throws them, undefined for the library's own way. */
export function noteErrorFunction(tool: unknown, { errorFunction, outputSchema }: Fields): void {
  if (!isFields(tool)) return
  const throws = errorFunction === null || (errorFunction === undefined && outputSchema !== undefined)
  errorFunctions.set(tool, throws ? null : errorFunction)
}

const errorFunctions = new WeakMap<object, unknown>()

/** What the model is shown instead of the result: as the tool tells its errors. The library's own words are "please try again". */
function shownDenial(tool: unknown, denial: DenialError, { runContext, details }: Fields): unknown {
  const told = isFields(tool) ? errorFunctions.get(tool) : undefined
  if (told === null) throw denial
  return typeof told === 'function' ? Reflect.apply(told, undefined, [runContext, denial, details]) : denial.message
}

/** Tools of the library's own kinds (shell, patch, computer), of which it tells the name. */
export function runBuiltInTool(name: unknown, call: () => unknown, sdk: SdkContext): unknown {
  if (context.active().getValue(functionTool) === true) return call()
  return runTool(
    () => ({ name: nameOf(name) ?? 'unknown', callId: undefined, description: undefined, arguments: undefined }),
    call,
    sdk,
  )
}

/** Function tools come by where the built-in ones do; they have their own place. */
export const asFunctionTool = (call: () => unknown): unknown =>
  context.with(context.active().setValue(functionTool, true), call)

const functionTool = createContextKey('spanwarden.openai-agents.function')

function runTool(request: () => ToolRequest, call: () => unknown, sdk: SdkContext, show?: ShowDenial): unknown {
  const tool = begin(request, sdk)
  if (tool === undefined) return call()
  const failure = new Failure()
  const run = (): unknown =>
    show === undefined || sdk.guard === undefined
      ? tool.run(call)
      : runShowingDenial(
          (work) => tool.run(work),
          call,
          show,
          (error) => (failure.told = { error }),
        )
  return observe(run, tool.context.setValue(failureKey, failure), {
    returned: (value) => (failure.told === undefined ? tool.returned(value) : tool.failed(failure.told.error)),
    failed: (error) => tool.failed(error),
  })
}

function begin(request: () => ToolRequest, sdk: SdkContext): FrameworkTool | undefined {
  try {
    return context.with(agentContext(), () => startFrameworkTool(sdk, request()))
  } catch (error) {
    sdk.fault('openai agents: begin of a tool', error)
    return undefined
  }
}

/** A tool that failed answers the model with a text; only the function that makes the text gets the error. */
class Failure {
  told: { readonly error: unknown } | undefined
}

const failureKey = createContextKey('spanwarden.openai-agents.failure')

/** The open tool call has failed with `error`. */
export function tellFailure(error: unknown): void {
  const failure = context.active().getValue(failureKey)
  if (failure instanceof Failure) failure.told ??= { error }
}
