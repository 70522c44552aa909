import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import * as fc from 'fast-check'
import protobuf from 'protobufjs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { certificate } from '../../../test/support/certificate.ts'
import { decodeOtlpProtobuf } from '../../../test/support/otlp-proto.ts'
import { pointBatch } from '../../../test/support/point-batch.ts'
import { post } from '../../../test/support/post.ts'
import { startReceiver } from '../../../test/support/running-receiver.ts'
import type { RunningReceiver, RunningReceiverOptions } from '../../../test/support/running-receiver.ts'
import { describeWithData, sharedData } from '../../../test/support/shared-data.ts'
import { spanBatch, spanBatchJson } from '../../../test/support/span-batch.ts'
import { until } from '../../../test/support/until.ts'
import { RefusedError } from '../component.ts'

const batch = spanBatch({ spans: [{ spanId: '0102030405060708' }, { spanId: '1112131415161718' }] })
const singleSpan = spanBatch({ spans: [{ spanId: '0102030405060708' }] })
const jsonBatch = Buffer.from(JSON.stringify(spanBatchJson({ spans: [{ spanId: '0102030405060708' }] })))
const JSON_HEADERS = { 'content-type': 'application/json' }
const BODY_BYTES_MAX = 100_000

const { root } = protobuf.parse(`syntax = "proto3";
message Any { string typeUrl = 1; bytes value = 2; }
message Status { int32 code = 1; string message = 2; repeated Any details = 3; }`)
const statusOf = (body: Buffer): unknown => root.lookupType('Status').decode(body).toJSON()

