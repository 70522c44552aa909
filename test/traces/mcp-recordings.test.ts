import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { SpanKind } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import * as z from 'zod'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mcpClient, mcpSdk } from '../../src/sdk/instrumentation/mcp.ts'
import { argumentsHash } from '../support/arguments-hash.ts'
import { startHookedSdk } from '../support/hooked.ts'
import { describeWithData, sharedData } from '../support/shared-data.ts'
import { propagateAsThePreload } from '../support/span-tree.ts'
import type * as FirstClientModule from '@modelcontextprotocol/sdk/client/index.js'
import type * as FirstHttpModule from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type * as FirstMemoryModule from '@modelcontextprotocol/sdk/inMemory.js'
import type * as FirstTypesModule from '@modelcontextprotocol/sdk/types.js'
import type * as SecondClientModule from '@modelcontextprotocol/client'

interface Message {
  readonly id?: number | string
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly code: number }
}

interface Exchange {
  readonly meta: { readonly id: string }
  readonly request: { readonly method: string; readonly body: Message | null }
  readonly response: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body?: unknown
    readonly chunks?: readonly string[]
  }
  readonly expected: {
    readonly rpcMethod?: string | null
    readonly toolName?: string
    readonly promptName?: string
    readonly resourceUri?: string
    readonly argumentsSha256?: string
    readonly isError?: boolean
    readonly rpcErrorCode?: number
    readonly serverMessages?: readonly string[]
  }
}

interface Transcript {
  readonly meta: { readonly id: string }
  readonly clientMessages: readonly Message[]
  readonly serverMessages: readonly Message[]
}

/** What both generations do alike. */
interface Player {
  /** Connects over HTTP, or over memory to a peer that hears and says what it is given. */
  connectHttp(url: URL): Promise<void>
  connectPeer(hear: (message: Message, say: (answer: Message) => void) => void): Promise<void>
  request(message: Message): Promise<unknown>
  notify(method: string): Promise<void>
  terminate(): Promise<void>
}

const hooked = startHookedSdk([mcpSdk, mcpClient])
propagateAsThePreload()

/* oxlint-disable typescript/consistent-type-assertions, unicorn/prefer-add-event-listener -- the edge: modules loaded by name; transports have no events */
const players: [name: string, open: (modern: boolean) => Promise<Player>][] = [
  ['the first generation', () => openFirst()],
  ['the second generation', (modern) => openSecond(modern)],
]
const identity = { name: 'replay', version: '1' }
const capabilities = { sampling: {}, elicitation: {}, roots: {} }
const sampled = { model: 'stub', role: 'assistant' as const, content: { type: 'text' as const, text: 'sampled text' } }
const anything = z.looseObject({})

async function openFirst(): Promise<Player> {
  const load = (path: string): Promise<unknown> => hooked.load(`@modelcontextprotocol/sdk/${path}.js`)
  const { Client } = (await load('client/index')) as typeof FirstClientModule
  const { StreamableHTTPClientTransport } = (await load('client/streamableHttp')) as typeof FirstHttpModule
  const { InMemoryTransport } = (await load('inMemory')) as typeof FirstMemoryModule
  const types = (await load('types')) as typeof FirstTypesModule
  const client = new Client(identity, { capabilities })
  client.setRequestHandler(types.CreateMessageRequestSchema, () => sampled)
  client.setRequestHandler(types.ElicitRequestSchema, () => ({ action: 'decline' }))
  client.setRequestHandler(types.ListRootsRequestSchema, () => ({ roots: [] }))
  let transport: FirstHttpModule.StreamableHTTPClientTransport | undefined
  return {
    connectHttp: (url) => client.connect((transport = new StreamableHTTPClientTransport(url))),
    async connectPeer(hear) {
      const [here, there] = InMemoryTransport.createLinkedPair()
      there.onmessage = (message) =>
        hear(message as unknown as Message, (answer) => void there.send({ jsonrpc: '2.0', ...answer } as never))
      await there.start()
      await client.connect(here)
    },
    request(message) {
      const params = toolCallOf(message)
      if (params !== undefined) return client.callTool(params)
      return client.request({ method: message.method ?? '', ...paramsOf(message) }, anything)
    },
    notify: (method) => client.notification({ method } as never),
    async terminate() {
      await transport?.terminateSession()
      await client.close()
    },
  }
}

