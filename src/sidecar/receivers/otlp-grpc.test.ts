import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectHttp2, constants } from 'node:http2'
import type { IncomingHttpHeaders } from 'node:http2'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { Client, compressionAlgorithms, credentials, Metadata, status } from '@grpc/grpc-js'
import type { ServiceError } from '@grpc/grpc-js'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { certificate } from '../../../test/support/certificate.ts'
import { decodeOtlpProtobuf } from '../../../test/support/otlp-proto.ts'
import { startReceiver } from '../../../test/support/running-receiver.ts'
import type { RunningReceiver } from '../../../test/support/running-receiver.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import { until } from '../../../test/support/until.ts'
import { RefusedError } from '../component.ts'

const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const LOGS = '/opentelemetry.proto.collector.logs.v1.LogsService/Export'
const MIB = 1024 * 1024
const batch = spanBatch({ spans: [{ spanId: '0102030405060708' }] })

let receiver: RunningReceiver
let client: Client
beforeAll(async () => {
  receiver = await startReceiver({ grpc: { max_recv_msg_size_mib: 1 }, signals: ['traces', 'metrics'] })
  client = new Client(new URL(receiver.grpc).host, credentials.createInsecure())
})
afterAll(async () => {
  client.close()
  await receiver.stop()
})
beforeEach(() => {
  receiver.received.length = 0
  receiver.refuse(undefined)
})

const asIs = (bytes: Buffer): Buffer => bytes

/** A unary call of a real client: the response, or the error with its code. */
function call(path: string, message: Buffer, by = client): Promise<Buffer | ServiceError> {
  return new Promise((resolve) => {
    by.makeUnaryRequest(path, asIs, asIs, message, new Metadata(), (error, response) =>
      resolve(error ?? response ?? Buffer.from('nothing')),
    )
  })
}

test('takes a batch from a real client, plain and in gzip', async () => {
  expect(await call(TRACES, batch)).toEqual(Buffer.alloc(0))
  const options = { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip }
  const compressing = new Client(new URL(receiver.grpc).host, credentials.createInsecure(), options)
  expect(await call(TRACES, batch, compressing)).toEqual(Buffer.alloc(0))
  compressing.close()
  expect(receiver.received.map(({ bytes }) => bytes)).toEqual([batch, batch])
})

test('takes what the OpenTelemetry exporter sends', async () => {
  const exporter = new OTLPTraceExporter({ url: receiver.grpc })
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  provider.getTracer('test').startSpan('real').end()
  await provider.forceFlush()
  await provider.shutdown()
  const [{ bytes } = { bytes: Buffer.alloc(0) }] = receiver.received
  expect(JSON.stringify(decodeOtlpProtobuf('traces', bytes))).toContain('"real"')
})

test.each([
  ['a malformed batch', TRACES, Buffer.from([0x0a, 0xff]), status.INVALID_ARGUMENT],
  ['a message that is too large', TRACES, Buffer.alloc(MIB + 1), status.RESOURCE_EXHAUSTED],
  ['a signal without a pipeline', LOGS, batch, status.UNIMPLEMENTED],
  ['another method', '/grpc.channelz.v1.Channelz/GetServers', batch, status.UNIMPLEMENTED],
])('refuses %s', async (_, path, message, code) => {
  expect(await call(path, message)).toMatchObject({ code })
  expect(await call(TRACES, batch)).toEqual(Buffer.alloc(0))
})

test('a full queue is UNAVAILABLE with RetryInfo, a fault of ours INTERNAL', async () => {
  receiver.refuse(new RefusedError('busy', 'the queue is full, 100 %', { retryAfterMs: 1500 }))
  const busy = await call(TRACES, batch)
  expect(busy).toMatchObject({ code: status.UNAVAILABLE, details: 'the queue is full, 100 %' })
  const [details = ''] = Buffer.isBuffer(busy) ? [] : busy.metadata.get('grpc-status-details-bin')
  expect(details.toString()).toContain('google.rpc.RetryInfo')
  receiver.refuse(new RefusedError('failed', 'broken'))
  expect(await call(TRACES, batch)).toMatchObject({ code: status.INTERNAL })
})

interface RawAnswer {
  readonly status: number
  readonly code: string
}

