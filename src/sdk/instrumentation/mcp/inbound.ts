import { SpanKind } from '@opentelemetry/api'
import type { Context, Span } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_JSONRPC_REQUEST_ID,
  ERROR_TYPE_VALUE_OTHER,
  MCP_METHOD_NAME_VALUE_INITIALIZE,
  MCP_METHOD_NAME_VALUE_TOOLS_CALL,
  ATTR_RPC_RESPONSE_STATUS_CODE,
} from '../../../conventions.ts'
import { inheritedAttributes, withAmbient, withSpan } from '../../context.ts'
import { failSpan, guarded } from '../../fail-span.ts'
import { observe } from '../../observe.ts'
import { recordContent } from '../../tool.ts'
import { fieldsOf, isFields, textOf } from '../fields.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'
import { present } from '../present.ts'
import { connectionAttributes, noteProtocolVersion } from './connection-attributes.ts'
import { failAnswer, failIfToolError, METHOD_NOT_FOUND } from './failure.ts'
import { isChatter, isProtocolMethod, spanName, subjectAttributes, subjectOf } from './message-attributes.ts'
import type { Subject } from './message-attributes.ts'
import { outsideOperations } from './operation.ts'
import { surroundingsOf } from './trace-context.ts'

/** The handlers of a `Protocol` for one kind of message. */
export interface Handlers {
  readonly registered: '_requestHandlers' | '_notificationHandlers'
  readonly fallback: 'fallbackRequestHandler' | 'fallbackNotificationHandler'
}

/**
 * A `Protocol` dispatches a message to its handler. The handler is looked up at once and called later; for the moment of the look-up an
 * observed one is in its place, which opens the SERVER span when it is called. Thus nobody's handler is wrapped for good, the fallback
 * is covered, and a message that is refused on the way leaves no open span.
 */
export function observeDispatch(
  sdk: SdkContext,
  protocol: object,
  kind: Handlers,
  message: unknown,
  dispatch: () => unknown,
): unknown {
  const handlers: unknown = Reflect.get(protocol, kind.registered)
  const method = textOf(fieldsOf(message)['method'])
  if (!(handlers instanceof Map) || !isFields(message) || method === undefined || isChatter(method)) return dispatch()
  const registered: unknown = handlers.get(method)
  const handler = registered ?? Reflect.get(protocol, kind.fallback)
  if (typeof handler !== 'function') {
    if (kind.registered === '_requestHandlers') reportUnhandled(sdk, protocol, message, method)
    return dispatch()
  }
  const open = prepare(sdk, protocol, message, method)
  if (open === undefined) return dispatch()
  handlers.set(method, (...args: unknown[]) =>
    observeHandler(sdk, protocol, open, args, () => Reflect.apply(handler, undefined, args)),
  )
  try {
    return dispatch()
  } finally {
    if (registered === undefined) handlers.delete(method)
    else handlers.set(method, registered)
  }
}

type Open = (extra: unknown) => Inbound | undefined

interface Inbound {
  readonly subject: Subject
  readonly span: Span
  readonly within: Context
}

/** Reads where the message belongs while it arrives: the handler runs after that. */
function prepare(sdk: SdkContext, protocol: object, message: Fields, method: string): Open | undefined {
  let open: Open | undefined
  guarded(sdk, 'receiving an MCP message', () => {
    const { params, id } = message
    const subject = subjectOf(method, params)
    const { parent, links } = surroundingsOf(fieldsOf(params)['_meta'])
    open = (extra) => {
      const attributes = {
        ...inheritedAttributes(parent),
        ...subjectAttributes(subject, params, sdk.captureContent),
        ...connectionAttributes(protocol, extra),
        ...present({ [ATTR_JSONRPC_REQUEST_ID]: isRequestId(id) ? String(id) : undefined }),
      }
      const span = sdk.tracer.startSpan(spanName(subject), { kind: SpanKind.SERVER, attributes, links }, parent)
      if (subject.method === MCP_METHOD_NAME_VALUE_TOOLS_CALL)
        recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, fieldsOf(params)['arguments'])
      const inside = withAmbient(outsideOperations(parent), { toolCall: undefined, modelCall: undefined })
      return { subject, span, within: withSpan(inside, span) }
    }
  })
  return open
}

function observeHandler(
  sdk: SdkContext,
  protocol: object,
  open: Open,
  args: readonly unknown[],
  call: () => unknown,
): unknown {
  let inbound: Inbound | undefined
  guarded(sdk, 'opening an MCP span', () => (inbound = open(args[1])))
  if (inbound === undefined) return call()
  const { subject, span, within } = inbound
  const end = (describe: () => void): void => {
    guarded(sdk, 'ending an MCP span', describe)
    span.end()
  }
  const aborted = (): boolean => isAborted(args[1])
  return observe(call, within, {
    returned: (result) =>
      end(() => {
        if (subject.method === MCP_METHOD_NAME_VALUE_INITIALIZE) {
          noteProtocolVersion(protocol, result)
          span.setAttributes(connectionAttributes(protocol, args[1]))
        }
        if (aborted()) return failAnswer(sdk, span, undefined, true)
        if (subject.method !== MCP_METHOD_NAME_VALUE_TOOLS_CALL) return
        recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_RESULT, fieldsOf(result)['content'])
        failIfToolError(span, result)
      }),
    failed: (error) => end(() => failAnswer(sdk, span, error, aborted())),
  })
}

/** A method that nobody handles is answered with an error. A name that is the asker's invention is not repeated. */
function reportUnhandled(sdk: SdkContext, protocol: object, message: Fields, method: string): void {
  guarded(sdk, 'receiving an MCP message', () => {
    const open = prepare(sdk, protocol, message, isProtocolMethod(method) ? method : ERROR_TYPE_VALUE_OTHER)
    const { span } = open?.(undefined) ?? {}
    if (span === undefined) return
    span.setAttribute(ATTR_RPC_RESPONSE_STATUS_CODE, METHOD_NOT_FOUND)
    failSpan(span, undefined, false, METHOD_NOT_FOUND)
    span.end()
  })
}

const isRequestId = (id: unknown): boolean => typeof id === 'string' || typeof id === 'number'

/** The signal of a request: `extra.signal` in the first generation, `context.mcpReq.signal` in the second. */
function isAborted(extra: unknown): boolean {
  const signal = fieldsOf(extra)['signal'] ?? fieldsOf(fieldsOf(extra)['mcpReq'])['signal']
  return fieldsOf(signal)['aborted'] === true
}
