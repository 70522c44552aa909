import { context, propagation, SpanKind } from '@opentelemetry/api'
import type { Attributes, Context, Span } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_MCP_METHOD_NAME,
  ATTR_MCP_PROTOCOL_VERSION,
  ATTR_MCP_SESSION_ID,
  ATTR_NETWORK_TRANSPORT,
  ATTR_RPC_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ERROR_TYPE_VALUE_TOOL_ERROR,
  GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
  MCP_METHOD_NAME_VALUE_TOOLS_CALL,
  NETWORK_TRANSPORT_VALUE_PIPE,
  NETWORK_TRANSPORT_VALUE_TCP,
} from '../../conventions.ts'
import { ambientOf, inheritedAttributes, withSpan } from '../context.ts'
import { failSpan, guarded } from '../fail-span.ts'
import { errorType } from '../notices.ts'
import { observe } from '../observe.ts'
import { recordContent } from '../tool.ts'
import type { Instrumentation, SdkContext } from './instrumentation.ts'

/** Tool calls of the first generation of the MCP client: one package for client and server. */
export const mcpSdk: Instrumentation = {
  library: '@modelcontextprotocol/sdk',
  majors: [1],
  modules: [
    {
      file: /^dist\/(esm|cjs)\/client\/index\.js$/,
      names: ['Client'],
      patch: ({ Client }, sdk) => patchClient(Client, sdk),
    },
  ],
}

/** Tool calls of the second generation. Its class lives in a chunk whose name changes with every release. */
export const mcpClient: Instrumentation = {
  library: '@modelcontextprotocol/client',
  majors: [2],
  modules: [
    { file: /^dist\/index\.mjs$/, names: ['Client'], patch: ({ Client }, sdk) => patchClient(Client, sdk) },
    {
      file: /^dist\/(?!index\.mjs)[\w-]+\.(mjs|cjs)$/,
      names: ['Client'],
      patch: ({ Client }, sdk) => (Client === undefined ? undefined : patchClient(Client, sdk)),
    },
  ],
}

function patchClient(Client: unknown, sdk: SdkContext): void {
  const prototype: unknown = typeof Client === 'function' ? Client.prototype : undefined
  if (typeof prototype !== 'object' || prototype === null) throw new TypeError('no class Client')
  if (patched.has(prototype)) return
  const callTool: unknown = Reflect.get(prototype, 'callTool')
  if (typeof callTool !== 'function') throw new TypeError('no method callTool')
  patched.add(prototype)
  const observed = new Proxy(callTool, {
    apply: (original, client, args) => {
      const call = (replaced: unknown[]): unknown => Reflect.apply(original, client, replaced)
      const name = toolName(args[0])
      return name === undefined ? call(args) : observeToolCall(sdk, client, name, args, call)
    },
  })
  Reflect.defineProperty(prototype, 'callTool', {
    value: observed,
    configurable: true,
    writable: true,
    enumerable: false,
  })
}

const patched = new WeakSet()

function observeToolCall(
  sdk: SdkContext,
  client: unknown,
  name: string,
  args: unknown[],
  call: (args: unknown[]) => unknown,
): unknown {
  const outer = context.active()
  const { span, own } = spanOf(sdk, outer, client, name)
  const within = own ? withSpan(outer, span) : outer
  recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, field(args[0], 'arguments'))
  const end = (settle: () => void): void => {
    guarded(sdk, 'ending an MCP span', settle)
    if (own) span.end()
  }
  return observe(() => call([withTraceContext(args[0], within), ...args.slice(1)]), within, {
    returned: (result) =>
      end(() => {
        recordContent(sdk, span, ATTR_GEN_AI_TOOL_CALL_RESULT, field(result, 'content'))
        if (field(result, 'isError') === true) failSpan(span, undefined, false, ERROR_TYPE_VALUE_TOOL_ERROR)
      }),
    failed: (error) => end(() => failCall(sdk, span, error)),
  })
}