/** A call on the bare protocol, for what a good client does not do. */
async function rawCall(body: readonly Buffer[], headers: IncomingHttpHeaders = {}, on = receiver): Promise<RawAnswer> {
  const session = connectHttp2(on.grpc)
  const stream = session.request({
    ':method': 'POST',
    ':path': TRACES,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  let code = ''
  let httpStatus = 0
  stream.on('response', (response) => {
    httpStatus = response[':status'] ?? 0
    code = String(response['grpc-status'] ?? '')
  })
  stream.on('trailers', (trailers) => (code = String(trailers['grpc-status'])))
  stream.on('error', () => {})
  for (const part of body) stream.write(part)
  stream.end()
  stream.resume()
  await once(stream, 'close')
  session.close()
  return { status: httpStatus, code }
}

const framed = (message: Buffer, isCompressed = 0): Buffer => {
  const prefix = Buffer.alloc(5)
  prefix[0] = isCompressed
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

test.each<[string, number, Buffer[], IncomingHttpHeaders]>([
  ['a message in many pieces', 0, [...framed(batch)].map((byte) => Buffer.from([byte])), {}],
  ['zstd', 0, [framed(zstdCompressSync(batch), 1)], { 'grpc-encoding': 'zstd' }],
  ['not compressed although it could be', 0, [framed(batch)], { 'grpc-encoding': 'gzip' }],
  ['an unknown compression', status.UNIMPLEMENTED, [framed(batch, 1)], { 'grpc-encoding': 'lz77' }],
  ['compressed without saying how', status.INTERNAL, [framed(gzipSync(batch), 1)], {}],
  ['a broken gzip', status.INVALID_ARGUMENT, [framed(batch, 1)], { 'grpc-encoding': 'gzip' }],
  ['a bomb', status.RESOURCE_EXHAUSTED, [framed(gzipSync(Buffer.alloc(2 * MIB)), 1)], { 'grpc-encoding': 'gzip' }],
  ['no message', status.INTERNAL, [], {}],
  ['half a message', status.INTERNAL, [framed(batch).subarray(0, 20)], {}],
  ['two messages', status.INTERNAL, [framed(batch), framed(batch)], {}],
  ['a length beyond the limit', status.RESOURCE_EXHAUSTED, [Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1])], {}],
])('answers %s', async (_, code, body, headers) => {
  expect(await rawCall(body, headers)).toEqual({ status: 200, code: String(code) })
  expect(receiver.received).toHaveLength(code === 0 ? 1 : 0)
})

test('another content type is 415', async () => {
  expect(await rawCall([framed(batch)], { 'content-type': 'application/json' })).toMatchObject({ status: 415 })
})

test('a request that is not complete in time is DEADLINE_EXCEEDED', async () => {
  await using slow = await startReceiver({ grpc: { read_timeout: '100ms' } })
  const session = connectHttp2(slow.grpc)
  const stream = session.request({ ':method': 'POST', ':path': TRACES, 'content-type': 'application/grpc' })
  stream.write(framed(batch).subarray(0, 20))
  const [headers]: IncomingHttpHeaders[] = await once(stream, 'response')
  expect(headers?.['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED))
  session.destroy()
})

test('a stop says goodbye, answers what is under way and closes idle connections', async () => {
  const stopping = await startReceiver()
  const idle = connectHttp2(stopping.grpc)
  await once(idle, 'remoteSettings')
  stopping.pause()
  const answer = rawCall([framed(batch)], {}, stopping)
  await until(() => stopping.held === 1)
  const stopped = stopping.stop()
  const goaway = once(idle, 'goaway')
  const [code]: unknown[] = await goaway
  expect(code).toBe(constants.NGHTTP2_NO_ERROR)
  stopping.resume()
  expect(await answer).toEqual({ status: 200, code: '0' })
  await stopped
})

test('TLS', async () => {
  const { caFile } = certificate()
  const tls = { cert_file: caFile, key_file: caFile.replace('cert.pem', 'key.pem') }
  await using secure = await startReceiver({ grpc: { tls } })
  const trusting = new Client(`localhost:${new URL(secure.grpc).port}`, credentials.createSsl(readFileSync(caFile)))
  expect(await call(TRACES, batch, trusting)).toEqual(Buffer.alloc(0))
  trusting.close()
})
