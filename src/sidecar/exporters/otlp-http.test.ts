import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { certificate } from '../../../test/support/certificate.ts'
import { testContext } from '../../../test/support/component-context.ts'
import { decodeOtlpProtobuf } from '../../../test/support/otlp-proto.ts'
import { spansOf, startOtlpSink } from '../../../test/support/otlp-sink.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts'
import type { Exporter, Payload, Signal } from '../component.ts'
import { otlpHttp } from './otlp-http.ts'
import { RESPONSE_BYTES_MAX } from './otlp/http-client.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const context = { ...testContext('otlp_http'), service: () => expect.unreachable() }

async function startExporter(config: object): Promise<Exporter> {
  const exporter = otlpHttp.create(otlpHttp.config.parse(config), context)
  await exporter.start?.()
  cleanUps.push(() => exporter.stop?.())
  return exporter
}

const batch = (name = 'call'): Buffer =>
  spanBatch({ attributes: { 'service.name': 'agent' }, spans: [{ spanId: '0102030405060708', name }] })

function payload(bytes = batch(), signal: Signal = 'traces'): Payload {
  const self: Payload = { signal, bytes, items: 1, retain: () => self, release: () => undefined }
  return self
}

const unpacked = { gzip: gunzipSync, zstd: zstdDecompressSync, zlib: inflateSync, deflate: inflateSync }

const send = (exporter: Exporter, bytes?: Buffer, abort = new AbortController().signal) =>
  exporter.send(payload(bytes), abort)

/** A backend that answers as told. */
async function backend(listener: RequestListener): Promise<{ endpoint: string; connections: () => number }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  let connections = 0
  server.on('connection', () => connections++)
  await once(server, 'listening')
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections }
}

const answering = (status: number, headers: Record<string, string> = {}, body: string | Buffer = '') =>
  backend((request: IncomingMessage, response: ServerResponse) => {
    request.resume().on('end', () => response.writeHead(status, headers).end(body))
  })