/**
 * An `execute_tool` span around the call that is about this very tool is completed instead of doubled (MCP conventions), once: a second
 * call under the same span, a retry for instance, gets a span of its own.
 */
function spanOf(sdk: SdkContext, outer: Context, client: unknown, name: string): { span: Span; own: boolean } {
  const { toolCall } = ambientOf(outer)
  const attributes = protocolAttributes(client)
  if (toolCall !== undefined && toolCall.name === name && !completed.has(toolCall.span)) {
    completed.add(toolCall.span)
    toolCall.span.setAttributes(attributes)
    return { span: toolCall.span, own: false }
  }
  const span = sdk.tracer.startSpan(
    `${MCP_METHOD_NAME_VALUE_TOOLS_CALL} ${name}`,
    {
      kind: SpanKind.CLIENT,
      attributes: {
        ...inheritedAttributes(outer),
        [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
        [ATTR_GEN_AI_TOOL_NAME]: name,
        ...attributes,
      },
    },
    outer,
  )
  return { span, own: true }
}

const completed = new WeakSet<Span>()

function protocolAttributes(client: unknown): Attributes {
  const transport = field(client, 'transport')
  const attributes: Attributes = { [ATTR_MCP_METHOD_NAME]: MCP_METHOD_NAME_VALUE_TOOLS_CALL }
  const negotiated = field(client, 'getNegotiatedProtocolVersion')
  const version =
    typeof negotiated === 'function' ? Reflect.apply(negotiated, client, []) : field(transport, 'protocolVersion')
  if (typeof version === 'string') attributes[ATTR_MCP_PROTOCOL_VERSION] = version
  const session = field(transport, 'sessionId')
  if (typeof session === 'string') attributes[ATTR_MCP_SESSION_ID] = session
  return Object.assign(attributes, networkAttributes(transport))
}

function networkAttributes(transport: unknown): Attributes {
  const kind = typeof transport === 'object' && transport !== null ? transport.constructor.name : ''
  if (kind.startsWith('Stdio')) return { [ATTR_NETWORK_TRANSPORT]: NETWORK_TRANSPORT_VALUE_PIPE }
  if (!/^(StreamableHTTP|SSE|WebSocket)/.test(kind)) return {}
  const url = field(transport, '_url')
  const port = url instanceof URL ? Number(url.port || (/^(https|wss):$/.test(url.protocol) ? 443 : 80)) : undefined
  return {
    [ATTR_NETWORK_TRANSPORT]: NETWORK_TRANSPORT_VALUE_TCP,
    ...(url instanceof URL && port !== undefined
      ? { [ATTR_SERVER_ADDRESS]: url.hostname, [ATTR_SERVER_PORT]: port }
      : {}),
  }
}

/** A JSON-RPC error names itself by its code. */
function failCall(sdk: SdkContext, span: Span, error: unknown): void {
  const code = field(error, 'code')
  const rpc = typeof code === 'number' && Number.isInteger(code) ? String(code) : undefined
  if (rpc !== undefined) span.setAttribute(ATTR_RPC_RESPONSE_STATUS_CODE, rpc)
  failSpan(span, error, sdk.captureContent, rpc ?? errorType(error))
}

/** The parameters with `traceparent`, `tracestate` and `baggage` in `_meta` (SEP-414). The caller's object stays as it is; his own keys win. */
function withTraceContext(params: unknown, within: Context): unknown {
  if (typeof params !== 'object' || params === null) return params
  const carrier: Record<string, string> = {}
  propagation.inject(within, carrier)
  const own = field(params, '_meta')
  return { ...params, _meta: { ...carrier, ...(typeof own === 'object' && own !== null ? own : {}) } }
}

function toolName(params: unknown): string | undefined {
  const name = field(params, 'name')
  return typeof name === 'string' ? name : undefined
}

const field = (holder: unknown, key: string): unknown =>
  typeof holder === 'object' && holder !== null ? Reflect.get(holder, key) : undefined
