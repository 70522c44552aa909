import { once } from 'node:events'
import { connect as connectHttp2, constants } from 'node:http2'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  grpcHeaders,
  header,
  HEADERS,
  PING,
  rawHttp2,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from '../../../../test/support/http2-frames.ts'
import type { RawHttp2 } from '../../../../test/support/http2-frames.ts'
import { startReceiver } from '../../../../test/support/running-receiver.ts'
import type { RunningReceiver } from '../../../../test/support/running-receiver.ts'
import { spanBatch } from '../../../../test/support/span-batch.ts'
import { until } from '../../../../test/support/until.ts'

const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const request = grpcHeaders(TRACES)
const batch = spanBatch({ spans: [{ spanId: '0102030405060708' }] })
const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const cancel = number(constants.NGHTTP2_CANCEL)

let receiver: RunningReceiver
const connections: RawHttp2[] = []
beforeAll(async () => {
  receiver = await startReceiver({ http: { endpoint: '127.0.0.1:0' } })
})
afterAll(() => receiver.stop())
afterEach(() => {
  for (const { socket } of connections.splice(0)) socket.destroy()
})

async function dial(on = receiver, isSilent = false): Promise<RawHttp2> {
  const connection = await rawHttp2(on.grpc, isSilent)
  connections.push(connection)
  return connection
}

const inFlight = ({ metrics }: RunningReceiver): number =>
  metrics.read('otelcol_receiver_in_flight_bytes', { receiver: 'otlp' }) ?? NaN
const closedFor = ({ metrics }: RunningReceiver, reason: string): number =>
  metrics.read('otelcol_receiver_closed_connections', { receiver: 'otlp', transport: 'grpc', reason }) ?? 0

/** A client as it should be gets its batch through. */
async function expectTaken(on = receiver): Promise<void> {
  const client = new Client(new URL(on.grpc).host, credentials.createInsecure())
  const asIs = (bytes: Buffer): Buffer => bytes
  const error = await new Promise<Error | null>((resolve) => {
    client.makeUnaryRequest(TRACES, asIs, asIs, batch, new Metadata(), resolve)
  })
  client.close()
  expect(error).toBeNull()
}

const ROUNDS = 20_000
/** Each makes us work for little, or for nothing at all, as often as the client likes. */
const floods: readonly [name: string, reason: string, make: (round: number) => Buffer][] = [
  [
    'requests that are taken back (CVE-2023-44487)',
    'malformed',
    (i) => Buffer.concat([frame(HEADERS, END_HEADERS, 1 + 2 * i, request), frame(RST_STREAM, 0, 1 + 2 * i, cancel)]),
  ],
  [
    'requests that we are made to take back (CVE-2025-8671)',
    'malformed',
    (i) =>
      Buffer.concat([frame(HEADERS, END_HEADERS, 1 + 2 * i, request), frame(WINDOW_UPDATE, 0, 1 + 2 * i, number(0))]),
  ],
  [
    'headers that never end (CVE-2024-27983)',
    'malformed',
    (i) => (i === 0 ? frame(HEADERS, 0, 1, request) : frame(CONTINUATION, 0, 1, header(`x${i}`, 'y'.repeat(100)))),
  ],
  ['headers that never end, empty', 'malformed', (i) => frame(i === 0 ? HEADERS : CONTINUATION, 0, 1)],
  ['pings', 'too many pings', () => frame(PING, 0, 0, Buffer.alloc(8))],
  ['settings', 'too many settings', () => frame(SETTINGS, 0, 0)],
  [
    'empty data (CVE-2019-9518)',
    'malformed',
    (i) => (i === 0 ? frame(HEADERS, END_HEADERS, 1, request) : frame(DATA, 0, 1)),
  ],
  ['more requests than are allowed', 'malformed', (i) => frame(HEADERS, END_HEADERS, 1 + 2 * i, request)],
  [
    'data after the end',
    'malformed',
    (i) => (i === 0 ? frame(HEADERS, END_HEADERS | END_STREAM, 1, request) : frame(DATA, 0, 1, Buffer.from('abc'))),
  ],
]

test.each(floods)('a flood of %s ends its connection only', async (_, reason, make) => {
  const before = closedFor(receiver, reason)
  const other = await dial()
  const attacker = await dial()
  const rounds = await attacker.flood(make, ROUNDS)
  await attacker.closed
  expect(rounds).toBeLessThan(ROUNDS)
  await until(() => closedFor(receiver, reason) > before)
  expect(other.isClosed).toBe(false)
  await until(() => inFlight(receiver) === 0)
  await expectTaken()
})

test('one ping now and then is answered', async () => {
  const client = connectHttp2(receiver.grpc)
  await once(client, 'connect')
  await new Promise((resolve) => client.ping(resolve))
  await new Promise((resolve) => client.ping(resolve))
  expect(client.destroyed).toBe(false)
  client.close()
})