describe('otlp_http', () => {
  test('the backend gets the bytes as they are, with the headers of OTLP', async () => {
    await using sink = await startOtlpSink()
    const exporter = await startExporter({ endpoint: sink.url, headers: { 'x-tenant': 'a', authorization: '' } })
    const bytes = batch()
    expect(await send(exporter, bytes)).toEqual({ outcome: 'sent' })
    expect(sink.requests[0]).toMatchObject({
      path: '/v1/traces',
      headers: {
        'content-type': 'application/x-protobuf',
        'content-length': String(bytes.length),
        'user-agent': 'spanwarden/0.0.0',
        'x-tenant': 'a',
      },
    })
    expect(sink.requests[0]?.body.equals(bytes)).toBe(true)
    expect(sink.requests[0]?.headers['content-encoding']).toBeUndefined()
    expect(sink.requests[0]?.headers).not.toHaveProperty('authorization')
  })

  test('JSON', async () => {
    await using sink = await startOtlpSink()
    expect(await send(await startExporter({ endpoint: sink.url, encoding: 'json' }))).toEqual({ outcome: 'sent' })
    expect(sink.requests[0]?.headers['content-type']).toBe('application/json')
    expect(sink.spans[0]).toMatchObject({
      name: 'call',
      spanId: '0102030405060708',
      resource: { 'service.name': 'agent' },
    })
  })

  test('endpoints: the base keeps its path, the one of a signal is taken as it is', async () => {
    const paths: (string | undefined)[] = []
    const { endpoint } = await backend((request, response) => {
      paths.push(request.url)
      request.resume().on('end', () => response.end())
    })
    const exporter = await startExporter({ endpoint: `${endpoint}/otlp/`, logs_endpoint: `${endpoint}/in?x=1` })
    for (const signal of ['traces', 'metrics', 'logs'] as const) {
      await exporter.send(payload(Buffer.alloc(0), signal), new AbortController().signal)
    }
    expect(paths).toEqual(['/otlp/v1/traces', '/otlp/v1/metrics', '/in?x=1'])
    expect(() => otlpHttp.config.parse({})).toThrow('give an endpoint')
    expect(() => otlpHttp.config.parse({ endpoint: 'localhost:4318' })).toThrow('write it as http://host:port')
    const header = otlpHttp.config.safeParse({ endpoint, headers: { authorization: 'sec\nret' } })
    expect(header.error?.message).toContain('authorization')
    expect(header.error?.message).not.toContain('ret"')
  })

  test.each([
    ['gzip', 1],
    ['gzip', -1],
    ['gzip', -2],
    ['zstd', 1],
    ['zstd', 3],
    ['zstd', 11],
    ['zstd', 99],
    ['zlib', 6],
    ['deflate', 9],
  ] as const)('compression %s at level %i', async (compression, level) => {
    const bodies: Buffer[] = []
    const { endpoint } = await backend((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        expect(request.headers['content-encoding']).toBe(compression)
        bodies.push(Buffer.concat(chunks))
        response.end()
      })
    })
    const bytes = batch('x'.repeat(100_000))
    await send(await startExporter({ endpoint, compression, compression_params: { level } }), bytes)
    expect(unpacked[compression](bodies[0] ?? Buffer.alloc(0)).equals(bytes)).toBe(true)
    expect(bodies[0]?.length).toBeLessThan(level === -2 ? 20_000 : 1000)
  })

  test('one connection is used again, and a kept one that the backend closed is replaced at once', async () => {
    const server = createServer({ keepAliveTimeout: 0 }, (request, response) =>
      request.resume().on('end', () => response.end()),
    )
    let connections = 0
    server.on('connection', () => connections++).listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanUps.push(() => server.close())
    const exporter = await startExporter({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    for (let i = 0; i < 5; i++) expect(await send(exporter)).toEqual({ outcome: 'sent' })
    expect(connections).toBe(1)
    server.closeAllConnections()
    expect(await send(exporter)).toEqual({ outcome: 'sent' })
    expect(connections).toBe(2)
    server.closeAllConnections()
  })

  test.each([
    [200, 'sent'],
    [202, 'sent'],
    [301, 'rejected'],
    [400, 'rejected'],
    [401, 'rejected'],
    [404, 'rejected'],
    [413, 'split'],
    [429, 'retry'],
    [500, 'rejected'],
    [502, 'retry'],
    [503, 'retry'],
    [504, 'retry'],
  ])('HTTP %i: %s', async (status, outcome) => {
    const { endpoint } = await answering(status)
    const sent = await send(await startExporter({ endpoint }))
    expect(sent.outcome).toBe(outcome)
    expect('reason' in sent ? sent.reason : `HTTP ${status}`).toMatch(new RegExp(`^HTTP ${status}(?:$|[:,])`))
  })

  test('a compression that the stock collector has and we have not says where to get it', () => {
    const parsed = otlpHttp.config.safeParse({ endpoint: 'http://127.0.0.1:1', compression: 'snappy' })
    expect(parsed.error?.message).toContain('for snappy and lz4 a stock collector behind this one is needed')
    expect(otlpHttp.config.parse({ endpoint: 'http://127.0.0.1:1', compression: '' })).toMatchObject({
      compression: 'none',
    })
  })

  test('a redirect is not followed', async () => {
    await using elsewhere = await startOtlpSink()
    const { endpoint } = await answering(307, { location: `${elsewhere.url}/v1/traces` })
    const sent = await send(await startExporter({ endpoint }))
    expect(sent).toEqual({
      outcome: 'rejected',
      reason: 'HTTP 307, a redirect: configure the place that it leads to',
    })
    expect(elsewhere.requests).toEqual([])
  })

  test('Retry-After in seconds and as a date', async () => {
    const { endpoint } = await answering(503, { 'retry-after': '7' })
    expect(await send(await startExporter({ endpoint }))).toMatchObject({ outcome: 'retry', afterMs: 7000 })
    const date = new Date(context.clock.now() + 60_000).toUTCString()
    const dated = await answering(429, { 'retry-after': date })
    expect(await send(await startExporter({ endpoint: dated.endpoint }))).toMatchObject({ afterMs: 60_000 })
    const senseless = await answering(429, { 'retry-after': 'soon' })
    expect(await send(await startExporter({ endpoint: senseless.endpoint }))).toEqual({
      outcome: 'retry',
      reason: 'HTTP 429',
    })
  })

  test('partial success, in protobuf and in JSON; what is no answer of OTLP', async () => {
    const partial = new ProtobufWriter().message(1, (w) => w.varint(1, 3).string(2, 'too old')).finish()
    const protobuf = await answering(200, { 'content-type': 'application/x-protobuf' }, partial)
    const rejected = { outcome: 'sent', rejectedItems: 3, message: 'too old' }
    expect(await send(await startExporter({ endpoint: protobuf.endpoint }))).toEqual(rejected)
    const text = JSON.stringify({ partialSuccess: { rejectedLogRecords: '3', errorMessage: 'too old' } })
    const json = await answering(200, { 'content-type': 'application/json; charset=utf-8' }, text)
    expect(await send(await startExporter({ endpoint: json.endpoint }))).toEqual(rejected)
    const page = await answering(200, { 'content-type': 'text/html' }, '<html>')
    expect(await send(await startExporter({ endpoint: page.endpoint }))).toMatchObject({ outcome: 'rejected' })
    const broken = await answering(200, { 'content-type': 'application/x-protobuf' }, Buffer.from([0x0a, 0xff]))
    expect(await send(await startExporter({ endpoint: broken.endpoint }))).toEqual({ outcome: 'sent' })
  })

  test('an endless response is not read to its end', async () => {
    let written = 0
    const { endpoint } = await backend((request, response) => {
      request.resume()
      const more = (): void => {
        written += 65_536
        if (!response.destroyed) response.write(Buffer.alloc(65_536), () => setImmediate(more))
      }
      more()
    })
    expect(await send(await startExporter({ endpoint }))).toEqual({ outcome: 'sent' })
    expect(written).toBeLessThan(RESPONSE_BYTES_MAX * 4)
  })

  test('no backend, a backend that hangs up, hangs or answers half', async () => {
    const gone = await answering(200)
    for (const cleanUp of cleanUps.splice(0)) await cleanUp()
    expect(await send(await startExporter({ endpoint: gone.endpoint }))).toEqual({
      outcome: 'retry',
      reason: 'ECONNREFUSED',
    })

    const hangsUp = await backend((request) => request.socket.destroy())
    expect(await send(await startExporter({ endpoint: hangsUp.endpoint }))).toEqual({
      outcome: 'retry',
      reason: 'ECONNRESET',
    })

    const { promise: reached, resolve } = Promise.withResolvers<void>()
    const hangs = await backend(() => resolve())
    const sending = send(await startExporter({ endpoint: hangs.endpoint }))
    await reached
    context.clock.advance(30_000)
    expect(await sending).toEqual({ outcome: 'retry', reason: 'timeout' })

    const half = await backend((request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half', () => request.socket.destroy())
    })
    expect(await send(await startExporter({ endpoint: half.endpoint }))).toEqual({ outcome: 'sent' })
  })

  test('an abort ends a request that hangs, and the memory of the batch is not read afterwards', async () => {
    const received: Buffer[] = []
    const abort = new AbortController()
    const { promise: reached, resolve } = Promise.withResolvers<IncomingMessage>()
    const allRead = Promise.withResolvers<void>()
    const { endpoint } = await backend((request) => {
      request.on('error', () => undefined).on('close', () => allRead.resolve())
      request.on('data', (chunk: Buffer) => received.push(chunk))
      // Most of the body waits in the sender.
      request.once('data', () => resolve(request.pause()))
    })
    const bytes = Buffer.alloc(32 * 1024 * 1024, 'a')
    const sending = send(await startExporter({ endpoint }), bytes, abort.signal)
    const request = await reached
    abort.abort()
    expect(await sending).toEqual({ outcome: 'retry', reason: 'stopped' })
    bytes.fill('b')
    request.resume()
    await allRead.promise
    expect(received.length).toBeGreaterThan(0)
    expect(Buffer.concat(received).includes('b')).toBe(false)
  })

  test('413 before the body is read', async () => {
    const { endpoint } = await backend((request, response) => {
      request.once('data', () => {
        request.pause()
        response.writeHead(413).end()
      })
    })
    const sent = await send(await startExporter({ endpoint }), Buffer.alloc(32 * 1024 * 1024))
    expect(sent).toEqual({ outcome: 'split', reason: 'HTTP 413' })
    expect(await send(await startExporter({ endpoint }), Buffer.alloc(65 * 1024 * 1024))).toMatchObject({
      outcome: 'split',
    })
  })

  test('TLS: the certificate is checked', async () => {
    const { cert, key, caFile } = certificate()
    const server = createTlsServer({ cert, key }, (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => response.end(String(spansOf(decodeOtlpProtobuf('traces', Buffer.concat(chunks))).length)))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanUps.push(() => {
      server.closeAllConnections()
      server.close()
    })
    const endpoint = `https://localhost:${(server.address() as AddressInfo).port}`
    expect(await send(await startExporter({ endpoint, tls: { ca_file: caFile } }))).toEqual({ outcome: 'sent' })
    expect(await send(await startExporter({ endpoint, tls: { insecure_skip_verify: true } }))).toEqual({
      outcome: 'sent',
    })
    expect(await send(await startExporter({ endpoint }))).toEqual({
      outcome: 'retry',
      reason: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
    const missing = otlpHttp.create(otlpHttp.config.parse({ endpoint, tls: { ca_file: '/nowhere.pem' } }), context)
    await expect(missing.start?.()).rejects.toThrow('/nowhere.pem')
  })
})
