import { once } from 'node:events'
import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { certificate } from '../../../test/support/certificate.ts'
import { testContext } from '../../../test/support/component-context.ts'
import { startGrpcSink } from '../../../test/support/grpc-sink.ts'
import type { GrpcReply } from '../../../test/support/grpc-sink.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts'
import type { Exporter, Payload, Sent, Signal } from '../component.ts'
import { otlpGrpc } from './otlp-grpc.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const context = { ...testContext('otlp_grpc'), service: () => expect.unreachable() }

async function startExporter(config: object): Promise<Exporter> {
  const exporter = otlpGrpc.create(otlpGrpc.config.parse({ tls: { insecure: true }, ...config }), context)
  await exporter.start?.()
  cleanUps.push(() => exporter.stop?.())
  return exporter
}

const batch = (name = 'call'): Buffer => spanBatch({ spans: [{ spanId: '0102030405060708', name }] })

function payload(bytes: Buffer, signal: Signal): Payload {
  const self: Payload = { signal, bytes, items: 1, retain: () => self, release: () => undefined }
  return self
}

const send = (
  exporter: Exporter,
  bytes = batch(),
  signal: Signal = 'traces',
  abort = new AbortController().signal,
): Promise<Sent> => exporter.send(payload(bytes, signal), abort)

/** google.rpc.Status with RetryInfo, as `grpc-status-details-bin` carries it. */
const retryInfo = (seconds: number, nanos: number): Record<string, string> => ({
  'grpc-status-details-bin': new ProtobufWriter()
    .varint(1, 14)
    .message(3, (w) =>
      w
        .string(1, 'type.googleapis.com/google.rpc.RetryInfo')
        .message(2, () => w.message(1, () => w.varint(1, seconds).varint(2, nanos))),
    )
    .finish()
    .toString('base64')
    .replace(/=+$/, ''),
})

