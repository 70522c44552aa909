import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startReceiver } from '../../../../test/support/running-receiver.ts'
import type { RunningReceiver } from '../../../../test/support/running-receiver.ts'
import { spanBatch, spanBatchJson } from '../../../../test/support/span-batch.ts'
import { until } from '../../../../test/support/until.ts'

const BODY_BYTES_MAX = 300_000
const PROTOBUF = 'content-type: application/x-protobuf'
const batchOf = (name: string): Buffer => spanBatch({ spans: [{ spanId: '0102030405060708', name }] })
const small = batchOf('small')
const large = batchOf('l'.repeat(250_000))
const json = Buffer.from(JSON.stringify(spanBatchJson({ spans: [{ spanId: '0102030405060708' }] })))

function requestOf(body: Buffer, headers: readonly string[] = [PROTOBUF], line = 'POST /v1/traces HTTP/1.1'): Buffer {
  const head = [line, 'host: localhost', ...headers, `content-length: ${body.length}`, '', ''].join('\r\n')
  return Buffer.concat([Buffer.from(head), body])
}
const inChunks = (body: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`POST /v1/traces HTTP/1.1\r\nhost: localhost\r\n${PROTOBUF}\r\ntransfer-encoding: chunked\r\n\r\n`),
    Buffer.from(`${body.length.toString(16)}\r\n`),
    body,
    Buffer.from('\r\n0\r\n\r\n'),
  ])

async function dial({ http }: RunningReceiver): Promise<Socket> {
  const { hostname, port } = new URL(http)
  const socket = connect({ port: Number(port), host: hostname, noDelay: true })
  await once(socket, 'connect')
  return socket.on('error', () => {})
}

/** Collects all that comes until the other side ends. */
async function ending(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(chunks)
}

interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}
function answersIn(bytes: Buffer): Answer[] {
  const answers: Answer[] = []
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf('\r\n\r\n', at)
    const [line = '', ...lines] = bytes.toString('latin1', at, end).split('\r\n')
    const headers = new Map<string, string>()
    for (const header of lines) {
      const colon = header.indexOf(':')
      headers.set(header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim())
    }
    at = end + 4 + Number(headers.get('content-length') ?? 0)
    if (end < 0) throw new Error('a cut answer')
    headers.delete('date')
    answers.push({ status: Number(line.split(' ')[1]), headers, body: bytes.toString('latin1', end + 4, at) })
  }
  return answers
}

const counter = ({ metrics }: RunningReceiver, name: string): number => metrics.read(name, { receiver: 'otlp' }) ?? NaN
const fastRequests = (receiver: RunningReceiver): number => counter(receiver, 'otelcol_receiver_fast_requests')
const handedOver = (receiver: RunningReceiver): number => counter(receiver, 'otelcol_receiver_handed_over_connections')
const inFlight = (receiver: RunningReceiver): number => counter(receiver, 'otelcol_receiver_in_flight_bytes')

async function talk(receiver: RunningReceiver, pieces: readonly Buffer[]): Promise<Answer[]> {
  const socket = await dial(receiver)
  const all = ending(socket)
  for (const piece of pieces) {
    socket.write(piece)
    await setImmediate()
  }
  return answersIn(await all)
}

/** One request after the other, each when the one before it is answered. */
async function inTurn(receiver: RunningReceiver, requests: readonly Buffer[]): Promise<Answer[]> {
  const socket = await dial(receiver)
  const all = ending(socket)
  for (const request of requests) {
    const answered = once(socket, 'data')
    socket.write(request)
    await answered
  }
  return answersIn(await all)
}

const LAST = [PROTOBUF, 'connection: close']
const last = requestOf(small, LAST)

