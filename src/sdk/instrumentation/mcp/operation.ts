import { createContextKey, SpanKind } from '@opentelemetry/api'
import type { Attributes, Context, Span } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_MCP_METHOD_NAME,
  MCP_METHOD_NAME_VALUE_TOOLS_CALL,
} from '../../../conventions.ts'
import { ambientOf, inheritedAttributes, withSpan } from '../../context.ts'
import { recordContent } from '../../tool.ts'
import { fieldsOf, isFields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'
import { connectionAttributes, serverAttributes } from './connection-attributes.ts'
import { spanName, subjectAttributes } from './message-attributes.ts'
import type { Subject } from './message-attributes.ts'

/** One operation as its caller sees it. Its requests are legs: the first one, and those of retries and of rounds that asked for input. */
export interface Operation {
  readonly protocol: object
  readonly subject: Subject
  readonly span: Span
  /** False: the span belongs to somebody else, who ends it. */
  readonly own: boolean
  /** Set by the last leg that the other side has answered with an error. */
  answeredWith: unknown
}

export interface OpenOperation {
  readonly operation: Operation
  readonly within: Context
}

/** Opens the CLIENT span of an operation, unless a span around it is about this very tool call: that one is completed instead. */
export function openOperation(
  sdk: SdkContext,
  outer: Context,
  protocol: object,
  subject: Subject,
  params: unknown,
): OpenOperation {
  const connection = { ...connectionAttributes(protocol), ...serverAttributes(protocol) }
  const claimed = claimToolSpan(outer, subject, connection)
  const span =
    claimed ??
    sdk.tracer.startSpan(
      spanName(subject),
      {
        kind: SpanKind.CLIENT,
        attributes: {
          ...inheritedAttributes(outer),
          ...subjectAttributes(subject, params, sdk.captureContent),
          ...connection,
        },
      },
      outer,
    )
  if (subject.method === MCP_METHOD_NAME_VALUE_TOOLS_CALL)
    recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, fieldsOf(params)['arguments'])
  const operation: Operation = { protocol, subject, span, own: claimed === undefined, answeredWith: undefined }
  return { operation, within: withSpan(outer.setValue(key, operation), span) }
}

/** The operation that a request is a leg of. */
export function operationAround(from: Context, protocol: object, subject: Subject): Operation | undefined {
  const around = from.getValue(key)
  return isOperation(around) &&
    around.protocol === protocol &&
    around.subject.method === subject.method &&
    around.subject.target === subject.target
    ? around
    : undefined
}

/** For what the other side asks meanwhile: it is no leg of anything. */
export const outsideOperations = (from: Context): Context => from.deleteValue(key)

const key = createContextKey('spanwarden.mcp.operation')

const isOperation = (value: unknown): value is Operation => isFields(value) && 'answeredWith' in value

/**
 * An `execute_tool` span around the call that is about this very tool is completed instead of doubled (MCP conventions), once: a second
 * call under the same span, a retry for instance, gets a span of its own.
 */
function claimToolSpan(outer: Context, { method, target }: Subject, connection: Attributes): Span | undefined {
  const { toolCall } = ambientOf(outer)
  if (method !== MCP_METHOD_NAME_VALUE_TOOLS_CALL || toolCall === undefined || target === undefined) return undefined
  // Frameworks that hold tools of several servers put the server's name in front.
  if (toolCall.name !== target && !toolCall.name.endsWith(`__${target}`)) return undefined
  if (claimed.has(toolCall.span)) return undefined
  claimed.add(toolCall.span)
  toolCall.span.setAttributes({ [ATTR_MCP_METHOD_NAME]: method, ...connection })
  return toolCall.span
}

const claimed = new WeakSet<Span>()
