import { once } from 'node:events'
import { connect } from 'node:net'
import { Client, credentials, Metadata, status } from '@grpc/grpc-js'
import type { ServiceError } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'
import { post } from '../../../../test/support/post.ts'
import { startReceiver } from '../../../../test/support/running-receiver.ts'
import type { RunningReceiver } from '../../../../test/support/running-receiver.ts'
import { spanBatch } from '../../../../test/support/span-batch.ts'
import type { Authenticator } from '../../authenticators.ts'
import { RefusedError } from '../../component.ts'

const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const batch = spanBatch({ spans: [{ spanId: '0102030405060708' }] })
const asIs = (bytes: Buffer): Buffer => bytes

function call(
  { grpc }: RunningReceiver,
  headers: Record<string, string> = {},
  path = TRACES,
  message = batch,
): Promise<number> {
  const client = new Client(new URL(grpc).host, credentials.createInsecure())
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, asIs, asIs, message, metadata, (error: ServiceError | null) => {
      client.close()
      resolve(error?.code ?? status.OK)
    })
  })
}

const refusals = ({ metrics }: RunningReceiver, transport: string, code: number): number =>
  metrics.read('otelcol_receiver_refusals', { receiver: 'otlp', transport, status: String(code) }) ?? 0

const known: Authenticator = {
  accepts: ({ authorization }) => authorization === 'Known',
  challenge: 'Known realm="x"',
}
/** As one that has to compute: not at once. */
const slow: Authenticator = {
  async accepts({ authorization }) {
    await Promise.resolve()
    if (authorization === 'Busy') throw new RefusedError('busy', 'too many', { retryAfterMs: 2000 })
    return authorization === 'Known'
  },
}
const auth = { authenticator: 'who' }

describe.each([
  ['at once', known, true],
  ['at once, by node:http', known, false],
  ['later', slow, true],
])('an authenticator that answers %s', (_, who, fast_read) => {
  const start = () => startReceiver({ http: { auth, fast_read }, grpc: { auth }, authenticators: { who } })

  test('lets in whom it knows, and nobody else, and that is counted', async () => {
    await using receiver = await start()
    const url = `${receiver.http}/v1/traces`
    const json = { 'content-type': 'application/json' }
    for (const headers of [{}, { authorization: 'Other' }]) {
      const {
        status: code,
        headers: answered,
        body,
      } = await post(url, Buffer.from('{}'), { headers: { ...json, ...headers } })
      expect([code, answered['www-authenticate']]).toEqual([401, who.challenge ?? 'Bearer'])
      expect(JSON.parse(body.toString())).toMatchObject({ code: status.UNAUTHENTICATED })
      expect(await call(receiver, headers)).toBe(status.UNAUTHENTICATED)
    }
    expect([refusals(receiver, 'http', 401), refusals(receiver, 'grpc', 401)]).toEqual([2, 2])
    expect(receiver.received).toEqual([])
    const headers = { authorization: 'Known' }
    expect((await post(url, batch, { headers })).status).toBe(200)
    expect((await post(url, [batch], { headers })).status).toBe(200)
    expect(await call(receiver, headers)).toBe(status.OK)
    expect(receiver.received).toHaveLength(3)
  })

  test('the body of somebody unknown is not read', async () => {
    await using receiver = await start()
    const { hostname, port } = new URL(receiver.http)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    socket.write(
      'POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n',
    )
    const [answer]: unknown[] = await once(socket, 'data')
    expect(String(answer)).toContain('401 Unauthorized')
    expect(receiver.metrics.read('otelcol_receiver_in_flight_bytes', { receiver: 'otlp' })).toBe(0)
    socket.destroy()
  })

  test('reflection is for those it knows, health for all', async () => {
    await using receiver = await start()
    const reflection = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
    expect(await call(receiver, {}, reflection, Buffer.from([0x3a, 0]))).toBe(status.UNAUTHENTICATED)
    expect(await call(receiver, {}, '/grpc.health.v1.Health/Check', Buffer.alloc(0))).toBe(status.OK)
  })
})

test('an authenticator without time: 503 with Retry-After, UNAVAILABLE', async () => {
  await using receiver = await startReceiver({ http: { auth }, grpc: { auth }, authenticators: { who: slow } })
  const headers = { authorization: 'Busy' }
  const answer = await post(`${receiver.http}/v1/traces`, batch, { headers })
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, '2'])
  expect(await call(receiver, headers)).toBe(status.UNAVAILABLE)
})