describe('otlp_grpc', () => {
  test('the backend gets the message of each signal at its service, over one connection', async () => {
    await using sink = await startGrpcSink()
    const exporter = await startExporter({ endpoint: `127.0.0.1:${sink.port}`, headers: { 'x-tenant': 'a' } })
    const bytes = batch()
    for (const signal of ['traces', 'metrics', 'logs'] as const) {
      expect(await send(exporter, bytes, signal)).toEqual({ outcome: 'sent' })
    }
    expect(sink.calls.map(({ path }) => path)).toEqual([
      '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
      '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    ])
    expect(sink.calls[0]?.message.equals(bytes)).toBe(true)
    expect(sink.calls[0]?.headers).toMatchObject({
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'spanwarden/0.0.0',
      'x-tenant': 'a',
      'grpc-timeout': '5000m',
    })
    expect(sink.connections).toBe(1)
  })

  test.each(['gzip', 'zstd'])('compression %s', async (compression) => {
    await using sink = await startGrpcSink()
    await send(await startExporter({ endpoint: `127.0.0.1:${sink.port}`, compression }), batch('x'.repeat(1_000_000)))
    expect(sink.calls[0]?.headers['grpc-encoding']).toBe(compression)
    expect(sink.spans[0]?.name).toHaveLength(1_000_000)
  })

  test('TLS is the default, and the certificate is checked', async () => {
    const { caFile, ...tls } = certificate()
    await using sink = await startGrpcSink({ tls })
    const endpoint = `localhost:${sink.port}`
    expect(await send(await startExporter({ endpoint, tls: { ca_file: caFile } }))).toEqual({ outcome: 'sent' })
    expect(await send(await startExporter({ endpoint: `https://${endpoint}`, tls: {} }))).toEqual({
      outcome: 'retry',
      reason: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
    await using plain = await startGrpcSink()
    expect(await send(await startExporter({ endpoint: `http://localhost:${plain.port}`, tls: {} }))).toEqual({
      outcome: 'sent',
    })
    expect(await send(await startExporter({ endpoint: `localhost:${plain.port}`, tls: {} }))).toMatchObject({
      outcome: 'retry',
    })
  })

  const replies: readonly (readonly [string, GrpcReply, Sent])[] = [
    ['canceled', { code: 1 }, { outcome: 'retry', reason: 'CANCELLED' }],
    ['unknown', { code: 2 }, { outcome: 'rejected', reason: 'UNKNOWN', isAboutContent: true }],
    ['invalid', { code: 3, message: 'ä' }, { outcome: 'rejected', reason: 'INVALID_ARGUMENT', isAboutContent: true }],
    ['unavailable', { code: 14 }, { outcome: 'retry', reason: 'UNAVAILABLE' }],
    [
      'unavailable with a time',
      { code: 14, trailers: retryInfo(7, 5e8) },
      { outcome: 'retry', reason: 'UNAVAILABLE', afterMs: 7500 },
    ],
    ['unauthenticated', { code: 16 }, { outcome: 'rejected', reason: 'UNAUTHENTICATED' }],
    ['exhausted', { code: 8, message: 'quota' }, { outcome: 'rejected', reason: 'RESOURCE_EXHAUSTED' }],
    [
      'exhausted, with a time',
      { code: 8, trailers: retryInfo(1, 0) },
      { outcome: 'retry', reason: 'RESOURCE_EXHAUSTED', afterMs: 1000 },
    ],
    [
      'too large for grpc-go',
      { code: 8, message: 'grpc: received message larger than max (5 vs. 4)' },
      { outcome: 'split', reason: 'RESOURCE_EXHAUSTED' },
    ],
    [
      'too large for tonic',
      { code: 11, message: 'Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes' },
      { outcome: 'split', reason: 'OUT_OF_RANGE' },
    ],
    ['a status of the future', { code: 99 }, { outcome: 'rejected', reason: 'gRPC status 99' }],
    [
      'broken details',
      { code: 14, trailers: { 'grpc-status-details-bin': '####' } },
      { outcome: 'retry', reason: 'UNAVAILABLE' },
    ],
    [
      'partial success',
      { code: 0, response: new ProtobufWriter().message(1, (w) => w.varint(1, 2).string(2, 'late')).finish() },
      { outcome: 'sent', rejectedItems: 2, message: 'late' },
    ],
  ]
  test.each(replies)('%s', async (_, reply, sent) => {
    await using sink = await startGrpcSink({ reply: () => reply })
    expect(await send(await startExporter({ endpoint: `127.0.0.1:${sink.port}` }))).toEqual(sent)
  })

  test('a limit that the server names is handed on', async () => {
    const message = 'grpc: received message larger than max (6000000 vs. 4194304)'
    await using sink = await startGrpcSink({ reply: () => ({ code: 8, message }) })
    const sent = await send(await startExporter({ endpoint: `127.0.0.1:${sink.port}` }), Buffer.alloc(6_000_000))
    expect(sent).toEqual({ outcome: 'split', reason: 'RESOURCE_EXHAUSTED', bytesMax: 4_194_304 })
  })

  test('RESOURCE_EXHAUSTED in unknown words: above 4 MiB it is the size', async () => {
    await using sink = await startGrpcSink({ reply: () => ({ code: 8, message: 'zu viel' }) })
    const exporter = await startExporter({ endpoint: `127.0.0.1:${sink.port}` })
    expect(await send(exporter, Buffer.alloc(5_000_000))).toEqual({ outcome: 'split', reason: 'RESOURCE_EXHAUSTED' })
    expect(await send(exporter)).toEqual({ outcome: 'rejected', reason: 'RESOURCE_EXHAUSTED' })
    const patient = await startExporter({ endpoint: `127.0.0.1:${sink.port}`, retry_resource_exhausted: true })
    expect(await send(patient)).toEqual({ outcome: 'retry', reason: 'RESOURCE_EXHAUSTED' })
  })

  test('several spans of more than 4 MiB are not even tried, one is', async () => {
    await using sink = await startGrpcSink()
    const exporter = await startExporter({ endpoint: `127.0.0.1:${sink.port}` })
    const large = batch('x'.repeat(5_000_000))
    const two = { ...payload(large, 'traces'), items: 2 }
    expect(await exporter.send(two, new AbortController().signal)).toMatchObject({ outcome: 'split' })
    expect(sink.calls).toEqual([])
    expect(await send(exporter, large)).toEqual({ outcome: 'sent' })
  })

  test('an answer of a proxy that speaks no gRPC', async () => {
    let status = 503
    const server = createServer().on('stream', (stream) => {
      stream.respond({ ':status': status }, { endStream: true })
      stream.resume()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanUps.push(() => server.close())
    const exporter = await startExporter({ endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}` })
    expect(await send(exporter)).toMatchObject({ outcome: 'retry', reason: 'UNAVAILABLE' })
    status = 404
    expect(await send(exporter)).toMatchObject({ outcome: 'rejected', reason: 'UNIMPLEMENTED' })
    status = 413
    expect(await send(exporter)).toMatchObject({ outcome: 'split' })
  })

  test('no backend; then one; then another at the same place', async () => {
    const first = await startGrpcSink()
    const { port } = first
    const exporter = await startExporter({ endpoint: `127.0.0.1:${port}` })
    await first[Symbol.asyncDispose]()
    expect(await send(exporter)).toEqual({ outcome: 'retry', reason: 'ECONNREFUSED' })
    const second = await startGrpcSink({ port })
    expect(await send(exporter)).toEqual({ outcome: 'sent' })
    await second[Symbol.asyncDispose]()
    await using third = await startGrpcSink({ port })
    // The lost connection may be noticed by the first call only.
    await send(exporter)
    expect(await send(exporter)).toEqual({ outcome: 'sent' })
    expect(third.connections).toBe(1)
  })

  test('GOAWAY: calls under way are answered, the next go over a new connection', async () => {
    const held: (() => void)[] = []
    await using sink = await startGrpcSink({
      reply: (_, stream) => {
        if (held.length > 0) return { code: 0 }
        stream.session?.goaway()
        held.push(() => {
          stream.respond({ ':status': 200, 'grpc-status': '0' }, { endStream: true })
        })
        return undefined
      },
    })
    const exporter = await startExporter({ endpoint: `127.0.0.1:${sink.port}` })
    const first = send(exporter)
    while (sink.calls.length === 0) await new Promise(setImmediate)
    let second: Sent | undefined
    while (second?.outcome !== 'sent') second = await send(exporter)
    held[0]?.()
    expect(await first).toEqual({ outcome: 'sent' })
    expect(sink.connections).toBe(2)
  })

  test('a call that hangs ends at its timeout, and the next goes over a new connection', async () => {
    const { promise: reached, resolve } = Promise.withResolvers<void>()
    await using sink = await startGrpcSink({
      reply: () => {
        resolve()
        return sink.calls.length > 1 ? { code: 0 } : undefined
      },
    })
    const exporter = await startExporter({ endpoint: `127.0.0.1:${sink.port}` })
    const sending = send(exporter)
    await reached
    context.clock.advance(5000)
    expect(await sending).toEqual({ outcome: 'retry', reason: 'timeout' })
    expect(await send(exporter)).toEqual({ outcome: 'sent' })
    expect(sink.connections).toBe(2)
  })

  test('an abort ends a call; stop leaves no connection', async () => {
    const { promise: reached, resolve } = Promise.withResolvers<void>()
    await using sink = await startGrpcSink({ reply: () => void resolve() })
    const exporter = await startExporter({ endpoint: `127.0.0.1:${sink.port}` })
    const abort = new AbortController()
    const sending = send(exporter, batch(), 'traces', abort.signal)
    await reached
    abort.abort()
    expect(await sending).toEqual({ outcome: 'retry', reason: 'stopped' })
    await exporter.stop?.()
    while (sink.sessions.size > 0) await new Promise(setImmediate)
    expect(sink.connections).toBe(1)
  })

  test('endpoints', () => {
    for (const endpoint of ['localhost:4317', 'http://collector:4317', 'https://[::1]:4317/', '10.0.0.1:4317']) {
      expect(otlpGrpc.config.safeParse({ endpoint }).success).toBe(true)
    }
    for (const endpoint of ['localhost', 'ftp://localhost:4317', 'http://localhost:4317/v1/traces', '']) {
      expect(otlpGrpc.config.safeParse({ endpoint }).success).toBe(false)
    }
  })
})