async function openSecond(modern: boolean): Promise<Player> {
  const { Client, InMemoryTransport, StreamableHTTPClientTransport } = (await hooked.load(
    '@modelcontextprotocol/client',
  )) as unknown as typeof SecondClientModule
  const client = new Client(identity, { capabilities, ...(modern ? { versionNegotiation: { mode: 'auto' } } : {}) })
  client.setRequestHandler('sampling/createMessage', () => sampled)
  client.setRequestHandler('elicitation/create', () => ({ action: 'decline' }))
  client.setRequestHandler('roots/list', () => ({ roots: [] }))
  let transport: SecondClientModule.StreamableHTTPClientTransport | undefined
  return {
    connectHttp: (url) => client.connect((transport = new StreamableHTTPClientTransport(url))),
    async connectPeer(hear) {
      const [here, there] = InMemoryTransport.createLinkedPair()
      there.onmessage = (message) =>
        hear(message as unknown as Message, (answer) => void there.send({ jsonrpc: '2.0', ...answer } as never))
      await there.start()
      await client.connect(here)
    },
    request(message) {
      const params = toolCallOf(message)
      if (params !== undefined) return client.callTool(params)
      return client.request({ method: message.method ?? '', ...paramsOf(message) }, anything)
    },
    notify: (method) => client.notification({ method } as never),
    async terminate() {
      await transport?.terminateSession()
      await client.close()
    },
  }
}
/* oxlint-enable typescript/consistent-type-assertions, unicorn/prefer-add-event-listener */

