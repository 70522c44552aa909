import { context, createContextKey } from '@opentelemetry/api'
import { toolArguments } from '../../content.ts'
import { observe } from '../../observe.ts'
import { fieldsOf, nameOf, textOf } from '../fields.ts'
import { startFrameworkTool } from '../framework-tool.ts'
import { agentContext } from './run-scope.ts'
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
  )
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

function runTool(request: () => ToolRequest, call: () => unknown, sdk: SdkContext): unknown {
  const tool = begin(request, sdk)
  if (tool === undefined) return call()
  const failure = new Failure()
  return observe(() => tool.run(call), tool.context.setValue(failureKey, failure), {
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
