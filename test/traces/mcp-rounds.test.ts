import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { mcpClient, mcpSdk, mcpServer } from '../../src/sdk/instrumentation/mcp.ts'
import { startHookedSdk } from '../support/hooked.ts'
import { serve } from '../support/mcp-desk.ts'
import { propagateAsThePreload, spanTree } from '../support/span-tree.ts'
import type * as FirstClientModule from '@modelcontextprotocol/sdk/client/index.js'
import type * as FirstHttpModule from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type * as FirstSseClientModule from '@modelcontextprotocol/sdk/client/sse.js'
import type * as FirstTasksModule from '@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js'
import type * as FirstMemoryModule from '@modelcontextprotocol/sdk/inMemory.js'
import type * as FirstServerModule from '@modelcontextprotocol/sdk/server/mcp.js'
import type * as FirstSseServerModule from '@modelcontextprotocol/sdk/server/sse.js'
import type * as FirstServerHttpModule from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type * as FirstTypesModule from '@modelcontextprotocol/sdk/types.js'
import type * as ClientModule from '@modelcontextprotocol/client'
import type * as ServerModule from '@modelcontextprotocol/server'

/* oxlint-disable typescript/consistent-type-assertions, unicorn/prefer-add-event-listener -- the edge: modules loaded by name; transports have no events */

const hooked = startHookedSdk([mcpSdk, mcpClient, mcpServer])
propagateAsThePreload()
const { tracer } = hooked.sdk

afterEach(() => {
  hooked.takeSpans()
  if (hooked.faults.length > 0) throw new Error(`faults: ${hooked.faults.map(String).join(', ')}`)
})

const nowhere = AsyncLocalStorage.snapshot()
const identity = { name: 'desk', version: '1' }
const text = (value: string): { content: { type: 'text'; text: string }[] } => ({
  content: [{ type: 'text', text: value }],
})
const inside = async (name: string): Promise<void> => tracer.startActiveSpan(name, async (span) => span.end())

describe('the second generation on the revision of 2026-07-28', () => {
  const load = async (): Promise<{ client: typeof ClientModule; server: typeof ServerModule }> => ({
    client: (await hooked.load('@modelcontextprotocol/client')) as unknown as typeof ClientModule,
    server: (await hooked.load('@modelcontextprotocol/server')) as unknown as typeof ServerModule,
  })

  test('server/discover is a span; a tool that asks for input is one call of two rounds; the answer of the person is inside', async () => {
    const { client: c, server: s } = await load()
    const handler = s.createMcpHandler(() => {
      const server = new s.McpServer(identity)
      server.registerTool('confirm', { inputSchema: z.object({}) }, async (_, { mcpReq }) => {
        await inside(`round ${mcpReq.inputResponses === undefined ? 1 : 2}`)
        if (mcpReq.inputResponses !== undefined) return text('done')
        return s.inputRequired({
          inputRequests: {
            sure: s.inputRequired.elicit({
              message: 'sure?',
              requestedSchema: { type: 'object', properties: { yes: { type: 'boolean' } } },
            }),
          },
        })
      })
      return server
    })
    const { url, stop } = await serve((request) => handler.fetch(request))
    const client = new c.Client(identity, {
      capabilities: { elicitation: {} },
      versionNegotiation: { mode: 'auto' },
    })
    client.setRequestHandler('elicitation/create', async () => {
      await inside('person')
      return { action: 'accept', content: { yes: true } }
    })
    const transport = new c.StreamableHTTPClientTransport(url)
    await client.connect(transport)
    // What a pipe delivers comes from nowhere: not from where it was asked for.
    const deliver = transport.onmessage
    transport.onmessage = (...message) => nowhere(() => deliver?.(...message))
    expect(await client.callTool({ name: 'confirm', arguments: {} })).toMatchObject(text('done'))
    await expect(client.callTool({ name: 'nope', arguments: {} })).rejects.toThrow('nope')
    await client.close()
    await stop()
    expect(spanTree(hooked.takeSpans(), ['mcp.protocol.version', 'jsonrpc.request.id'])).toMatchInlineSnapshot(`
      "CLIENT server/discover [jsonrpc.request.id=server-discover-probe-1]
        SERVER server/discover [mcp.protocol.version=2026-07-28 jsonrpc.request.id=server-discover-probe-1]
      CLIENT tools/call confirm [mcp.protocol.version=2026-07-28 jsonrpc.request.id=1]
        SERVER tools/call confirm [mcp.protocol.version=2026-07-28 jsonrpc.request.id=0]
          INTERNAL round 1
        INTERNAL person
        SERVER tools/call confirm [mcp.protocol.version=2026-07-28 jsonrpc.request.id=1]
          INTERNAL round 2
      CLIENT tools/call nope [mcp.protocol.version=2026-07-28 jsonrpc.request.id=2] ERROR(-32602)
        SERVER tools/call nope [mcp.protocol.version=2026-07-28 jsonrpc.request.id=2] ERROR(-32602)"
    `)
  })
})

