import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Client as SecondClient, StreamableHTTPClientTransport as SecondTransport } from '@modelcontextprotocol/client'
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { argumentsHash } from '../support/arguments-hash.ts'
import type { SdkContext } from '../../src/sdk/instrumentation/instrumentation.ts'
import { mcpClient, mcpSdk } from '../../src/sdk/instrumentation/mcp.ts'
import { describeWithData, sharedData } from '../support/shared-data.ts'

interface Recording {
  readonly meta: { readonly id: string }
  readonly request: { readonly body: { readonly method?: string; readonly params?: ToolCall } | null }
  readonly response: {
    readonly status: number
    readonly headers: Record<string, string>
    readonly body?: unknown
    readonly chunks?: readonly string[]
  }
  readonly expected: {
    readonly rpcMethod?: string
    readonly toolName?: string
    readonly argumentsSha256?: string
    readonly isError?: boolean
    readonly rpcErrorCode?: number
  }
}

interface ToolCall {
  readonly name: string
  readonly arguments?: Record<string, unknown>
}

describeWithData('recordings/mcp', () => {
  const calls = readdirSync(sharedData('recordings/mcp'))
    .filter((file) => file.startsWith('streamable-http'))
    .flatMap((file): Recording[] => [JSON.parse(readFileSync(sharedData('recordings/mcp', file), 'utf8'))].flat())
    .filter(({ expected }) => expected.rpcMethod === 'tools/call')

  test('the corpus has tool calls, failing ones among them', () => {
    expect(calls.length).toBeGreaterThan(15)
    expect(
      calls.some(({ expected }) => expected.isError === true) &&
        calls.some(({ expected }) => expected.rpcErrorCode !== undefined),
    ).toBe(true)
  })

  const exporter = new InMemorySpanExporter()
  const faults: string[] = []
  const sdk: SdkContext = {
    tracer: new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }).getTracer('test'),
    captureContent: true,
    fault: (where) => void faults.push(where),
    forget: () => undefined,
    now: () => performance.now(),
  }
  let server: Server
  let url: URL
  let current: Recording | undefined

  beforeAll(async () => {
    mcpSdk.modules[0]?.patch({ Client: FirstClient }, sdk)
    mcpClient.modules[0]?.patch({ Client: SecondClient }, sdk)
    server = createServer((request, response) => void answer(request, response, current)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    url = new URL(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/mcp`)
  })
  afterAll(() => void server.close().closeAllConnections())
  beforeEach(() => exporter.reset())

  describe.each([
    ['first', () => connected(new FirstClient({ name: 'replay', version: '1' }), new FirstTransport(url))],
    ['second', () => connected(new SecondClient({ name: 'replay', version: '1' }), new SecondTransport(url))],
  ])('the %s generation of the client', (_, connect) => {
    test.each(calls.map((call) => [call.meta.id, call] as const))('%s', async (_id, call) => {
      current = call
      const client = await connect()
      const params = call.request.body?.params ?? { name: '' }
      const outcome = await client.callTool({ name: params.name, arguments: params.arguments ?? {} }).then(
        (result) => ({ isError: result.isError === true }),
        (error: unknown) => ({
          code: typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined,
        }),
      )
      await client.close()
      const { toolName, argumentsSha256, isError = false, rpcErrorCode } = call.expected
      expect(outcome).toEqual(rpcErrorCode === undefined ? { isError } : { code: rpcErrorCode })
      expect(faults).toEqual([])
      const [span, ...others] = exporter.getFinishedSpans()
      expect(others).toEqual([])
      expect(span?.name).toBe(`tools/call ${toolName}`)
      expect(span?.attributes).toMatchObject({
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': toolName,
        'mcp.session.id': 'replay-session',
        'mcp.protocol.version': '2025-11-25',
        'network.transport': 'tcp',
        'server.address': '127.0.0.1',
        'server.port': Number(url.port),
      })
      expect(argumentsHash(JSON.parse(String(span?.attributes['gen_ai.tool.call.arguments'])))).toBe(argumentsSha256)
      expect(span?.attributes['error.type']).toBe(
        rpcErrorCode === undefined ? (isError ? 'tool_error' : undefined) : String(rpcErrorCode),
      )
    })
  })
})

async function connected<Transport, Client extends { connect(transport: Transport): Promise<void> }>(
  client: Client,
  transport: Transport,
): Promise<Client> {
  await client.connect(transport)
  return client
}

/** The recorded answer to the tool call, with the id of this one; everything else as a server of that revision answers. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  recording: Recording | undefined,
): Promise<void> {
  if (request.method !== 'POST') return void response.writeHead(request.method === 'DELETE' ? 200 : 405).end()
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const message: { id?: number; method?: string } = JSON.parse(Buffer.concat(chunks).toString())
  if (message.id === undefined || message.method === undefined) return void response.writeHead(202).end()
  if (message.method !== 'tools/call' || recording === undefined) {
    const result = {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'replay', version: '1' },
    }
    response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'replay-session' })
    return void response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }))
  }
  const { headers, body, chunks: events } = recording.response
  response.writeHead(recording.response.status, { 'content-type': headers['content-type'] ?? 'application/json' })
  if (events === undefined)
    return void response.end(withId(typeof body === 'string' ? body : JSON.stringify(body), message.id))
  for (const event of events)
    response.write(event.replaceAll(/^data: (\{.*)$/gm, (_, json: string) => `data: ${withId(json, message.id)}`))
  response.end()
}

function withId(json: string, id: number | undefined): string {
  const message: Record<string, unknown> = JSON.parse(json)
  return JSON.stringify('result' in message || 'error' in message ? { ...message, id } : message)
}