test('credentials in the query, when they are asked for there', async () => {
  const inQuery = { authenticator: 'who', request_params: ['authorization'] }
  await using receiver = await startReceiver({ http: { auth: inQuery }, authenticators: { who: known } })
  expect((await post(`${receiver.http}/v1/traces?authorization=Known`, batch)).status).toBe(200)
  expect((await post(`${receiver.http}/v1/traces?authorization=Other`, batch)).status).toBe(401)
  await using without = await startReceiver({ http: { auth }, authenticators: { who: known } })
  expect((await post(`${without.http}/v1/traces?authorization=Known`, batch)).status).toBe(401)
})

test.each([
  [{}, 'no extension who says who may send'],
  [{ who: { requestHeaders: () => ({}) } }, 'is for exporters only'],
])('without an authenticator for it the receiver does not start', async (authenticators, message) => {
  await expect(startReceiver({ http: { auth }, authenticators })).rejects.toThrow(message)
  await expect(startReceiver({ grpc: { auth }, authenticators })).rejects.toThrow(message)
})

describe('web pages stay out of a listener on loopback', () => {
  const headersOf = (host: string, origin?: string) => ({ host, ...(origin === undefined ? {} : { origin }) })

  test.each([
    ['the address', 200, headersOf('127.0.0.1:4318')],
    ['another address of loopback', 200, headersOf('127.0.0.2')],
    ['localhost', 200, headersOf('LocalHost:4318')],
    ['IPv6', 200, headersOf('[::1]:4318')],
    ['a name that was made to point here (DNS rebinding)', 403, headersOf('evil.example:4318')],
    ['a name that begins like ours', 403, headersOf('localhost:4318.evil.example')],
    ['another one', 403, headersOf('127.0.0.1.evil.example')],
    ['another one with a port', 403, headersOf('127.0.0.1:1.evil.example:80')],
    ['a page of our own name', 403, headersOf('localhost:4318', 'https://evil.example')],
    ['a page without an origin', 403, headersOf('localhost:4318', 'null')],
    ['a page on this machine', 403, headersOf('localhost:4318', 'http://localhost:3000')],
  ])('%s: %i', async (_, code, headers) => {
    for (const fast_read of [true, false]) {
      await using receiver = await startReceiver({ http: { fast_read } })
      expect((await post(`${receiver.http}/v1/traces`, batch, { headers })).status).toBe(code)
      expect(receiver.received).toHaveLength(code === 200 ? 1 : 0)
      expect(refusals(receiver, 'http', 403)).toBe(code === 200 ? 0 : 1)
    }
  })

  test('but for those that are allowed', async () => {
    const http = { allowed_hosts: ['Sidecar.local'], cors: { allowed_origins: ['http://localhost:3000'] } }
    await using receiver = await startReceiver({ http })
    const send = async (headers: Record<string, string>) =>
      (await post(`${receiver.http}/v1/traces`, batch, { headers })).status
    expect(await send(headersOf('sidecar.local:80'))).toBe(200)
    expect(await send(headersOf('other.local'))).toBe(403)
    expect(await send(headersOf('localhost', 'http://localhost:3000'))).toBe(200)
    expect(await send(headersOf('localhost', 'http://localhost:3001'))).toBe(403)
  })

  test('other listeners answer to every name', async () => {
    await using open = await startReceiver({ http: { endpoint: '0.0.0.0:0' } })
    const url = new URL(open.http)
    url.hostname = '127.0.0.1'
    expect((await post(`${url.origin}/v1/traces`, batch, { headers: headersOf('sidecar.example') })).status).toBe(200)
    await using starred = await startReceiver({ http: { allowed_hosts: ['*'] } })
    expect((await post(`${starred.http}/v1/traces`, batch, { headers: headersOf('x.example') })).status).toBe(200)
  })

  test('a request without a host is refused', async () => {
    await using receiver = await startReceiver()
    const { hostname, port } = new URL(receiver.http)
    const socket = connect(Number(port), hostname)
    socket.write('POST /v1/traces HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}')
    const [answer]: unknown[] = await once(socket, 'data')
    expect(String(answer)).toContain('403')
    socket.destroy()
  })
})