test('pings beyond the policy: ENHANCE_YOUR_CALM, too_many_pings', async () => {
  const client = connectHttp2(receiver.grpc)
  client.on('error', () => {})
  await once(client, 'connect')
  const goaway = once(client, 'goaway')
  for (let i = 0; i < 5; i++) client.ping(() => {})
  const [code, , why]: unknown[] = await goaway
  expect(code).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM)
  expect(String(why)).toBe('too_many_pings')
})

test('a client that may ask often does', async () => {
  const keepalive = { enforcement_policy: { min_time: '1ns', permit_without_stream: true } }
  await using patient = await startReceiver({ grpc: { keepalive } })
  const client = connectHttp2(patient.grpc)
  await once(client, 'connect')
  for (let i = 0; i < 20; i++) await new Promise((resolve) => client.ping(resolve))
  expect(client.destroyed).toBe(false)
  client.close()
})

test('a connection that says nothing is closed after handshake_timeout', async () => {
  await using strict = await startReceiver({ grpc: { handshake_timeout: '100ms' } })
  const silent = await dial(strict, true)
  const talking = await dial(strict)
  await silent.closed
  expect(closedFor(strict, 'handshake')).toBe(1)
  expect(talking.isClosed).toBe(false)
})

test('an idle connection is told goodbye, and one with a request is not', async () => {
  const keepalive = { server_parameters: { max_connection_idle: '150ms' } }
  await using strict = await startReceiver({ grpc: { keepalive } })
  const busy = await dial(strict)
  busy.socket.write(frame(HEADERS, END_HEADERS, 1, request))
  const idle = await dial(strict)
  await idle.closed
  expect(idle.goaways()).toContain(constants.NGHTTP2_NO_ERROR)
  expect(busy.isClosed).toBe(false)
  expect(closedFor(strict, 'idle')).toBe(1)
  // Else the receiver waits for the rest of its request.
  busy.socket.destroy()
})

test('an old connection is told goodbye, and cut off after the grace', async () => {
  const keepalive = { server_parameters: { max_connection_age: '100ms', max_connection_age_grace: '100ms' } }
  await using strict = await startReceiver({ grpc: { keepalive } })
  const busy = await dial(strict)
  busy.socket.write(frame(HEADERS, END_HEADERS, 1, request))
  await until(() => busy.goaways().includes(constants.NGHTTP2_NO_ERROR))
  await busy.closed
  expect(closedFor(strict, 'age')).toBe(1)
})

test('a client that does not answer pings is gone', async () => {
  const keepalive = { server_parameters: { time: '50ms', timeout: '100ms' } }
  await using strict = await startReceiver({ grpc: { keepalive } })
  const dead = await dial(strict)
  const alive = connectHttp2(strict.grpc)
  await dead.closed
  expect(closedFor(strict, 'no answer to a ping')).toBe(1)
  expect(alive.destroyed).toBe(false)
  alive.close()
})

test('more connections than are allowed are closed and counted', async () => {
  await using small = await startReceiver({ grpc: { max_connections: 2 } })
  const two = [await dial(small), await dial(small)]
  const third = await dial(small)
  await third.closed
  expect(closedFor(small, 'too many connections')).toBe(1)
  expect(two.map(({ isClosed }) => isClosed)).toEqual([false, false])
})

test('lengths that are announced and do not come lock nobody out', async () => {
  await using small = await startReceiver({ maxInFlightMib: 8 })
  const attacker = await dial(small)
  const length = Buffer.concat([Buffer.from([0]), number(8 * 1024 * 1024), Buffer.from('x')])
  for (let i = 0; i < 50; i++) {
    const stream = 1 + 2 * i
    attacker.socket.write(Buffer.concat([frame(HEADERS, END_HEADERS, stream, request), frame(DATA, 0, stream, length)]))
  }
  await until(() => inFlight(small) > 0)
  await expectTaken(small)
  expect(attacker.isClosed).toBe(false)
  attacker.socket.destroy()
  await until(() => inFlight(small) === 0)
})

test('headers without end in number or size are refused, the connection goes on', async () => {
  const attacker = await dial()
  const many = Array.from({ length: 200 }, (_, i) => header(`x${i}`, 'y'))
  attacker.socket.write(frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([request, ...many])))
  const large = Array.from({ length: 60 }, (_, i) => header(`x${i}`, 'y'.repeat(126)))
  for (const stream of [3, 5, 7]) {
    attacker.socket.write(
      frame(HEADERS, END_HEADERS | END_STREAM, stream, Buffer.concat([request, ...large, ...large, ...large])),
    )
  }
  await expectTaken()
  expect(receiver.received.length).toBeGreaterThan(0)
})
