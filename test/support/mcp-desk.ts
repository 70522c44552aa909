import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import * as z from 'zod'
import type * as SecondClientModule from '@modelcontextprotocol/client'
import type * as FirstClientModule from '@modelcontextprotocol/sdk/client/index.js'
import type * as FirstHttpModule from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type * as FirstMemoryModule from '@modelcontextprotocol/sdk/inMemory.js'
import type * as FirstServerModule from '@modelcontextprotocol/sdk/server/mcp.js'
import type * as FirstServerHttpModule from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type * as FirstTypesModule from '@modelcontextprotocol/sdk/types.js'
import type * as SecondServerModule from '@modelcontextprotocol/server'
import type { HookedSdk } from './hooked.ts'

/** What a call of the desk may be given besides its parameters; both generations take these. */
export interface CallOptions {
  readonly signal?: AbortSignal
  readonly timeout?: number
  readonly onprogress?: (progress: unknown) => void
}

export interface ToolCall {
  readonly name: string
  readonly arguments?: Record<string, unknown>
  readonly _meta?: Record<string, unknown>
}

/** The part of a client that both generations have alike. */
export interface DeskClient {
  listTools(): Promise<unknown>
  listPrompts(): Promise<unknown>
  getPrompt(params: { name: string }): Promise<unknown>
  listResources(): Promise<unknown>
  listResourceTemplates(): Promise<unknown>
  readResource(params: { uri: string }): Promise<unknown>
  complete(params: {
    ref: { type: 'ref/prompt'; name: string }
    argument: { name: string; value: string }
  }): Promise<unknown>
  ping(): Promise<unknown>
  setLoggingLevel(level: 'info'): Promise<unknown>
  sendRootsListChanged(): Promise<void>
  close(): Promise<void>
}

/** A client and a server of one generation, connected. */
export interface Desk extends AsyncDisposable {
  readonly client: DeskClient
  callTool(params: ToolCall, options?: CallOptions): Promise<unknown>
  /** A request past the helper methods, with any answer accepted. */
  request(message: { method: string; params?: Record<string, unknown> }, options?: CallOptions): Promise<unknown>
  /** The server tells that its tools have changed. */
  toolsChanged(): void
}

export interface DeskOptions {
  readonly transport: 'memory' | 'http'
  /** What the tools `look` and `work` do besides; runs inside the server's handler. */
  readonly work?: (meta: unknown, signal: AbortSignal) => unknown
  /** What the client does when the server asks it for a sample. */
  readonly sample?: () => unknown
}

export interface Generation {
  readonly name: string
  readonly format: 'esm' | 'cjs'
  open(hooked: HookedSdk, options: DeskOptions): Promise<Desk>
}

export const GENERATIONS: readonly Generation[] = (['esm', 'cjs'] as const).flatMap((format) => [
  {
    name: `@modelcontextprotocol/sdk 1 ${format}`,
    format,
    open: (hooked, options) => openFirst(hooked, format, options),
  },
  {
    name: `@modelcontextprotocol/client 2 ${format}`,
    format,
    open: (hooked, options) => openSecond(hooked, format, options),
  },
])

const sampleRequest = {
  messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'q' } }],
  maxTokens: 5,
}
const answer = (text: string, isError: boolean): { content: { type: 'text'; text: string }[]; isError: boolean } => ({
  content: [{ type: 'text', text }],
  isError,
})
const sample = { model: 'm', role: 'assistant' as const, content: { type: 'text' as const, text: 'a' } }
const identity = { name: 'desk', version: '1' }

