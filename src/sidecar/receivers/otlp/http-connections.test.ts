import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { post } from '../../../../test/support/post.ts'
import { startReceiver } from '../../../../test/support/running-receiver.ts'
import type { RunningReceiver } from '../../../../test/support/running-receiver.ts'
import { spanBatch } from '../../../../test/support/span-batch.ts'
import { until } from '../../../../test/support/until.ts'

const batch = spanBatch({ spans: [{ spanId: '0102030405060708' }] })
const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

async function dial({ http }: RunningReceiver): Promise<{ socket: Socket; answer: Promise<string> }> {
  const { hostname, port } = new URL(http)
  const socket = connect(Number(port), hostname)
  sockets.push(socket)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1'))).on('error', () => {})
  const answer = new Promise<string>((resolve) => socket.once('close', () => resolve(text)))
  await once(socket, 'connect')
  return { socket, answer }
}

const closedFor = ({ metrics }: RunningReceiver, reason: string): number =>
  metrics.read('otelcol_receiver_closed_connections', { receiver: 'otlp', transport: 'http', reason }) ?? 0

/** The code of the Status in the body. */
const codeIn = (answer: string): unknown => Object(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).code

const HEAD = 'POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n'
const DEADLINE_EXCEEDED = 4
const INVALID_ARGUMENT = 3
const RESOURCE_EXHAUSTED = 8

describe.each([
  ['read straight into memory', true],
  ['read by node:http', false],
])('%s', (_, fast_read) => {
  test.each([
    ['a head that never ends, a byte at a time', 'POST /v1/traces HTTP/1.1\r\n', 'x'],
    ['a head that never comes', '', ''],
    ['a body that comes a byte at a time', `${HEAD}content-length: 50000\r\n\r\n`, 'x'],
    ['chunks that come a byte at a time', `${HEAD}transfer-encoding: chunked\r\n\r\n`, '1\r\nx\r\n'],
  ])('%s is ended, answered and counted', async (_name, start, drip) => {
    await using receiver = await startReceiver({
      http: { fast_read, read_header_timeout: '200ms', read_timeout: '300ms' },
    })
    const { socket, answer } = await dial(receiver)
    socket.write(start)
    const dripping = setInterval(() => socket.write(drip), 20)
    const text = await answer
    clearInterval(dripping)
    expect(text).toContain('408 Request Timeout')
    expect(codeIn(text)).toBe(DEADLINE_EXCEEDED)
    expect(closedFor(receiver, 'too slow')).toBe(1)
    expect((await post(`${receiver.http}/v1/traces`, batch)).status).toBe(200)
  })

  test.each([
    [
      'headers without end',
      () => `${HEAD}x: ${'y'.repeat(20_000)}\r\n\r\n`,
      '431',
      RESOURCE_EXHAUSTED,
      'headers too large',
    ],
    ['many headers', () => `${HEAD}${'x: y\r\n'.repeat(5000)}\r\n`, '431', RESOURCE_EXHAUSTED, 'headers too large'],
    ['another protocol', () => 'SSH-2.0-OpenSSH_9\r\n\r\n', '400', INVALID_ARGUMENT, 'malformed'],
    [
      'two lengths (smuggling)',
      () => `${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nab`,
      '400',
      INVALID_ARGUMENT,
      'malformed',
    ],
    [
      'a length and chunks (smuggling)',
      () => `${HEAD}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      '400',
      INVALID_ARGUMENT,
      'malformed',
    ],
    [
      'extensions of chunks without end (CVE-2024-22019)',
      () => `${HEAD}transfer-encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}`,
      '413',
      undefined,
      'malformed',
    ],
  ])('%s', async (_name, text, status, code, reason) => {
    await using receiver = await startReceiver({ http: { fast_read } })
    const { socket, answer } = await dial(receiver)
    socket.write(text())
    const answered = await answer
    // Refused as a request, when its head was fine.
    expect([status, '400']).toContain(answered.split(' ')[1])
    expect(code).toBe(code === undefined ? undefined : codeIn(answered))
    expect(closedFor(receiver, reason)).toBe(1)
    expect(receiver.received).toEqual([])
  })

  test('more connections than are allowed are closed and counted', async () => {
    await using receiver = await startReceiver({ http: { fast_read, max_connections: 2 } })
    await dial(receiver)
    await dial(receiver)
    const third = await dial(receiver)
    expect(await third.answer).toBe('')
    expect(closedFor(receiver, 'too many connections')).toBe(1)
  })

  test.each([{ keepalive: { enabled: false } }, { keep_alives_enabled: false }])(
    '%j: one request on each connection',
    async (keys) => {
      await using receiver = await startReceiver({ http: { fast_read, ...keys } })
      const { socket, answer } = await dial(receiver)
      socket.write(`${HEAD}content-length: ${batch.length}\r\n\r\n`)
      socket.write(batch)
      expect((await answer).toLowerCase()).toContain('connection: close')
    },
  )

  test.each([{ keepalive: { idle_timeout: '50ms' } }, { idle_timeout: '50ms' }])(
    '%j: ended when idle',
    async (keys) => {
      await using receiver = await startReceiver({ http: { fast_read, ...keys } })
      const { socket, answer } = await dial(receiver)
      socket.write(`${HEAD}content-length: ${batch.length}\r\n\r\n`)
      socket.write(batch)
      expect(await answer).toContain('200 OK')
    },
  )
})

test('a client that does not read its answers is cut off', async () => {
  const http = { fast_read: false, write_timeout: '100ms', response_headers: { 'x-large': 'y'.repeat(10_000) } }
  await using receiver = await startReceiver({ http })
  const { socket, answer } = await dial(receiver)
  socket.pause()
  const pipelined = `${HEAD}content-length: 0\r\n\r\n`.repeat(100)
  let isClosed = false
  socket.once('close', () => (isClosed = true))
  const pushing = setInterval(() => socket.write(pipelined), 5)
  // Its end shows as a write that fails.
  await until(() => isClosed || socket.destroyed)
  clearInterval(pushing)
  await answer
  expect((await post(`${receiver.http}/v1/traces`, batch)).status).toBe(200)
})

test('every content encoding that is not one of ours is 415, with the list', async () => {
  await using receiver = await startReceiver()
  for (const encoding of ['br', 'snappy', 'gzip, gzip', 'x-gzip', '*']) {
    const headers = { 'content-encoding': encoding, 'content-type': 'application/json' }
    const answer = await post(`${receiver.http}/v1/traces`, Buffer.from('{}'), { headers })
    expect([encoding, answer.status, answer.headers['accept-encoding']]).toEqual([
      encoding,
      415,
      'gzip, zstd, zlib, deflate',
    ])
    expect(JSON.parse(answer.body.toString())).toEqual({
      code: INVALID_ARGUMENT,
      message: 'the content encoding must be one of gzip, zstd, zlib, deflate, or none',
    })
  }
})

test('a request line for another host than ours is none', async () => {
  await using receiver = await startReceiver()
  const { port } = new URL(receiver.http)
  const status = await new Promise((resolve, reject) => {
    request(
      { port, host: '127.0.0.1', path: 'http://evil.example/v1/traces', method: 'POST', agent: false },
      (response) => {
        response.resume()
        resolve(response.statusCode)
      },
    )
      .on('error', reject)
      .end('x')
  })
  expect(status).toBe(404)
})