describe.each([
  ['read straight into memory', true],
  ['read by node:http', false],
])('%s', (_way, fast_read) => {
  const start = (options: RunningReceiverOptions = {}): Promise<RunningReceiver> =>
    startReceiver({ ...options, http: { fast_read, ...options.http } })

  let receiver: RunningReceiver
  beforeAll(async () => {
    receiver = await start({
      http: { max_request_body_size: BODY_BYTES_MAX, max_decompressed_body_size: 1 },
      signals: ['traces', 'metrics'],
    })
  })
  afterAll(() => receiver.stop())
  beforeEach(() => {
    receiver.received.length = 0
    receiver.refuse(undefined)
  })

  describe('OTLP/HTTP', () => {
    const traces = (): string => `${receiver.http}/v1/traces`

    test.each<[string, Buffer | Buffer[], Record<string, string>, number]>([
      ['protobuf', batch, {}, 2],
      ['protobuf in chunks', [batch.subarray(0, 9), batch.subarray(9)], {}, 2],
      ['protobuf with a media type parameter', batch, { 'content-type': 'Application/X-Protobuf; v=1' }, 2],
      ['gzip', gzipSync(batch), { 'content-encoding': 'gzip' }, 2],
      [
        'gzip in two members',
        Buffer.concat([gzipSync(batch.subarray(0, 7)), gzipSync(batch.subarray(7))]),
        { 'content-encoding': 'gzip' },
        2,
      ],
      ['zstd', zstdCompressSync(batch), { 'content-encoding': 'zstd' }, 2],
      ['deflate', deflateSync(batch), { 'content-encoding': 'deflate' }, 2],
      ['identity', batch, { 'content-encoding': 'identity' }, 2],
      ['JSON', jsonBatch, JSON_HEADERS, 1],
      ['JSON in gzip in chunks', [gzipSync(jsonBatch)], { ...JSON_HEADERS, 'content-encoding': 'gzip' }, 1],
    ])('takes %s', async (_, body, headers, items) => {
      const answer = await post(traces(), body, { headers })
      const isJson = headers['content-type'] === JSON_HEADERS['content-type']
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toBe(isJson ? 'application/json' : 'application/x-protobuf')
      expect(answer.body.toString()).toBe(isJson ? '{}' : '')
      expect(receiver.received.map((received) => received.items)).toEqual([items])
      const spans = receiver.received.map(({ bytes }) => decodeOtlpProtobuf('traces', bytes))
      expect(spans).toEqual([decodeOtlpProtobuf('traces', items === 2 ? batch : singleSpan)])
    })

    test('takes an empty request, which reaches no exporter', async () => {
      expect((await post(traces(), Buffer.alloc(0))).status).toBe(200)
      expect((await post(traces(), Buffer.from('{}'), { headers: JSON_HEADERS })).status).toBe(200)
      expect(receiver.received).toEqual([])
    })

    test('counts what it took', async () => {
      const labels = { receiver: 'otlp', transport: 'http' }
      const before = receiver.metrics.read('otelcol_receiver_accepted_metric_points', labels) ?? 0
      await post(
        `${receiver.http}/v1/metrics`,
        pointBatch([
          { metric: 'm', value: 1, timeMs: 1 },
          { metric: 'n', value: 2, timeMs: 1 },
        ]),
      )
      expect(receiver.metrics.read('otelcol_receiver_accepted_metric_points', labels)).toBe(before + 2)
    })

    const tooLong = Buffer.alloc(BODY_BYTES_MAX + 1)
    const gzip = { 'content-encoding': 'gzip' }
    test.each([
      ['not a batch', 400, 3, Buffer.from([0x0a, 0xff]), {}],
      ['a broken gzip', 400, 3, gzipSync(batch).subarray(0, 30), gzip],
      ['a body that is no gzip', 400, 3, batch, gzip],
      ['not JSON', 400, 3, Buffer.from('{'), JSON_HEADERS],
      ['a body that is too long', 413, 8, tooLong, {}],
      ['chunks that are too long', 413, 8, [tooLong.subarray(0, 50_000), tooLong], {}],
      ['a gzip that is too long inside', 413, 8, gzipSync(tooLong), gzip],
      ['a zstd that is too long inside', 413, 8, zstdCompressSync(tooLong), { 'content-encoding': 'zstd' }],
      ['an unknown compression', 415, 3, batch, { 'content-encoding': 'lz77' }],
    ])('refuses %s', async (_, status, code, body, headers) => {
      const answer = await post(traces(), body, { headers })
      expect(answer.status).toBe(status)
      const isJson = headers === JSON_HEADERS
      expect(isJson ? JSON.parse(answer.body.toString()) : statusOf(answer.body)).toMatchObject({ code })
      expect(answer.headers['content-type']).toBe(isJson ? 'application/json' : 'application/x-protobuf')
      expect(receiver.received).toEqual([])
    })

    test.each([
      ['another method', 405, '/v1/traces', { method: 'PUT' }],
      ['a GET', 405, '/v1/traces', { method: 'GET' }],
      ['another path', 404, '/v1/trace', {}],
      ['a signal without a pipeline', 404, '/v1/logs', {}],
      ['another content type', 415, '/v1/traces', { headers: { 'content-type': 'text/html' } }],
      ['an empty content type', 415, '/v1/traces', { headers: { 'content-type': '' } }],
    ])('refuses %s', async (_, status, path, options) => {
      const answer = await post(receiver.http + path, batch, options)
      expect(answer.status).toBe(status)
      expect(answer.headers['allow']).toBe(status === 405 ? 'POST' : undefined)
      expect(receiver.received).toEqual([])
    })

    test('a full queue is 503 with Retry-After, a fault of ours 500', async () => {
      receiver.refuse(new RefusedError('busy', 'full', { retryAfterMs: 2500 }))
      const busy = await post(traces(), batch)
      expect([busy.status, busy.headers['retry-after']]).toEqual([503, '3'])
      expect(statusOf(busy.body)).toMatchObject({
        code: 14,
        message: 'full',
        details: [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo' }],
      })
      receiver.refuse(new RefusedError('failed', 'broken'))
      expect((await post(traces(), batch)).status).toBe(500)
    })

    test('any bytes are answered with 200, 400 or 413, and the receiver goes on', async () => {
      const anyBody = fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.constantFrom({}, JSON_HEADERS, gzip))
      await fc.assert(
        fc.asyncProperty(anyBody, async ([bytes, headers]) => {
          const { status } = await post(traces(), Buffer.from(bytes), { headers })
          expect([200, 400, 413]).toContain(status)
        }),
        { numRuns: 60 },
      )
      expect((await post(traces(), batch)).status).toBe(200)
    })

    test('a client that goes away in the middle leaves nothing behind', async () => {
      const socket = await dial(receiver.http)
      socket.write(
        `POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\ncontent-length: 50000\r\n\r\nabc`,
      )
      await until(() => inFlight(receiver) > 0)
      socket.destroy()
      await until(() => inFlight(receiver) === 0)
      expect(receiver.received).toEqual([])
    })
  })

  describe('limits', () => {
    test('a request that is not complete in time is answered 408 and its memory is free again', async () => {
      await using slow = await start({ http: { read_timeout: '200ms' } })
      const socket = await dial(slow.http)
      socket.write(
        `POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\ncontent-length: 50000\r\n\r\n`,
      )
      const [answer]: unknown[] = await once(socket, 'data')
      expect(String(answer)).toContain('408')
      await until(() => inFlight(slow) === 0)
    })

    test('more bodies at the same time than memory for them: 503, then taken again', async () => {
      await using small = await start({ maxInFlightMib: 1 })
      const socket = await dial(small.http)
      socket.write(
        `POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\ncontent-length: 500000\r\n\r\n`,
      )
      await until(() => inFlight(small) > 0)
      const large = Buffer.alloc(400_000)
      expect((await post(`${small.http}/v1/traces`, large)).status).toBe(503)
      socket.destroy()
      await until(() => inFlight(small) === 0)
      // Taken, and then found not to be OTLP.
      expect((await post(`${small.http}/v1/traces`, large)).status).toBe(400)
    })

    test.each([1_000_000, 20_000_000])(
      'bodies of %i bytes that are announced and do not come lock nobody out',
      async (length) => {
        await using small = await start({ maxInFlightMib: 8 })
        const head = `POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${length}\r\n\r\n`
        const sockets = await Promise.all(Array.from({ length: 20 }, () => dial(small.http)))
        for (const socket of sockets) socket.write(`${head}x`)
        await until(() => inFlight(small) > 0)
        expect((await post(`${small.http}/v1/traces`, batch)).status).toBe(200)
        for (const socket of sockets) socket.destroy()
        await until(() => inFlight(small) === 0)
      },
    )

    test('memory stays flat under a flood of refused bodies', async () => {
      await using small = await start({ http: { max_request_body_size: 1_000_000, max_decompressed_body_size: 1 } })
      const url = `${small.http}/v1/traces`
      const bomb = gzipSync(Buffer.alloc(20_000_000))
      const tooLong = Buffer.alloc(2_000_000)
      const flood = async (rounds: number): Promise<number> => {
        for (let round = 0; round < rounds; round++) {
          const answers = await Promise.all([
            post(url, bomb, { headers: { 'content-encoding': 'gzip' } }),
            post(url, [tooLong]),
            post(url, tooLong),
            post(url, Buffer.alloc(900_000, 0xff)),
          ])
          expect(answers.map(({ status }) => status)).toEqual([413, 413, 413, 400])
        }
        globalThis.gc?.()
        return process.memoryUsage.rss()
      }
      await flood(20)
      const before = await flood(20)
      const after = await flood(60)
      expect(inFlight(small)).toBe(0)
      expect(after - before).toBeLessThan(100_000_000)
    })

    test('a stop answers what is under way and takes nothing new', async () => {
      const stopping = await start()
      stopping.pause()
      // A connection that is kept alive must not hold up the stop once its request is answered.
      using agent = keepAlive()
      const answer = post(`${stopping.http}/v1/traces`, batch, { agent })
      await until(() => stopping.held === 1)
      const stopped = stopping.stop()
      await until(() => refusesConnections(stopping.http))
      stopping.resume()
      expect((await answer).status).toBe(200)
      await stopped
      expect(stopping.received).toHaveLength(1)
    })
  })

  test('a small body that is large inside is taken whole', async () => {
    await using roomy = await start()
    const large = spanBatch({ spans: [{ spanId: '0102030405060708', name: 'n'.repeat(3_000_000) }] })
    const compressed = gzipSync(large)
    expect(compressed.length).toBeLessThan(16_000)
    expect(
      (await post(`${roomy.http}/v1/traces`, compressed, { headers: { 'content-encoding': 'gzip' } })).status,
    ).toBe(200)
    expect(roomy.received[0]?.bytes.equals(large)).toBe(true)
  })

  describe('options', () => {
    test('CORS only for the origins that are allowed', async () => {
      await using open = await start({
        http: { cors: { allowed_origins: ['https://*.example.com'], allowed_headers: ['x-a'] } },
      })
      const preflight = (origin: string) =>
        post(`${open.http}/v1/traces`, Buffer.alloc(0), { method: 'OPTIONS', headers: { origin } })
      const allowed = await preflight('https://app.example.com')
      expect(allowed.status).toBe(204)
      expect(allowed.headers).toMatchObject({
        'access-control-allow-origin': 'https://app.example.com',
        'access-control-allow-headers': 'content-type, content-encoding, x-a',
      })
      expect((await preflight('https://evil.com')).headers).not.toHaveProperty('access-control-allow-origin')
      const without = await post(`${receiver.http}/v1/traces`, Buffer.alloc(0), {
        method: 'OPTIONS',
        headers: { origin: 'https://app.example.com' },
      })
      expect([without.status, without.headers['access-control-allow-origin']]).toEqual([403, undefined])
    })

    test('own paths, no compression, headers of answers', async () => {
      await using own = await start({
        http: { traces_url_path: '/t', compression_algorithms: [''], response_headers: { 'x-by': 'me' } },
      })
      const answer = await post(`${own.http}/t`, batch)
      expect([answer.status, answer.headers['x-by']]).toEqual([200, 'me'])
      expect((await post(`${own.http}/v1/traces`, batch)).status).toBe(404)
      expect((await post(`${own.http}/t`, gzipSync(batch), { headers: { 'content-encoding': 'gzip' } })).status).toBe(
        415,
      )
    })

    test('TLS', async () => {
      const { caFile } = certificate()
      const tls = { cert_file: caFile, key_file: caFile.replace('cert.pem', 'key.pem') }
      await using secure = await start({ http: { tls } })
      const { request } = await import('node:https')
      const answered = new Promise<number | undefined>((resolve, reject) => {
        const headers = { 'content-type': 'application/x-protobuf' }
        request(
          `${secure.http}/v1/traces`,
          { method: 'POST', ca: readFileSync(caFile), headers, agent: false },
          (response) => {
            response.resume()
            resolve(response.statusCode)
          },
        )
          .on('error', reject)
          .end(batch)
      })
      expect(await answered).toBe(200)
    })
  })

  test('takes what the OpenTelemetry exporter for Node sends', async () => {
    const exporter = new OTLPTraceExporter({ url: `${receiver.http}/v1/traces` })
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
    provider.getTracer('test').startSpan('real').end()
    await provider.forceFlush()
    await provider.shutdown()
    expect(JSON.stringify(decodeOtlpProtobuf('traces', receiver.received[0]?.bytes ?? Buffer.alloc(0)))).toContain(
      '"real"',
    )
  })

  describeWithData('otlp/generated-hostile', () => {
    const folder = sharedData('otlp/generated-hostile')
    const statusFor = (name: string): readonly number[] => {
      const depth = Number(/depth-(\d+)/.exec(name)?.[1] ?? 0)
      if (depth > 0) return [depth < 48 ? 200 : 400]
      if (name.includes('bomb')) return [413]
      if (name.includes('utf8')) return [200, 400]
      return [/truncated|overrun/.test(name) ? 400 : 200]
    }
    test.each(readdirSync(folder))('%s is answered as it must be', async (name) => {
      await using hostile = await start()
      const headers = name.endsWith('.gz') ? { 'content-encoding': 'gzip' } : {}
      const { status } = await post(`${hostile.http}/v1/traces`, readFileSync(`${folder}/${name}`), { headers })
      expect(statusFor(name)).toContain(status)
    })
  })

  describeWithData('otlp/fluent-bit/internal-cases', () => {
    const cases = (['traces', 'metrics', 'logs'] as const).map((signal) => {
      const path = sharedData('otlp/fluent-bit/internal-cases', `${signal}.json`)
      const parsed: Record<string, { input?: unknown }> = JSON.parse(readFileSync(path, 'utf8'))
      return [signal, Object.entries(parsed)] as const
    })
    test.each(cases)('malformed %s are accepted or refused, never a crash', async (signal, named) => {
      await using hostile = await start()
      const faults: string[] = []
      for (const [name, { input = {} }] of named) {
        const { status } = await post(`${hostile.http}/v1/${signal}`, Buffer.from(JSON.stringify(input)), {
          headers: JSON_HEADERS,
        })
        if (status !== 200 && status !== 400) faults.push(`${name}: ${status}`)
      }
      expect(named.length).toBeGreaterThan(20)
      expect(faults).toEqual([])
    })
  })
})

const inFlight = ({ metrics }: RunningReceiver): number =>
  metrics.read('otelcol_receiver_in_flight_bytes', { receiver: 'otlp' }) ?? NaN

async function dial(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.on('error', () => {})
  return socket
}

const keepAlive = (): Agent & Disposable => {
  const agent = new Agent({ keepAlive: true })
  return Object.assign(agent, { [Symbol.dispose]: () => agent.destroy() })
}

async function refusesConnections(url: string): Promise<boolean> {
  try {
    ;(await dial(url)).destroy()
    return false
  } catch {
    return true
  }
}
