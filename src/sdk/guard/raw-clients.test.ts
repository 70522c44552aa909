import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { connect as http2Connect, createServer as createHttp2Server } from 'node:http2'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type * as BedrockModule from '@aws-sdk/client-bedrock-runtime'
import type { AddressInfo } from 'node:net'
import type { IncomingMessage, Server } from 'node:http'
import type { Http2Server, ServerHttp2Stream } from 'node:http2'
import { rejectionOf, startGuardedSdk } from '../../../test/support/guarded-sdk.ts'
import type { GuardedSdk } from '../../../test/support/guarded-sdk.ts'
import { json, startModelServer } from '../../../test/support/model-server.ts'
import type { ModelServer } from '../../../test/support/model-server.ts'
import { completion, request } from '../../../test/support/openai-shapes.ts'
import { until } from '../../../test/support/until.ts'
import { bedrock } from '../instrumentation/bedrock.ts'
import { observePlainHttp } from '../instrumentation/plain-http.ts'
import { BudgetExhaustedError, StoppedError, UnknownPriceError } from './denial-error.ts'

const CANARY = 'q7-canary-7q'
const PATH = '/v1/chat/completions'
const body = JSON.stringify({ ...request, messages: [{ role: 'user', content: CANARY }] })

/** The parts of undici that the tests use; it is there for other packages. */
interface Undici {
  readonly request: (url: string, options: object) => Promise<UndiciAnswer>
  readonly fetch: typeof fetch
  readonly Pool: new (url: string) => { request: (options: object) => Promise<UndiciAnswer> }
  readonly RetryAgent: new (agent: object, options: object) => object
  readonly Agent: new () => object
}
interface UndiciAnswer {
  readonly statusCode: number
  readonly body: AsyncIterable<unknown>
}

let guarded: GuardedSdk
let server: ModelServer
let undici: Undici
let sockets: SocketServer
let aws: AwsServer

beforeAll(async () => {
  guarded = await startGuardedSdk([bedrock])
  observePlainHttp(guarded.hooked.sdk, ['127.0.0.1'])
  server = await startModelServer()
  sockets = await startSocketServer()
  aws = await startAwsServer()
  const name: string = 'undici'
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
  undici = (await import(name)) as Undici
})
afterEach(async () => {
  await guarded.reset(CANARY)
  server.requests.length = 0
  sockets.upgrades.length = 0
  aws.streams.length = 0
})
afterAll(async () => {
  await guarded[Symbol.asyncDispose]()
  await server.close()
  await sockets.close()
  await aws.close()
})

const send = (): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest(server.url + PATH, { method: 'POST' }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    sent.on('error', reject).end(body)
  })
const sendHttp2 = (): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const session = http2Connect(aws.url)
    session.on('error', reject)
    const stream = session.request({ ':path': '/model/m/converse', ':method': 'POST' })
    stream.on('error', reject).on('response', (headers) => resolve(headers[':status']))
    stream.resume().on('close', () => session.close())
    stream.end(body)
  })