describeWithData('recordings/mcp', () => {
  const files = readdirSync(sharedData('recordings/mcp'))
  const read = <Content>(file: string): Content => JSON.parse(readFileSync(sharedData('recordings/mcp', file), 'utf8'))
  const sessions = files.filter((file) => file.startsWith('streamable-http')).map((file) => read<Exchange[]>(file))
  const transcripts = files.filter((file) => file.startsWith('stdio')).map((file) => read<Transcript>(file))

  test('the corpus has 57 recordings, failing ones among them', () => {
    const exchanges = sessions.flat()
    expect(exchanges.length + transcripts.length).toBe(57)
    expect(exchanges.some(({ expected }) => expected.isError === true)).toBe(true)
    expect(exchanges.some(({ expected }) => expected.rpcErrorCode !== undefined)).toBe(true)
  })

  let server: Server
  let url: URL
  let current: Exchange[] = []
  beforeAll(async () => {
    hooked.sdk.captureContent = true
    server = createServer((request, response) => void replay(request, response, current)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    url = new URL(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/mcp`)
  })
  afterAll(() => void server.close().closeAllConnections())

  describe.each(players)('%s of the client', (name, open) => {
    test.each(sessions.map((session) => [session[0]?.meta.id ?? '', session] as const))(
      'session %s',
      async (_, session) => {
        const modern = session[0]?.expected.rpcMethod === 'server/discover'
        // The first generation cannot ask for what the revision of 2026-07-28 has instead of a handshake: it plays the rest after one.
        const handshake =
          modern && name.includes('second') ? ['server/discover'] : ['initialize', 'notifications/initialized']
        current = [...session]
        const player = await open(modern)
        await player.connectHttp(url)
        const asked = session.filter(
          ({ expected: { rpcMethod } }) =>
            typeof rpcMethod === 'string' && !/^(?:initialize|server\/discover|notifications)/.test(rpcMethod),
        )
        for (const { request } of asked) await player.request(request.body ?? {}).catch(() => undefined)
        await player.terminate()
        const spans = hooked.takeSpans()
        const sent = spans.filter(({ kind }) => kind === SpanKind.CLIENT)
        expect(sent.map((span) => summary(span))).toEqual([
          ...handshake,
          ...asked.map(({ expected }) => expectedSummary(expected)),
        ])
        for (const span of sent)
          expect(span.attributes).toMatchObject({ 'network.transport': 'tcp', 'server.port': Number(url.port) })
        const received = spans.filter(({ kind }) => kind === SpanKind.SERVER)
        // The recorded stream of the session asks for the roots; what tools ask for on their way is in their answers.
        const opened = session.some(({ request }) => request.method === 'GET') ? ['roots/list'] : []
        expect(received.map((span) => summary(span)).toSorted()).toEqual(
          [
            ...opened,
            ...asked.flatMap(({ expected }) =>
              (expected.serverMessages ?? []).filter((method) => !method.startsWith('notifications/')),
            ),
          ].toSorted(),
        )
        expect(hooked.faults).toEqual([])
      },
    )

    test.each(transcripts.map((transcript) => [transcript.meta.id, transcript] as const))(
      'transcript %s',
      async (_, transcript) => {
        const discovers = transcript.clientMessages[0]?.method === 'server/discover'
        const second = name.includes('second')
        const exchanges = exchangesOf(transcript)
        // The client shakes hands in its own words: the first handshake that was answered well. All else is said past its helper methods.
        const handshake = exchanges.find(
          ({ asked, answered }) =>
            /^(?:initialize|server\/discover)$/.test(asked.method ?? '') && answered?.result !== undefined,
        )
        const others = exchanges.filter((exchange) => exchange !== handshake || (discovers && !second))
        const player = await open(discovers)
        await player.connectPeer(peerOf(discovers && !second ? undefined : handshake, others))
        for (const { asked } of others) {
          if (asked.id === undefined) await player.notify(asked.method ?? '')
          else await player.request(asked).catch(() => undefined)
        }
        await player.terminate()
        const spans = hooked.takeSpans()
        expect(spans.filter(({ kind }) => kind === SpanKind.CLIENT).map((span) => summary(span))).toEqual([
          ...(discovers && second ? ['server/discover'] : ['initialize', 'notifications/initialized']),
          ...others.map((exchange) => expectedSummary(expectedOf(exchange))),
        ])
        const asks = transcript.serverMessages.flatMap(({ method }) => method ?? [])
        expect(spans.filter(({ kind }) => kind === SpanKind.SERVER).map((span) => summary(span))).toEqual(asks)
        expect(hooked.faults).toEqual([])
      },
    )
  })
})

function toolCallOf({ method, params }: Message): { name: string; arguments?: Record<string, unknown> } | undefined {
  const { name, arguments: given } = params ?? {}
  if (method !== 'tools/call' || typeof name !== 'string') return undefined
  return { name, ...(given === undefined ? {} : { arguments: Object(given) }) }
}

const paramsOf = ({ params }: Message): { params?: Record<string, unknown> } => {
  if (params === undefined || params === null) return {}
  // The recorded client's own keys are not ours to send.
  const { _meta, ...rest } = params
  return { params: rest }
}

function summary({ name, attributes }: ReadableSpan): string {
  const error = attributes['error.type']
  const tool = attributes['gen_ai.tool.call.arguments']
  const code = attributes['rpc.response.status_code']
  return [
    name,
    ...(tool === undefined ? [] : [argumentsHash(JSON.parse(String(tool)))]),
    ...(attributes['mcp.resource.uri'] === undefined ? [] : [attributes['mcp.resource.uri']]),
    ...(error === undefined ? [] : [error]),
    ...(code === undefined ? [] : [`answered ${String(code)}`]),
  ].join(' ')
}

function expectedSummary(expected: Exchange['expected']): string {
  const { rpcMethod, toolName, promptName, argumentsSha256, resourceUri, isError, rpcErrorCode } = expected
  const target = toolName ?? promptName
  return [
    `${rpcMethod}${target === undefined ? '' : ` ${target}`}`,
    ...(argumentsSha256 === undefined ? [] : [argumentsSha256]),
    ...(resourceUri === undefined ? [] : [resourceUri]),
    ...(isError === true ? ['tool_error'] : []),
    ...(rpcErrorCode === undefined ? [] : [String(rpcErrorCode), `answered ${rpcErrorCode}`]),
  ].join(' ')
}

interface Spoken {
  readonly asked: Message
  readonly answered: Message | undefined
  /** What the server said of its own before it answered. */
  readonly before: readonly Message[]
}

/** What a client of the transcript said, with what became of it. Answers came in the order of the questions. */
function exchangesOf({ clientMessages, serverMessages }: Transcript): Spoken[] {
  const said = [...serverMessages]
  return clientMessages.flatMap((asked): Spoken[] => {
    if (asked.method === undefined || (asked.method === 'notifications/initialized' && asked.id === undefined))
      return []
    const at = asked.id === undefined ? -1 : said.findIndex((one) => one.method === undefined && one.id === asked.id)
    const taken = said.splice(0, at + 1)
    return [{ asked, answered: taken.at(-1), before: taken.slice(0, -1) }]
  })
}

function expectedOf({ asked, answered }: Spoken): Exchange['expected'] {
  const { name, uri, arguments: given } = asked.params ?? {}
  return {
    rpcMethod: asked.method ?? '',
    ...(asked.method === 'tools/call' && typeof name === 'string' ? { toolName: name } : {}),
    ...(asked.method === 'tools/call' && given !== undefined ? { argumentsSha256: argumentsHash(given) } : {}),
    ...(typeof uri === 'string' ? { resourceUri: uri } : {}),
    ...(answered?.result?.['isError'] === true ? { isError: true } : {}),
    ...(answered?.error === undefined ? {} : { rpcErrorCode: answered.error.code }),
  }
}

/** The server of a transcript. Without a recorded handshake it makes one up. */
function peerOf(
  handshake: Spoken | undefined,
  others: readonly Spoken[],
): (message: Message, say: (answer: Message) => void) => void {
  const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: identity }
  const left = [
    handshake ?? { asked: {}, answered: { result }, before: [] },
    ...others.filter(({ asked }) => asked.id !== undefined),
  ]
  return (message, say) => {
    // What has no id, and what answers the server, wants no answer.
    if (message.id === undefined || message.method === undefined) return
    const { answered, before = [] } = left.shift() ?? {}
    for (const one of before) say(one)
    say({ ...answered, id: message.id })
  }
}

/** The next recorded answer to such a request, with the id of now. */
async function replay(request: IncomingMessage, response: ServerResponse, left: Exchange[]): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const message: Message = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString())
  const at = left.findIndex(
    (one) => one.request.method === request.method && (one.request.body?.method ?? '') === (message.method ?? ''),
  )
  const [exchange] = at === -1 ? [] : left.splice(at, 1)
  if (exchange === undefined) return answerUnrecorded(request, response, message)
  const { status, headers, body, chunks: events } = exchange.response
  const session = headers['mcp-session-id']
  response.writeHead(status, {
    ...(status === 202 ? {} : { 'content-type': headers['content-type'] ?? 'application/json' }),
    ...(session === undefined ? {} : { 'mcp-session-id': session }),
  })
  if (events === undefined)
    return void response.end(withId(typeof body === 'string' ? body : JSON.stringify(body), message.id))
  for (const event of events)
    response.write(event.replaceAll(/^data: (\{.*)$/gm, (_, json: string) => `data: ${withId(json, message.id)}`))
  if (request.method !== 'GET') response.end()
}

/** What a session of the other revision needs that was not recorded. */
function answerUnrecorded(request: IncomingMessage, response: ServerResponse, message: Message): void {
  if (request.method !== 'POST') return void response.writeHead(request.method === 'DELETE' ? 200 : 405).end()
  if (message.method !== 'initialize') return void response.writeHead(202).end()
  const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: identity }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }))
}

function withId(json: string, id: number | string | undefined): string {
  if (json === '') return ''
  const message: Message = JSON.parse(json)
  return JSON.stringify(message.result !== undefined || message.error !== undefined ? { ...message, id } : message)
}