describe('beside node:http', () => {
  let fast: RunningReceiver
  let byNode: RunningReceiver
  beforeAll(async () => {
    const http = {
      max_request_body_size: BODY_BYTES_MAX,
      max_decompressed_body_size: 1,
      response_headers: { 'X-By': 'me' },
    }
    fast = await startReceiver({ http })
    byNode = await startReceiver({ http: { ...http, fast_read: false } })
  })
  afterAll(async () => {
    await fast.stop()
    await byNode.stop()
  })

  /** What is received is compared without order: requests that come all at once are handled side by side. */
  async function expectSame(talkTo: (receiver: RunningReceiver) => Promise<Answer[]>): Promise<Answer[]> {
    fast.received.length = 0
    byNode.received.length = 0
    const answers = await talkTo(fast)
    expect(answers).toEqual(await talkTo(byNode))
    const bodies = ({ received }: RunningReceiver): string[] =>
      received.map(({ bytes }) => bytes.toString('base64')).toSorted()
    expect(bodies(fast)).toEqual(bodies(byNode))
    return answers
  }

  const requests: Readonly<Record<string, Buffer>> = {
    small: requestOf(small),
    large: requestOf(large),
    empty: requestOf(Buffer.alloc(0)),
    json: requestOf(json, ['Content-Type: application/json']),
    gzip: requestOf(gzipSync(small), [PROTOBUF, 'content-encoding: gzip']),
    broken: requestOf(Buffer.from([0x0a, 0xff])),
    'broken gzip': requestOf(small, [PROTOBUF, 'content-encoding: gzip']),
    'in chunks': inChunks(small),
    'wrong type': requestOf(small, ['content-type: text/html']),
    'wrong path': requestOf(small, [PROTOBUF], 'POST /v1/other HTTP/1.1'),
    'with a query': requestOf(small, [PROTOBUF], 'POST /v1/traces?a=b HTTP/1.1'),
    get: requestOf(small, [PROTOBUF], 'GET /v1/traces HTTP/1.1'),
    'after 100': requestOf(small, [PROTOBUF, 'expect: 100-continue']),
    'too long': requestOf(Buffer.alloc(BODY_BYTES_MAX + 1)),
    'too long inside': requestOf(gzipSync(Buffer.alloc(BODY_BYTES_MAX + 1)), [PROTOBUF, 'content-encoding: gzip']),
  }

  test.each(Object.entries(requests))('same answer: %s', async (_, request) => {
    const answers = await expectSame((receiver) => inTurn(receiver, [requests['small'] ?? last, request, last]))
    expect(answers.length).toBeGreaterThanOrEqual(3)
  })

  test('any requests in any pieces, also all at once, have the same answers', async () => {
    // When node:http says 100 to a request that waits behind another depends on the moment.
    const { 'after 100': _, ...others } = requests
    const some = fc.array(fc.constantFrom(...Object.values(others)), { maxLength: 4 })
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(some, cuts, async (chosen, places) => {
        const stream = Buffer.concat([...chosen, last])
        const at = [0, ...places.map((place) => Math.floor(place * stream.length)), stream.length].sort((a, b) => a - b)
        const pieces = at.slice(1).map((end, i) => stream.subarray(at[i], end))
        await expectSame((receiver) => talk(receiver, pieces))
      }),
      { numRuns: 100 },
    )
    expect([inFlight(fast), inFlight(byNode)]).toEqual([0, 0])
  })

  test('a request in two pieces, cut anywhere, is taken; in the fast way when its head is whole', async () => {
    const body = last.length - small.length
    const before = fastRequests(fast)
    for (let at = 1; at < last.length; at++) {
      expect((await talk(fast, [last.subarray(0, at), last.subarray(at)]))[0]?.status).toBe(200)
    }
    // Two writes may arrive as one.
    expect(fastRequests(fast) - before).toBeGreaterThanOrEqual(last.length - body)
  })

  test('a request that comes with the first bytes of the next is not mixed up with it', async () => {
    const two = Buffer.concat([requestOf(small), last])
    const end = two.length - last.length
    for (const more of [1, 5, last.length - 1]) {
      const pieces = [two.subarray(0, end + more), two.subarray(end + more)]
      const answers = await expectSame((receiver) => inTurn(receiver, pieces))
      expect(answers.map(({ status }) => status)).toEqual([200, 200])
    }
  })

  test('garbage is answered as node:http does, and the receiver goes on', async () => {
    const garbage = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ minLength: 1, maxLength: 40 }).map((text) => Buffer.from(`POST ${text}\r\n\r\n`)),
    )
    await fc.assert(
      fc.asyncProperty(garbage, async (bytes) => {
        await expectSame(async (receiver) => {
          const socket = await dial(receiver)
          const all = ending(socket)
          socket.end(bytes)
          return answersIn(await all)
        })
      }),
      { numRuns: 100 },
    )
    expect((await talk(fast, [last]))[0]?.status).toBe(200)
  })

  test.each([
    ['a line without end', Buffer.alloc(100_000, 'a')],
    ['a head that is too long', requestOf(small, [PROTOBUF, `x: ${'y'.repeat(20_000)}`])],
    ['a head of many lines', requestOf(small, [PROTOBUF, ...Array.from({ length: 3000 }, (_, i) => `x-${i}: y`)])],
  ])('%s is refused', async (_, bytes) => {
    const socket = await dial(fast)
    const all = ending(socket)
    socket.write(bytes)
    // The answer may be lost when the connection is reset with bytes unread.
    expect(String(await all)).toMatch(/^$|^HTTP\/1.1 4/)
    expect((await talk(fast, [last]))[0]?.status).toBe(200)
  })
})