const openSocket = (): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${sockets.url}/v1/realtime`)
    socket.addEventListener('open', () => resolve(socket))
    socket.addEventListener('error', (event) => reject(new Error('no socket', { cause: event })))
  })
const upgrade = (): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'a',
      'sec-websocket-version': '13',
    }
    const sent = httpRequest(`${sockets.url.replace('ws', 'http')}/v1/realtime`, { headers })
    sent
      .on('upgrade', (_, socket) => resolve(socket))
      .on('error', reject)
      .end()
  })

const readWhole = async (asked: Promise<UndiciAnswer>): Promise<number> => {
  const { statusCode, body: chunks } = await asked
  for await (const _ of chunks) continue
  return statusCode
}

const WAYS: readonly (readonly [name: string, rule: string, call: () => Promise<unknown>])[] = [
  ['node:http', 'node:http', send],
  ['node:http2', 'node:http2', sendHttp2],
  ['undici request()', 'undici', () => readWhole(undici.request(server.url + PATH, { method: 'POST', body }))],
  ['undici Pool', 'undici', () => readWhole(new undici.Pool(server.url).request({ path: PATH, method: 'POST', body }))],
  [
    'undici RetryAgent',
    'undici',
    () => {
      const dispatcher = new undici.RetryAgent(new undici.Agent(), { methods: ['POST'] })
      return readWhole(undici.request(server.url + PATH, { method: 'POST', body, dispatcher }))
    },
  ],
]

describe.each(WAYS)('%s to a model', (_, rule, call) => {
  test('is denied where a budget is set, before a byte is sent; its span says so', async () => {
    const error = await rejectionOf(call)
    expect(error).toBeInstanceOf(UnknownPriceError)
    expect(error).toMatchObject({ code: 'UNKNOWN_PRICE', rule })
    expect([...server.requests, ...aws.streams]).toEqual([])
    // What is sent by HTTP/2 has a span where a library is observed.
    const spans = rule === 'node:http2' ? [] : [['deny', `UNKNOWN_PRICE ${rule}`]]
    expect(guarded.decisions()).toEqual(spans)
  })

  test('passes without budgets, and is denied when the agent is stopped', async () => {
    await guarded.rules({ hasBudgets: false })
    server.answer(completion({ content: 'Hello' }))
    aws.answer = (stream) => stream.respond({ ':status': 200 }, { endStream: true })
    await call()
    expect([...server.requests, ...aws.streams]).toHaveLength(1)
    guarded.stop('s1')
    await guarded.stopped('s1')
    expect(await rejectionOf(call)).toBeInstanceOf(StoppedError)
    expect([...server.requests, ...aws.streams]).toHaveLength(1)
    await guarded.resume()
  })

  test('is cut by a stop', async () => {
    await guarded.rules({ hasBudgets: false })
    server.answer({ writes: [], ending: 'wait' })
    aws.answer = () => undefined
    void call().catch(() => undefined)
    await until(() => server.requests.length + aws.streams.length === 1)
    guarded.stop('s1')
    expect(await guarded.stopped('s1')).toBe(1)
    await guarded.resume()
  })
})

test('undici’s own fetch is denied, too', async () => {
  const error = await rejectionOf(() => undici.fetch(server.url + PATH, { method: 'POST', body }))
  expect(Reflect.get(Object(error), 'cause')).toBeInstanceOf(UnknownPriceError)
  expect(server.requests).toEqual([])
})

test('what asks by fetch is let through; a redirect is part of it, a second request is not', async () => {
  server.answer(
    { status: 307, headers: { location: `${server.url}/else${PATH}` }, writes: [] },
    completion({ content: 'Hello' }),
  )
  const answer = await fetch(server.url + PATH, { method: 'POST', body })
  expect(answer.status).toBe(200)
  expect(server.requests.map(({ path }) => path)).toEqual([PATH, `/else${PATH}`])
  expect(guarded.sidecar.saidOf('hold')).toHaveLength(1)
  const dispatcher = new undici.RetryAgent(new undici.Agent(), { methods: ['POST'], minTimeout: 1, statusCodes: [503] })
  server.answer(json({}, 503), completion({ content: 'Hello' }))
  server.requests.length = 0
  const options: object = { method: 'POST', body, dispatcher }
  await rejectionOf(() => fetch(server.url + PATH, options))
  expect(server.requests).toHaveLength(1)
})

describe('a WebSocket to a model', () => {
  test.each([
    ['WebSocket', openSocket],
    ['node:http', upgrade],
  ])('%s: is not opened where a budget is set', async (_, open) => {
    await rejectionOf(open)
    expect(sockets.upgrades).toEqual([])
  })

  test.each([
    ['WebSocket', openSocket],
    ['node:http', upgrade],
  ])('%s: is cut by a stop', async (_, open) => {
    await guarded.rules({ hasBudgets: false })
    await open()
    expect(sockets.upgrades).toHaveLength(1)
    const [socket] = sockets.upgrades
    if (socket === undefined) throw new Error('no socket')
    const closed = once(socket.socket, 'close')
    guarded.stop('s1')
    expect(await guarded.stopped('s1')).toBe(1)
    await closed
    await guarded.resume()
  })
})

describe('Bedrock by its own HTTP/2', () => {
  const modelId = 'us.anthropic.claude-haiku-4-5-20251001-v1:0'
  const USAGE = { inputTokens: 30, outputTokens: 6, totalTokens: 36 }
  const answer = (stream: ServerHttp2Stream): void => {
    const message = { role: 'assistant', content: [{ text: 'Hello' }] }
    stream.respond({ ':status': 200, 'content-type': 'application/json' })
    stream.end(JSON.stringify({ output: { message }, stopReason: 'end_turn', usage: USAGE, metrics: { latencyMs: 1 } }))
  }
  let library: typeof BedrockModule
  let runtime: BedrockModule.BedrockRuntime
  const ask = () => runtime.converse({ modelId, messages: [{ role: 'user', content: [{ text: CANARY }] }] })
  beforeAll(async () => {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    library = (await guarded.hooked.load('@aws-sdk/client-bedrock-runtime')) as unknown as typeof BedrockModule
    const credentials = { accessKeyId: 'id', secretAccessKey: 'key' }
    runtime = new library.BedrockRuntime({ region: 'us-east-1', endpoint: aws.url, credentials, maxAttempts: 3 })
  })

  test('is held for, limited before it is signed, and settled', async () => {
    aws.answer = answer
    await ask()
    const [stream] = aws.streams
    expect(JSON.parse(stream?.body ?? '')).toMatchObject({ inferenceConfig: { maxTokens: 500 } })
    expect(stream?.headers['content-length']).toBe(String(stream?.body.length))
    expect(stream?.headers['x-amz-content-sha256']).toBe(
      createHash('sha256')
        .update(stream?.body ?? '')
        .digest('hex'),
    )
    await until(() => guarded.sidecar.saidOf('settle').length === 1)
    expect(guarded.sidecar.saidOf('settle')[0]?.spent).toBeGreaterThan(0)
    expect(guarded.decisions()).toEqual([['allow', undefined]])
  })

  test('each attempt asks; a denial is not tried again', async () => {
    let first = true
    aws.answer = (stream) => {
      if (!first) return answer(stream)
      first = false
      stream.respond({ ':status': 503, 'content-type': 'application/json' })
      stream.end('{}')
    }
    await ask()
    expect(guarded.sidecar.saidOf('hold')).toHaveLength(2)
    guarded.sidecar.state.answer = () => ({ code: 'BUDGET_EXHAUSTED', rule: 'daily', message: 'spent' })
    expect(await rejectionOf(ask)).toBeInstanceOf(BudgetExhaustedError)
    expect(guarded.sidecar.saidOf('hold')).toHaveLength(3)
    expect(aws.streams).toHaveLength(2)
  })

  test('is cut by a stop', async () => {
    aws.answer = () => undefined
    const under = rejectionOf(ask)
    await until(() => aws.streams.length === 1)
    guarded.stop('s1')
    expect(await under).toBeInstanceOf(StoppedError)
    expect(await guarded.stopped('s1')).toBe(1)
    expect(aws.streams).toHaveLength(1)
    await guarded.resume()
  })

  test('what has no known price is denied: a video, a conversation in both directions', async () => {
    const command = new library.StartAsyncInvokeCommand({
      modelId: 'amazon.nova-reel-v1:0',
      modelInput: {},
      outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://bucket' } },
    })
    expect(await rejectionOf(() => runtime.send(command))).toBeInstanceOf(UnknownPriceError)
    expect(aws.streams).toEqual([])
  })
})

interface SocketServer {
  readonly url: string
  readonly upgrades: IncomingMessage[]
  close(): Promise<void>
}

/** Says yes to every WebSocket. */
async function startSocketServer(): Promise<SocketServer> {
  const upgrades: IncomingMessage[] = []
  const listening: Server = createServer()
  listening.on('upgrade', (message, socket) => {
    upgrades.push(message)
    const key = `${message.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    socket.on('error', () => undefined)
    socket.on('end', () => socket.end()).resume()
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
  })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  return {
    url: `ws://127.0.0.1:${portOf(listening)}`,
    upgrades,
    async close() {
      for (const { socket } of upgrades) socket.destroy()
      listening.close()
    },
  }
}

interface AwsServer {
  readonly url: string
  readonly streams: { readonly headers: Readonly<Record<string, unknown>>; readonly body: string }[]
  answer: (stream: ServerHttp2Stream) => void
  close(): Promise<void>
}

/** Speaks HTTP/2 without encryption; a request counts when it is there whole. */
async function startAwsServer(): Promise<AwsServer> {
  const listening: Http2Server = createHttp2Server()
  const made: AwsServer = {
    get url() {
      return `http://127.0.0.1:${portOf(listening)}`
    },
    streams: [],
    answer: () => undefined,
    close: async () => void listening.close(),
  }
  listening.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('error', () => undefined)
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      made.streams.push({ headers, body: Buffer.concat(chunks).toString('utf8') })
      made.answer(stream)
    })
  })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  return made
}

const portOf = (listening: { address(): AddressInfo | string | null }): number => {
  const address = listening.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}
