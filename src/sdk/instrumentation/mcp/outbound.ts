import { context } from '@opentelemetry/api'
import type { Context } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_JSONRPC_REQUEST_ID,
  MCP_METHOD_NAME_VALUE_INITIALIZE,
  MCP_METHOD_NAME_VALUE_TOOLS_CALL,
} from '../../../conventions.ts'
import { guarded } from '../../fail-span.ts'
import { observe } from '../../observe.ts'
import { recordContent } from '../../tool.ts'
import { fieldsOf, isFields, listOf, textOf } from '../fields.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'
import { connectionAttributes, noteProtocolVersion } from './connection-attributes.ts'
import { failIfToolError, failRequest } from './failure.ts'
import { isChatter, subjectOf } from './message-attributes.ts'
import { gateOfToolCall } from './gate.ts'
import { openOperation, operationAround } from './operation.ts'
import type { GuardedTool } from '../../guard/tool-gate.ts'
import type { Operation, OpenOperation } from './operation.ts'
import { withTraceContext } from './trace-context.ts'

type Send = (message: unknown) => unknown

/** A request of a `Protocol`: a span of its own, or one more leg of the operation around it. */
export function observeRequest(
  sdk: SdkContext,
  protocol: object,
  message: unknown,
  options: unknown,
  send: Send,
): unknown {
  const begun = attempt(sdk, 'beginning an MCP request', () => beginRequest(sdk, protocol, message))
  const { method, params } = fieldsOf(message)
  // A leg is part of a call that has asked.
  const isCall = method === MCP_METHOD_NAME_VALUE_TOOLS_CALL && begun?.leg !== true
  const checked = isCall ? gateOfToolCall(sdk, begun?.operation, params) : undefined
  if (begun === undefined) return checkedCall(checked, () => send(message))()
  const { operation, within, leg, sent } = begun
  const numbered = (): unknown => {
    const before = Reflect.get(protocol, '_requestMessageId')
    const promise = send(sent)
    if (Reflect.get(protocol, '_requestMessageId') !== before)
      operation.span.setAttribute(ATTR_JSONRPC_REQUEST_ID, String(before))
    return promise
  }
  return observe(checkedCall(checked, numbered), within, {
    returned: (result) => {
      if (leg) return
      finish(sdk, operation, () => {
        tellGate(checked, result)
        settle(sdk, operation, result)
      })
    },
    failed: (error) => {
      operation.answeredWith = error
      if (leg) return
      finish(sdk, operation, () => {
        checked?.failed(error)
        fail(sdk, operation, error, options)
      })
    },
  })
}

/** `callTool`: one operation, however many requests the client makes of it; what it thinks of the answer is its outcome as well. */
export function observeToolCall(
  sdk: SdkContext,
  protocol: object,
  params: unknown,
  options: unknown,
  call: () => unknown,
): unknown {
  const begun = attempt(sdk, 'beginning an MCP tool call', () => openToolCall(sdk, protocol, params))
  const checked = gateOfToolCall(sdk, begun?.operation, params)
  if (begun === undefined) return checkedCall(checked, call)()
  const { operation, within } = begun
  return observe(checkedCall(checked, call), within, {
    returned: (result) =>
      finish(sdk, operation, () => {
        tellGate(checked, result)
        settle(sdk, operation, result)
      }),
    failed: (error) =>
      finish(sdk, operation, () => {
        checked?.failed(error)
        fail(sdk, operation, error, options)
      }),
  })
}

/** `callToolStream`: messages on the way to a result or an error, which are messages, too. */
export function observeToolCallStream(
  sdk: SdkContext,
  protocol: object,
  params: unknown,
  options: unknown,
  call: () => unknown,
): unknown {
  const begun = attempt(sdk, 'beginning an MCP tool call', () => openToolCall(sdk, protocol, params))
  const checked = gateOfToolCall(sdk, begun?.operation, params, 'async generator')
  if (begun === undefined) return checkedCall(checked, call)()
  const { operation, within } = begun
  let last: Fields = {}
  return observe(checkedCall(checked, call), within, {
    item: (message) => (last = fieldsOf(message)),
    returned: () =>
      finish(sdk, operation, () => {
        if (last['type'] === 'error') checked?.failed(last['error'])
        else tellGate(checked, last['result'])
        if (last['type'] === 'error') fail(sdk, operation, last['error'], options)
        else if (last['type'] === 'result') settle(sdk, operation, last['result'])
      }),
    failed: (error) =>
      finish(sdk, operation, () => {
        checked?.failed(error)
        fail(sdk, operation, error, options)
      }),
  })
}