/* oxlint-disable typescript/consistent-type-assertions -- the edge: modules loaded by name */
async function openFirst(hooked: HookedSdk, format: 'esm' | 'cjs', options: DeskOptions): Promise<Desk> {
  const load = (path: string): Promise<unknown> =>
    hooked.load(`@modelcontextprotocol/sdk/${path}.js`, { major: 'current', format })
  const { Client } = (await load('client/index')) as typeof FirstClientModule
  const { McpServer } = (await load('server/mcp')) as typeof FirstServerModule
  const { InMemoryTransport } = (await load('inMemory')) as typeof FirstMemoryModule
  const { StreamableHTTPClientTransport } = (await load('client/streamableHttp')) as typeof FirstHttpModule
  const http = (await load('server/webStandardStreamableHttp')) as typeof FirstServerHttpModule
  const { CreateMessageRequestSchema } = (await load('types')) as typeof FirstTypesModule
  const server = new McpServer(identity, { capabilities: { logging: {} } })
  server.registerTool('look', { inputSchema: { id: z.string() } }, async ({ id }, extra) => {
    await options.work?.(extra._meta, extra.signal)
    return answer(id, id === 'none')
  })
  server.registerTool('ask', {}, async () => answer((await server.server.createMessage(sampleRequest)).model, false))
  server.registerPrompt('greeting', {}, () => ({ messages: [] }))
  server.registerResource('page', 'mem://page', {}, () => ({ contents: [] }))
  const client = new Client(identity, { capabilities: { sampling: {}, roots: { listChanged: true } } })
  client.setRequestHandler(CreateMessageRequestSchema, async () => {
    await options.sample?.()
    return sample
  })
  let stop = async (): Promise<void> => undefined
  if (options.transport === 'memory') {
    const [here, there] = InMemoryTransport.createLinkedPair()
    await server.connect(there)
    await client.connect(here)
  } else {
    const transport = new http.WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => 'desk-session' })
    await server.connect(transport)
    const served = await serve((request) => transport.handleRequest(request))
    stop = served.stop
    await client.connect(new StreamableHTTPClientTransport(served.url))
  }
  return {
    client,
    callTool: (params, more) => client.callTool({ ...params }, undefined, more),
    request: (message, more) => client.request(message, z.looseObject({}), more),
    toolsChanged: () => server.sendToolListChanged(),
    async [Symbol.asyncDispose]() {
      await client.close()
      await server.close()
      await stop()
    },
  }
}

async function openSecond(hooked: HookedSdk, format: 'esm' | 'cjs', options: DeskOptions): Promise<Desk> {
  const load = (name: string): Promise<unknown> =>
    hooked.load(`@modelcontextprotocol/${name}`, { major: 'current', format })
  const { Client, InMemoryTransport, StreamableHTTPClientTransport } = (await load(
    'client',
  )) as typeof SecondClientModule
  const { McpServer, WebStandardStreamableHTTPServerTransport } = (await load('server')) as typeof SecondServerModule
  const server = new McpServer(identity, { capabilities: { logging: {} } })
  server.registerTool('look', { inputSchema: z.object({ id: z.string() }) }, async ({ id }, extra) => {
    await options.work?.(extra.mcpReq._meta, extra.mcpReq.signal)
    return answer(id, id === 'none')
  })
  server.registerTool('ask', {}, async (extra) =>
    answer((await extra.mcpReq.requestSampling(sampleRequest)).model, false),
  )
  server.registerPrompt('greeting', {}, () => ({ messages: [] }))
  server.registerResource('page', 'mem://page', {}, () => ({ contents: [] }))
  const client = new Client(identity, { capabilities: { sampling: {}, roots: { listChanged: true } } })
  client.setRequestHandler('sampling/createMessage', async () => {
    await options.sample?.()
    return sample
  })
  let stop = async (): Promise<void> => undefined
  if (options.transport === 'memory') {
    const [here, there] = InMemoryTransport.createLinkedPair()
    await server.connect(there)
    await client.connect(here)
  } else {
    const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => 'desk-session' })
    await server.connect(transport)
    const served = await serve((request) => transport.handleRequest(request))
    stop = served.stop
    await client.connect(new StreamableHTTPClientTransport(served.url))
  }
  return {
    client,
    callTool: (params, more) => client.callTool({ ...params }, more),
    request: (message, more) => client.request(message, z.looseObject({}), more),
    toolsChanged: () => server.sendToolListChanged(),
    async [Symbol.asyncDispose]() {
      await client.close()
      await server.close()
      await stop()
    },
  }
}
/* oxlint-enable typescript/consistent-type-assertions */

/** A server of this process that answers by `handle`; `url` ends in `/mcp`. */
export async function serve(
  handle: (request: Request) => Promise<Response>,
): Promise<{ url: URL; stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    respond(request, response, handle).catch((error: unknown) => response.destroy(new Error(String(error))))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    async stop() {
      server.close().closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  handle: (request: Request) => Promise<Response>,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const method = request.method ?? 'GET'
  const headers = Object.entries(request.headers).map(([key, value]): [string, string] => [key, String(value)])
  const body = method === 'POST' ? { body: Buffer.concat(chunks) } : {}
  const answered = await handle(
    new Request(`http://${request.headers.host}${request.url}`, { method, headers, ...body }),
  )
  response.writeHead(answered.status, Object.fromEntries(answered.headers)).flushHeaders()
  if (answered.body === null) return void response.end()
  const events = Readable.from(answered.body).on('error', () => response.destroy())
  response.on('close', () => events.destroy())
  events.pipe(response)
}
