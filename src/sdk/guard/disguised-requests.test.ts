import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { connect as http2Connect, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Http2Server } from 'node:http2'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { rejectionOf, startGuardedSdk } from '../../../test/support/guarded-sdk.ts'
import type { GuardedSdk } from '../../../test/support/guarded-sdk.ts'
import { UnknownPriceError } from './denial-error.ts'

/** The parts of undici that the tests use; it is there for other packages. */
interface Undici {
  readonly Client: new (url: string) => { request: (options: object) => Promise<UndiciAnswer> }
}
interface UndiciAnswer {
  readonly statusCode: number
  readonly body: AsyncIterable<unknown>
}

const CANARY = 'q8-canary-8q'
const body = JSON.stringify({ messages: [{ role: 'user', content: CANARY }] })
const PATH = '/v1/chat/completions'
const ELSEWHERE = 'elsewhere.example'

let guarded: GuardedSdk
let server: Server
let other: Server
let http2Server: Http2Server
let undici: Undici
/** What has reached a server, on either. */
const reached: string[] = []
let port = 0
/** Of a server that is no model's. */
let otherPort = 0
let http2Port = 0

beforeAll(async () => {
  server = createServer(answer)
  other = createServer(answer)
  server.on('connect', ({ method, url }, socket) => {
    reached.push(`${method} ${url}`)
    socket.on('error', () => {})
    socket.end('HTTP/1.1 200 OK\r\n\r\n')
  })
  http2Server = createHttp2Server((asked, response) => {
    reached.push(`${asked.method} ${asked.url}`)
    response.end('{}')
  })
  for (const one of [server, other, http2Server]) {
    one.listen(0, '127.0.0.1')
    await once(one, 'listening')
  }
  port = portOf(server)
  otherPort = portOf(other)
  http2Port = portOf(http2Server)
  // By their ports: what else runs on this host is no model. By its name one that nothing answers for.
  guarded = await startGuardedSdk([], [`127.0.0.1:${port}`, `127.0.0.1:${http2Port}`, 'models.example'])
  const name: string = 'undici'
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
  undici = (await import(name)) as Undici
})
afterEach(async () => {
  reached.length = 0
  await guarded.reset(CANARY)
})
afterAll(async () => {
  await guarded[Symbol.asyncDispose]()
  server.close()
  other.close()
  http2Server.close()
})

function answer(asked: IncomingMessage, response: ServerResponse): void {
  reached.push(`${asked.method} ${asked.url}`)
  asked.resume().on('end', () => response.end('{}'))
}

const send = (options: object): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path: PATH, method: 'POST', ...options }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    sent.on('error', reject).end(body)
  })
const openTunnel = (): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path: `${ELSEWHERE}:443`, method: 'CONNECT' })
    sent.on('connect', (_, socket) => resolve(socket.destroy())).on('error', reject)
    sent.end()
  })
const sendUndici = async (options: object, host = `127.0.0.1:${port}`): Promise<unknown> => {
  const client = new undici.Client(`http://${host}`)
  const { statusCode, body: chunks } = await client.request({ path: PATH, method: 'POST', body, ...options })
  for await (const _ of chunks) continue
  return statusCode
}
const sendHttp2 = (headers: object): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const session = http2Connect(`http://127.0.0.1:${http2Port}`)
    session.on('error', reject)
    const stream = session.request({ ':path': PATH, ':method': 'POST', ...headers })
    stream.on('error', reject).on('response', (head) => resolve(head[':status']))
    stream.resume().on('close', () => session.close())
    stream.end(body)
  })

test.each<readonly [what: string, call: () => Promise<unknown>]>([
  ['node:http, another Host', () => send({ headers: { host: ELSEWHERE } })],
  ['node:http, another Host in a list', () => send({ headers: ['host', ELSEWHERE] })],
  ['node:http, the same Host with another port', () => send({ headers: { host: '127.0.0.1:1' } })],
  ['node:http, no Host', () => send({ setHost: false })],
  ['node:http, a path that is the URL of another host', () => send({ path: `http://${ELSEWHERE}${PATH}` })],
  ['node:http, a path that would be a host behind the name', () => send({ path: `@${ELSEWHERE}${PATH}` })],
  ['node:http, the Host of a model elsewhere', () => send({ host: 'localhost', headers: { host: 'models.example' } })],
  ['node:http, the same in a list', () => send({ host: 'localhost', headers: ['Host', 'models.example'] })],
  ['node:http, through a proxy', () => send({ host: 'localhost', path: `http://models.example${PATH}` })],
  ['undici, a path that is the URL of another host', () => sendUndici({ path: `http://${ELSEWHERE}${PATH}` })],
  ['undici, another origin than that of the client', () => sendUndici({ origin: `http://${ELSEWHERE}` })],
  ['undici, another Host', () => sendUndici({ headers: { host: ELSEWHERE } })],
  [
    'undici, the Host of a model elsewhere',
    () => sendUndici({ headers: { host: 'models.example' } }, `localhost:${otherPort}`),
  ],
  ['node:http2, another authority', () => sendHttp2({ ':authority': ELSEWHERE })],
  ['node:http2, another scheme', () => sendHttp2({ ':scheme': 'ftp' })],
  ['PUT', () => send({ method: 'PUT' })],
  ['PATCH', () => send({ method: 'PATCH' })],
  ['a method of its own', () => sendUndici({ method: 'QUERY' })],
  ['PUT by fetch', () => fetch(`http://127.0.0.1:${port}/v1/batches`, { method: 'PUT', body })],
])('a request to a model is one, whatever it is made to look like: %s', async (_, call) => {
  expect(await rejectionOf(call)).toBeInstanceOf(UnknownPriceError)
  expect(reached).toEqual([])
})

test.each<readonly [what: string, call: () => Promise<unknown>]>([
  ['node:http', () => send({ port: otherPort })],
  ['node:http, another Host', () => send({ port: otherPort, headers: { host: ELSEWHERE } })],
  ['node:http, as a proxy', () => send({ port: otherPort, path: `http://${ELSEWHERE}${PATH}` })],
  ['undici', () => sendUndici({}, `127.0.0.1:${otherPort}`)],
  [
    'undici, another origin than that of the client',
    () => sendUndici({ origin: `http://${ELSEWHERE}` }, `127.0.0.1:${otherPort}`),
  ],
  ['a tunnel', () => openTunnel()],
  ['a list of models', () => fetch(`http://127.0.0.1:${port}/v1/models`)],
  ['a file that goes', () => fetch(`http://127.0.0.1:${port}/v1/files/f`, { method: 'DELETE' })],
])('what does not go to a model, or costs nothing, passes: %s', async (_, call) => {
  await call()
  expect(reached).toHaveLength(1)
})

const portOf = (listening: { address(): AddressInfo | string | null }): number => {
  const address = listening.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}