const checkedCall =
  (checked: GuardedTool | undefined, call: () => unknown): (() => unknown) =>
  () =>
    checked === undefined ? call() : checked.run(call)

const tellGate = (checked: GuardedTool | undefined, result: unknown): void =>
  checked?.returned(fieldsOf(result)['content'], fieldsOf(result)['isError'] === true)

export function observeNotification(sdk: SdkContext, protocol: object, message: unknown, send: Send): unknown {
  const begun = attempt(sdk, 'beginning an MCP notification', () => {
    const method = textOf(fieldsOf(message)['method'])
    if (!isFields(message) || method === undefined || isChatter(method)) return undefined
    const subject = subjectOf(method, message['params'])
    const open = openOperation(sdk, context.active(), protocol, subject, message['params'])
    // What has parameters is not put together with others of its kind.
    const debounced = listOf(fieldsOf(Reflect.get(protocol, '_options'))['debouncedNotificationMethods'])
    return { ...open, sent: debounced.includes(method) ? message : withTraceContext(message, open.within) }
  })
  if (begun === undefined) return send(message)
  const { operation, within, sent } = begun
  return observe(() => send(sent), within, {
    returned: () => finish(sdk, operation, () => undefined),
    failed: (error) => finish(sdk, operation, () => fail(sdk, operation, error, undefined)),
  })
}

/** The answer to a request asked for input: what provides it, and the next round, belong to the same operation. */
export function withinOperationOf(message: unknown, resolve: () => unknown): unknown {
  const within = isFields(message) ? contextOf.get(message) : undefined
  return within === undefined ? resolve() : context.with(within, resolve)
}

const contextOf = new WeakMap<object, Context>()

interface BegunRequest extends OpenOperation {
  readonly leg: boolean
  readonly sent: Fields
}

function beginRequest(sdk: SdkContext, protocol: object, message: unknown): BegunRequest | undefined {
  const method = textOf(fieldsOf(message)['method'])
  if (!isFields(message) || method === undefined) return undefined
  const outer = context.active()
  const subject = subjectOf(method, message['params'])
  const around = operationAround(outer, protocol, subject)
  const open =
    around === undefined
      ? openOperation(sdk, outer, protocol, subject, message['params'])
      : { operation: around, within: outer }
  const sent = withTraceContext(message, open.within)
  contextOf.set(sent, open.within)
  return { ...open, leg: around !== undefined, sent }
}

function openToolCall(sdk: SdkContext, protocol: object, params: unknown): OpenOperation {
  return openOperation(sdk, context.active(), protocol, subjectOf(MCP_METHOD_NAME_VALUE_TOOLS_CALL, params), params)
}

function settle(sdk: SdkContext, { protocol, span, subject }: Operation, result: unknown): void {
  if (subject.method === MCP_METHOD_NAME_VALUE_INITIALIZE) {
    noteProtocolVersion(protocol, result)
    // Only now the version and the session are known.
    span.setAttributes(connectionAttributes(protocol))
  }
  if (subject.method !== MCP_METHOD_NAME_VALUE_TOOLS_CALL) return
  recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_RESULT, fieldsOf(result)['content'])
  failIfToolError(span, result)
}

function fail(sdk: SdkContext, { span, answeredWith }: Operation, error: unknown, options: unknown): void {
  const aborted = fieldsOf(fieldsOf(options)['signal'])['aborted'] === true
  failRequest(sdk, span, error, { answered: error === answeredWith, aborted })
}

function finish(sdk: SdkContext, { span, own }: Operation, describe: () => void): void {
  guarded(sdk, 'ending an MCP span', describe)
  if (own) span.end()
}

/** A fault of ours means an unobserved message, never a failed one. */
function attempt<Result>(sdk: SdkContext, where: string, begin: () => Result): Result | undefined {
  try {
    return begin()
  } catch (error) {
    sdk.fault(where, error)
    return undefined
  }
}