describe('the first generation', () => {
  const load = async <Module>(path: string): Promise<Module> =>
    (await hooked.load(`@modelcontextprotocol/sdk/${path}.js`)) as unknown as Module

  test('a task: the stream of a tool call is one call, what it polls is inside; broken off it ends as well', async () => {
    const { Client } = await load<typeof FirstClientModule>('client/index')
    const { McpServer } = await load<typeof FirstServerModule>('server/mcp')
    const { InMemoryTransport } = await load<typeof FirstMemoryModule>('inMemory')
    const { InMemoryTaskStore, InMemoryTaskMessageQueue } = await load<typeof FirstTasksModule>(
      'experimental/tasks/stores/in-memory',
    )
    const server = new McpServer(identity, {
      capabilities: { tasks: { requests: { tools: { call: {} } } } },
      taskStore: new InMemoryTaskStore(),
      taskMessageQueue: new InMemoryTaskMessageQueue(),
    })
    server.experimental.tasks.registerToolTask(
      'dig',
      { inputSchema: { ok: z.boolean() } },
      {
        async createTask({ ok }, { taskStore }) {
          const task = await taskStore.createTask({ ttl: 60_000, pollInterval: 1 })
          await taskStore.storeTaskResult(task.taskId, 'completed', { ...text('gold'), isError: !ok })
          return { task }
        },
        getTask: (_, { taskStore, taskId }) => taskStore.getTask(taskId),
        getTaskResult: async (_, { taskStore, taskId }) => ({
          ...text(''),
          ...(await taskStore.getTaskResult(taskId)),
        }),
      },
    )
    const [here, there] = InMemoryTransport.createLinkedPair()
    await server.connect(there)
    const client = new Client(identity)
    await client.connect(here)
    await client.listTools()
    hooked.takeSpans()
    const kinds: string[] = []
    for (const ok of [true, false])
      for await (const message of client.experimental.tasks.callToolStream({ name: 'dig', arguments: { ok } }))
        kinds.push(message.type)
    for await (const message of client.experimental.tasks.callToolStream({ name: 'dig', arguments: { ok: true } })) {
      kinds.push(message.type)
      break
    }
    await expect(client.callTool({ name: 'dig', arguments: { ok: true } })).rejects.toThrow('task-based')
    await client.close()
    const stream = ['taskCreated', 'taskStatus', 'result']
    expect(kinds).toEqual([...stream, ...stream, 'taskCreated'])
    expect(spanTree(hooked.takeSpans())).toMatchInlineSnapshot(`
      "CLIENT tools/call dig
        SERVER tools/call dig
          CLIENT notifications/tasks/status
        CLIENT tasks/get
          SERVER tasks/get
        CLIENT tasks/result
          SERVER tasks/result
      CLIENT tools/call dig ERROR(tool_error)
        SERVER tools/call dig
          CLIENT notifications/tasks/status
        CLIENT tasks/get
          SERVER tasks/get
        CLIENT tasks/result
          SERVER tasks/result
      CLIENT tools/call dig
        SERVER tools/call dig
          CLIENT notifications/tasks/status
      CLIENT tools/call dig ERROR(-32600)"
    `)
  })

  test('a subclass of the client, progress, and a batch', async () => {
    const { Client } = await load<typeof FirstClientModule>('client/index')
    const { McpServer } = await load<typeof FirstServerModule>('server/mcp')
    const { StreamableHTTPClientTransport } = await load<typeof FirstHttpModule>('client/streamableHttp')
    const { WebStandardStreamableHTTPServerTransport } = await load<typeof FirstServerHttpModule>(
      'server/webStandardStreamableHttp',
    )
    class Patient extends Client {
      override callTool(
        ...args: Parameters<InstanceType<typeof Client>['callTool']>
      ): ReturnType<InstanceType<typeof Client>['callTool']> {
        const [params, schema, options] = args
        return super.callTool(params, schema, { ...options, timeout: 1_000 })
      }
    }
    const server = new McpServer(identity)
    server.registerTool('count', { inputSchema: {} }, async (_, { _meta, sendNotification }) => {
      const progressToken = _meta?.progressToken ?? 0
      for (const progress of [1, 2])
        await sendNotification({ method: 'notifications/progress', params: { progressToken, progress } })
      return text('2')
    })
    const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => 'desk-session' })
    await server.connect(transport)
    const { url, stop } = await serve((request) => transport.handleRequest(request))
    const client = new Patient(identity)
    await client.connect(new StreamableHTTPClientTransport(url))
    hooked.takeSpans()
    const progress: number[] = []
    await client.callTool({ name: 'count', arguments: {} }, undefined, {
      onprogress: (one) => progress.push(one.progress),
    })
    expect(progress).toEqual([1, 2])
    expect(spanTree(hooked.takeSpans())).toBe('CLIENT tools/call count\n  SERVER tools/call count')
    const call = (id: number): unknown => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'count' } })
    const answered = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-session-id': 'desk-session',
      },
      body: JSON.stringify([call(7), call(8)]),
    })
    expect((await answered.text()).match(/"result"/g)).toHaveLength(2)
    await client.close()
    await server.close()
    await stop()
    expect(spanTree(hooked.takeSpans(), ['jsonrpc.request.id'])).toBe(
      'SERVER tools/call count [jsonrpc.request.id=7]\nSERVER tools/call count [jsonrpc.request.id=8]',
    )
  })

  test('notifications that the library puts together stay together', async () => {
    const { Client } = await load<typeof FirstClientModule>('client/index')
    const { McpServer } = await load<typeof FirstServerModule>('server/mcp')
    const { InMemoryTransport } = await load<typeof FirstMemoryModule>('inMemory')
    const { ToolListChangedNotificationSchema } = await load<typeof FirstTypesModule>('types')
    const server = new McpServer(identity, { debouncedNotificationMethods: ['notifications/tools/list_changed'] })
    server.registerTool('look', {}, () => text('a'))
    const [here, there] = InMemoryTransport.createLinkedPair()
    await server.connect(there)
    const client = new Client(identity)
    let changes = 0
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void (changes += 1))
    await client.connect(here)
    hooked.takeSpans()
    for (let times = 0; times < 3; times += 1) server.sendToolListChanged()
    await client.ping()
    await client.close()
    expect(changes).toBe(1)
    const names = hooked.takeSpans().map(({ kind, name }) => `${kind} ${name}`)
    expect(names.filter((name) => name === '2 notifications/tools/list_changed')).toHaveLength(3)
    expect(names.filter((name) => name === '1 notifications/tools/list_changed')).toHaveLength(1)
  })

  test('over SSE, the transport of before; and an answer that is not what the tool has promised', async () => {
    const { Client } = await load<typeof FirstClientModule>('client/index')
    const { McpServer } = await load<typeof FirstServerModule>('server/mcp')
    const { SSEClientTransport } = await load<typeof FirstSseClientModule>('client/sse')
    const { SSEServerTransport } = await load<typeof FirstSseServerModule>('server/sse')
    const server = new McpServer(identity)
    server.registerTool('liar', { inputSchema: {} }, () => text('1'))
    let transport: FirstSseServerModule.SSEServerTransport | undefined
    const listener = createServer((request, response) => {
      if (request.method === 'POST') return void transport?.handlePostMessage(request, response)
      transport = new SSEServerTransport('/messages', response)
      void server.connect(transport)
    }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const address = listener.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const client = new Client(identity)
    await client.connect(new SSEClientTransport(new URL(`http://127.0.0.1:${port}/sse`)))
    hooked.takeSpans()
    // What the client has learnt of the tool is not what the tool does.
    Reflect.set(client, 'getToolOutputValidator', () => () => ({ valid: false }))
    await expect(client.callTool({ name: 'liar', arguments: {} })).rejects.toThrow('output schema')
    await client.close()
    await server.close()
    listener.close().closeAllConnections()
    const shown = ['network.transport', 'network.protocol.name', 'server.port', 'rpc.response.status_code']
    expect(spanTree(hooked.takeSpans(), shown)).toBe(
      `CLIENT tools/call liar [network.transport=tcp network.protocol.name=http server.port=${port}] ERROR(-32600)\n` +
        '  SERVER tools/call liar [network.transport=tcp network.protocol.name=http]',
    )
  })
})
/* oxlint-enable typescript/consistent-type-assertions, unicorn/prefer-add-event-listener */
