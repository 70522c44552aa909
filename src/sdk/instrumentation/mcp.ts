import type { Instrumentation, ModulePatch, SdkContext } from './instrumentation.ts'
import { fieldsOf } from './fields.ts'
import { observeDispatch } from './mcp/inbound.ts'
import {
  observeNotification,
  observeRequest,
  observeToolCall,
  observeToolCallStream,
  withinOperationOf,
} from './mcp/outbound.ts'
import { observeProbe } from './mcp/probe.ts'
import { hasMethod, replaceMethod } from './mcp/replace-method.ts'

/** The first generation of the MCP SDK: client and server in one package. Both extend `Protocol`, as agents' own classes may. */
export const mcpSdk: Instrumentation = {
  library: '@modelcontextprotocol/sdk',
  main: 'Client',
  majors: [1],
  modules: [
    {
      file: /^dist\/(esm|cjs)\/shared\/protocol\.js$/,
      names: ['Protocol'],
      exported: { Protocol: ['Protocol', 'Client.__proto__', 'Server.__proto__'] },
      patch: ({ Protocol }, sdk) => patchProtocol(Protocol, sdk),
    },
    {
      file: /^dist\/(esm|cjs)\/client\/index\.js$/,
      names: ['Client'],
      exported: { Client: 'Client' },
      patch: ({ Client }, sdk) => patchCallTool(Client, 2, sdk),
    },
    {
      file: /^dist\/(esm|cjs)\/experimental\/tasks\/client\.js$/,
      names: ['ExperimentalClientTasks'],
      patch: ({ ExperimentalClientTasks }, sdk) => patchCallToolStream(ExperimentalClientTasks, sdk),
    },
  ],
}

/** The second generation's client. Its classes live in chunks whose names change with every release. */
export const mcpClient: Instrumentation = {
  library: '@modelcontextprotocol/client',
  main: 'Client',
  majors: [2],
  modules: inChunks(['Client', 'ProbeWindow'], ({ Client, ProbeWindow }, sdk) => {
    if (ProbeWindow !== undefined) patchProbe(ProbeWindow, sdk)
    if (Client === undefined) return
    patchProtocol(Client, sdk)
    patchCallTool(Client, 1, sdk)
  }),
}

/** The second generation's server, which brings its own copy of `Protocol`. */
export const mcpServer: Instrumentation = {
  library: '@modelcontextprotocol/server',
  main: 'Server',
  majors: [2],
  modules: inChunks(['Server'], ({ Server }, sdk) => {
    if (Server !== undefined) patchProtocol(Server, sdk)
  }),
}

/** Every file is asked for the classes; the main one must have the first of them, so that a release without it is told. */
function inChunks(names: readonly [string, ...string[]], patch: ModulePatch['patch']): ModulePatch[] {
  const insist: ModulePatch['patch'] = (bindings, sdk) => {
    if (typeof bindings[names[0]] !== 'function') throw new TypeError(`no class ${names[0]}`)
    patch(bindings, sdk)
  }
  return [
    { file: /^dist\/index\.mjs$/, names, exported: { [names[0]]: names[0] }, patch: insist },
    { file: /^dist\/(?!index\.mjs$)[\w-]+\.(mjs|cjs)$/, names, patch },
  ]
}

/** Messages in both directions, of whoever extends `Protocol`. The generations differ in the method through which all requests go. */
function patchProtocol(Protocol: unknown, sdk: SdkContext): void {
  const second = hasMethod(Protocol, '_requestWithSchemaViaCodec')
  // The second generation puts the codec of its protocol version first.
  const at = second ? 1 : 0
  replaceMethod(Protocol, second ? '_requestWithSchemaViaCodec' : 'request', (original, protocol, args) =>
    observeRequest(sdk, protocol, args[at], args[at + 2], (message) => original(replaced(args, at, message))),
  )
  replaceMethod(Protocol, second ? '_notificationViaCodec' : 'notification', (original, protocol, args) =>
    observeNotification(sdk, protocol, args[at], (message) => original(replaced(args, at, message))),
  )
  if (hasMethod(Protocol, '_resolveNonCompleteResult'))
    replaceMethod(Protocol, '_resolveNonCompleteResult', (original, _, args) =>
      withinOperationOf(fieldsOf(args[1])['request'], () => original(args)),
    )
  replaceMethod(Protocol, '_onrequest', (original, protocol, args) =>
    observeDispatch(sdk, protocol, requestHandlers, args[0], () => original(args)),
  )
  replaceMethod(Protocol, '_onnotification', (original, protocol, args) =>
    observeDispatch(sdk, protocol, notificationHandlers, args[0], () => original(args)),
  )
}

const requestHandlers = { registered: '_requestHandlers', fallback: 'fallbackRequestHandler' } as const
const notificationHandlers = { registered: '_notificationHandlers', fallback: 'fallbackNotificationHandler' } as const

function patchCallTool(Client: unknown, optionsAt: number, sdk: SdkContext): void {
  replaceMethod(Client, 'callTool', (original, client, args) =>
    observeToolCall(sdk, client, args[0], args[optionsAt], () => original(args)),
  )
}

function patchCallToolStream(Tasks: unknown, sdk: SdkContext): void {
  replaceMethod(Tasks, 'callToolStream', (original, tasks, args) => {
    const client: unknown = Reflect.get(tasks, '_client')
    if (typeof client !== 'object' || client === null) return original(args)
    return observeToolCallStream(sdk, client, args[0], args[2], () => original(args))
  })
}

function patchProbe(ProbeWindow: unknown, sdk: SdkContext): void {
  replaceMethod(ProbeWindow, 'exchange', (original, window, args) =>
    observeProbe(sdk, window, args[0], (build) => original(replaced(args, 0, build))),
  )
}

const replaced = (args: unknown[], at: number, value: unknown): unknown[] =>
  args[at] === value ? args : args.with(at, value)