describe('the connection', () => {
  test('is kept for plain requests, and handed over at the first other one', async () => {
    await using receiver = await startReceiver()
    const plain = requestOf(small)
    await inTurn(receiver, [plain, requestOf(large), plain, last])
    expect([fastRequests(receiver), handedOver(receiver)]).toEqual([4, 0])
    await inTurn(receiver, [plain, inChunks(small), plain, last])
    expect([fastRequests(receiver), handedOver(receiver)]).toEqual([5, 1])
    await until(() => receiver.received.length === 8)
  })

  test('that sends nothing is told 408', async () => {
    await using receiver = await startReceiver({ http: { read_header_timeout: '50ms' } })
    expect((await talk(receiver, []))[0]?.status).toBe(408)
  })

  test('that sends its head in drops is told 408', async () => {
    await using receiver = await startReceiver({ http: { read_header_timeout: '50ms', read_timeout: '200ms' } })
    expect((await talk(receiver, [last.subarray(0, 9)]))[0]?.status).toBe(408)
  })

  test('whose second request does not get complete is told 408', async () => {
    await using receiver = await startReceiver({ http: { read_timeout: '200ms' } })
    const answers = await inTurn(receiver, [requestOf(small), last.subarray(0, -1)])
    expect(answers.map(({ status }) => status)).toEqual([200, 408])
    expect(inFlight(receiver)).toBe(0)
  })

  test('that is idle ends', async () => {
    await using receiver = await startReceiver({ http: { idle_timeout: '50ms' } })
    const answers = await talk(receiver, [requestOf(small)])
    expect(answers.map(({ status }) => status)).toEqual([200])
  })

  test('ends after each answer when none is to be kept', async () => {
    await using receiver = await startReceiver({ http: { keep_alives_enabled: false } })
    const [answer, ...more] = await talk(receiver, [requestOf(small)])
    expect([answer?.status, answer?.headers.get('connection'), more.length]).toEqual([200, 'close', 0])
    expect(fastRequests(receiver)).toBe(1)
  })

  test('counts against the limit until it has ended', async () => {
    await using receiver = await startReceiver({ http: { max_connections: 1 } })
    const first = await dial(receiver)
    expect(await talk(receiver, [last])).toEqual([])
    first.destroy()
    await until(async () => (await talk(receiver, [last]))[0]?.status === 200)
  })

  test('that breaks off in a body gives its memory back', async () => {
    await using receiver = await startReceiver()
    const sockets = await Promise.all(Array.from({ length: 20 }, () => dial(receiver)))
    for (const socket of sockets) socket.write(requestOf(large).subarray(0, 200_000))
    await until(() => inFlight(receiver) >= 20 * 200_000)
    for (const [i, socket] of sockets.entries()) {
      if (i % 3 === 0) socket.end()
      else if (i % 3 === 1) socket.resetAndDestroy()
      else socket.destroy()
    }
    await until(() => inFlight(receiver) === 0)
    expect(receiver.received).toEqual([])
  })

  test('that goes away before its answer harms nobody', async () => {
    await using receiver = await startReceiver()
    receiver.pause()
    const socket = await dial(receiver)
    socket.write(requestOf(small))
    await until(() => receiver.held === 1)
    socket.resetAndDestroy()
    receiver.resume()
    await until(() => receiver.received.length === 1)
    expect(inFlight(receiver)).toBe(0)
    expect((await talk(receiver, [last]))[0]?.status).toBe(200)
  })

  test('whose answers are not read is read no further until they are', async () => {
    await using receiver = await startReceiver({ http: { response_headers: { 'x-long': 'y'.repeat(200_000) } } })
    const socket = await dial(receiver)
    const isTaken = async (sent: number): Promise<boolean> => {
      try {
        await until(() => fastRequests(receiver) === sent, 300)
        return true
      } catch {
        return false
      }
    }
    let sent = 0
    do socket.write(requestOf(small))
    while ((await isTaken(++sent)) && sent < 500)
    expect(sent).toBeLessThan(500)
    socket.resume()
    await until(() => fastRequests(receiver) === sent)
    socket.destroy()
  })

  test('that is idle does not hold up a stop, one that sends is answered first', async () => {
    const receiver = await startReceiver()
    const idle = await dial(receiver)
    const used = await dial(receiver)
    const sending = await dial(receiver)
    const ended = Promise.all([ending(idle), ending(used), ending(sending)])
    const answered = once(used, 'data')
    used.write(requestOf(small))
    await answered
    sending.write(requestOf(large).subarray(0, 100_000))
    await until(() => inFlight(receiver) > 0)
    const stopped = receiver.stop()
    sending.write(requestOf(large).subarray(100_000))
    await stopped
    const answers = (await ended).map(answersIn)
    expect(answers.map((all) => all.map(({ status }) => status))).toEqual([[], [200], [200]])
    expect(answers[2]?.[0]?.headers.get('connection')).toBe('close')
    expect(receiver.received).toHaveLength(2)
  })
})
