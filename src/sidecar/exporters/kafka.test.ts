import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { certificate } from '../../../test/support/certificate.ts'
import { testContext } from '../../../test/support/component-context.ts'
import { goCommand } from '../../../test/support/go-program.ts'
import { startKafkaBroker } from '../../../test/support/kafka-broker.ts'
import type { KafkaBroker, KafkaBrokerOptions } from '../../../test/support/kafka-broker.ts'
import { decodeOtlpProtobuf } from '../../../test/support/otlp-proto.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import { freePort } from '../../../test/support/stock-collector.ts'
import { until } from '../../../test/support/until.ts'
import { jsonToProtobuf } from '../../otlp/json-to-protobuf.ts'
import type { Exporter, Payload, Sent, Signal } from '../component.ts'
import { kafka } from './kafka.ts'
import { saramaHash } from './kafka/partition-of.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const context = { ...testContext('kafka'), service: () => expect.unreachable() }

async function startExporter(config: object): Promise<Exporter> {
  const quick = { metadata: { retry: { max: 2, backoff: '20ms' } } }
  const exporter = kafka.create(kafka.config.parse({ ...quick, ...config }), context)
  await exporter.start?.()
  cleanUps.push(() => exporter.stop?.())
  return exporter
}

async function startBroker(options?: KafkaBrokerOptions): Promise<KafkaBroker> {
  const broker = await startKafkaBroker(options)
  cleanUps.push(() => broker.kill())
  return broker
}

/** A broker and an exporter that writes to it. */
async function pair(config: object = {}, options?: KafkaBrokerOptions): Promise<[Exporter, KafkaBroker]> {
  const broker = await startBroker(options)
  return [await startExporter({ brokers: [`127.0.0.1:${broker.port}`], ...config }), broker]
}

function payload(bytes: Buffer, items: number, signal: Signal = 'traces'): Payload {
  const self: Payload = { signal, bytes, items, retain: () => self, release: () => undefined }
  return self
}
const forever = new AbortController().signal
const send = (exporter: Exporter, bytes: Buffer, items: number, signal?: Signal): Promise<Sent> =>
  exporter.send(payload(bytes, items, signal), forever)

const TRACES = ['11'.repeat(16), '22'.repeat(16), '33'.repeat(16), '44'.repeat(16)]
const spanId = (n: number): string => n.toString(16).padStart(16, '0')
/** Spans of several traces, in turn. */
const batch = (spans: number, text = 'x', traces = TRACES): Buffer =>
  spanBatch({
    attributes: { 'service.name': 'a' },
    spans: Array.from({ length: spans }, (_, n) => ({
      traceId: traces[n % traces.length] ?? '',
      spanId: spanId(n + 1),
      attributes: { text },
    })),
  })
const one = (text = 'x'): Buffer => batch(1, text)

const idsIn = (text: string, key: string): string[] =>
  [...text.matchAll(new RegExp(`"${key}":"([0-9a-f]+)"`, 'g'))].map(([, id = '']) => id)
const spansOf = (value: Buffer): string => JSON.stringify(decodeOtlpProtobuf('traces', value))

describe.skipIf(goCommand === undefined)('kafka', { timeout: 120_000 }, () => {
  test('a message for each trace, with its id as key, at the partition that the stock collector takes', async () => {
    const [exporter, broker] = await pair({ record_headers: { origin: 'agents' } })
    expect(await send(exporter, batch(8), 8)).toEqual({ outcome: 'sent' })
    await until(() => broker.records.length === 4)
    expect(broker.records.map(({ key }) => key).toSorted()).toEqual(TRACES)
    for (const { topic, key, value, partition, headers } of broker.records) {
      expect(topic).toBe('otlp_spans')
      expect(new Set(idsIn(spansOf(value), 'traceId'))).toEqual(new Set([key]))
      expect(idsIn(spansOf(value), 'spanId')).toHaveLength(2)
      expect(partition).toBe(saramaHash(Buffer.from(key ?? '')) % 3)
      expect(headers).toEqual({ origin: 'agents' })
    }
  })

  test('whole batches, in JSON, to a topic of their own', async () => {
    const config = { partition_traces_by_id: false, traces: { topic: 'agents', encoding: 'otlp_json' } }
    const [exporter, broker] = await pair(config, { topics: ['agents:1'] })
    expect(await send(exporter, batch(8), 8)).toEqual({ outcome: 'sent' })
    await until(() => broker.records.length === 1)
    const [record] = broker.records
    expect(record).toMatchObject({ topic: 'agents', key: null })
    expect(JSON.parse(String(record?.value))).toMatchObject({
      resourceSpans: [{ resource: { attributes: [{ key: 'service.name' }] } }],
    })
    expect(idsIn(String(record?.value), 'spanId')).toHaveLength(8)
  })

  test('metrics and logs by resource, logs by trace', async () => {
    const [byResource, broker] = await pair({
      partition_metrics_by_resource_attributes: true,
      partition_logs_by_resource_attributes: true,
    })
    const attribute = (key: string, text: string) => ({ key, value: { stringValue: text } })
    const [a, b] = [attribute('a', '1'), attribute('b', '2')]
    const resources = [[a, b], [b, a], [a]].map((attributes) => ({ attributes }))
    const metrics = resources.map((resource, n) => ({
      resource,
      scopeMetrics: [{ metrics: [{ name: `m${n}`, gauge: { dataPoints: [{ asInt: '1' }, { asInt: '2' }] } }] }],
    }))
    const logs = resources.map((resource, n) => ({
      resource,
      scopeLogs: [{ logRecords: [{ traceId: TRACES[n % 2], body: { stringValue: 'x' } }] }],
    }))
    const bytesOf = (signal: Signal, request: object): Buffer =>
      jsonToProtobuf(signal, Buffer.from(JSON.stringify(request)))
    const inMetrics = bytesOf('metrics', { resourceMetrics: metrics })
    const inLogs = bytesOf('logs', { resourceLogs: logs })
    expect(await send(byResource, inMetrics, 6, 'metrics')).toEqual({ outcome: 'sent' })
    expect(await send(byResource, inLogs, 3, 'logs')).toEqual({ outcome: 'sent' })
    await until(() => broker.records.length === 4)
    const namesOf = (value: Buffer): string =>
      JSON.stringify(decodeOtlpProtobuf('metrics', value)).match(/"m\d"/g)?.join() ?? ''
    const ofMetrics = broker.records.filter(({ topic }) => topic === 'otlp_metrics')
    expect(ofMetrics.map(({ value }) => namesOf(value)).toSorted()).toEqual(['"m0","m1"', '"m2"'])
    const keys = (topic: string): (string | null)[] =>
      broker.records.filter((record) => record.topic === topic).map(({ key }) => key)
    expect(keys('otlp_logs').toSorted()).toEqual(keys('otlp_metrics').toSorted())

    const byTrace = await startExporter({ brokers: [`127.0.0.1:${broker.port}`], partition_logs_by_trace_id: true })
    expect(await send(byTrace, inLogs, 3, 'logs')).toEqual({ outcome: 'sent' })
    await until(() => broker.records.length === 6)
    expect(keys('otlp_logs')).toEqual(expect.arrayContaining(TRACES.slice(0, 2)))
  })

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('compression %s', async (compression) => {
    const [exporter, broker] = await pair({ producer: { compression } })
    expect(await send(exporter, one('y'.repeat(50_000)), 1)).toEqual({ outcome: 'sent' })
    await until(() => broker.records.length === 1)
    expect(spansOf(broker.records[0]?.value ?? Buffer.alloc(0))).toContain('y'.repeat(50_000))
  })

  test('a topic that is not there is made, or it is said', async () => {
    const [exporter, broker] = await pair({ topic: 'new' }, { topics: [], createsTopics: true })
    await until(async () => (await send(exporter, one(), 1)).outcome === 'sent')
    await until(() => broker.records.some(({ topic }) => topic === 'new'))
    const [other] = await pair({ topic: 'new' }, { topics: [] })
    expect(await send(other, one(), 1)).toEqual({
      outcome: 'retry',
      reason: 'Kafka: UNKNOWN_TOPIC_OR_PARTITION (the topic is not there; create it)',
    })
  })

  describe('what the broker says', () => {
    test.each([
      [7, 'retry', 'REQUEST_TIMED_OUT'],
      [6, 'retry', 'NOT_LEADER_OR_FOLLOWER'],
      [19, 'retry', 'NOT_ENOUGH_REPLICAS (fewer replicas are in sync than min.insync.replicas of the topic)'],
      [29, 'retry', 'TOPIC_AUTHORIZATION_FAILED (the user may not write to the topic, or may not create it)'],
      [10, 'split', 'MESSAGE_TOO_LARGE'],
      [18, 'split', 'RECORD_LIST_TOO_LARGE'],
      [87, 'rejected', 'INVALID_RECORD'],
    ])('%i: %s', async (code, outcome, name) => {
      const [exporter, broker] = await pair()
      await send(exporter, one(), 1)
      broker.fail(code, true)
      await until(async () => (await send(exporter, one(), 1)).outcome !== 'sent')
      expect(await send(exporter, one(), 1)).toEqual({ outcome, reason: `Kafka: ${name}` })
      broker.fail(0)
      await until(async () => (await send(exporter, one(), 1)).outcome === 'sent')
    })

    test('a passing trouble is not seen by the queue', async () => {
      const [exporter, broker] = await pair()
      await send(exporter, one(), 1)
      broker.fail(6)
      expect(await send(exporter, batch(8), 8)).toEqual({ outcome: 'sent' })
    })
  })

  describe('sizes', () => {
    test('a message above max_message_bytes is split before anything is sent', async () => {
      const [exporter, broker] = await pair({ producer: { max_message_bytes: 10_000 } })
      const large = spanBatch({
        spans: [{ spanId: spanId(1) }, { traceId: TRACES[0] ?? '', spanId: spanId(2), name: 'x'.repeat(10_000) }],
      })
      expect(await send(exporter, large, 2)).toMatchObject({ outcome: 'split', bytesMax: 9_900 })
      expect(await send(exporter, one(), 1)).toEqual({ outcome: 'sent' })
      await until(() => broker.records.length > 0)
      expect(broker.records).toHaveLength(1)
    })

    test('many messages go in several requests, each of which a broker takes', async () => {
      const [exporter, broker] = await pair({ producer: { max_message_bytes: 20_000 } }, { maxBytes: 20_500 })
      const traces = Array.from({ length: 50 }, (_, n) => (n + 1).toString(16).padStart(32, '0'))
      expect(await send(exporter, batch(50, 'x'.repeat(5_000), traces), 50)).toEqual({ outcome: 'sent' })
      await until(() => broker.records.length === 50)
      expect(broker.records.map(({ key }) => key).toSorted()).toEqual(traces)
    })

    test('a broker that takes less than was configured gets smaller requests, and only what is itself too large is split', async () => {
      const [exporter, broker] = await pair({}, { maxBytes: 20_000, topics: ['otlp_spans:1'] })
      const traces = Array.from({ length: 20 }, (_, n) => (n + 1).toString(16).padStart(32, '0'))
      expect(await send(exporter, batch(20, 'x'.repeat(5_000), traces), 20)).toEqual({ outcome: 'sent' })
      await until(() => broker.records.length === 20)
      expect(await send(exporter, one('x'.repeat(30_000)), 1)).toEqual({
        outcome: 'split',
        reason: 'Kafka: MESSAGE_TOO_LARGE',
      })
    })

    test('a batch that is tried again does not bring again what has arrived', async () => {
      const [exporter, broker] = await pair({
        producer: { max_message_bytes: 20_000 },
        metadata: { retry: { max: 0 } },
      })
      await send(exporter, one(), 1)
      await until(() => broker.records.length === 1)
      const traces = Array.from({ length: 40 }, (_, n) => (n + 1).toString(16).padStart(32, '0'))
      const tried = payload(batch(40, 'x'.repeat(5_000), traces), 40)
      broker.fail(7)
      let attempts = 1
      for (; (await exporter.send(tried, forever)).outcome === 'retry'; attempts++);
      expect(attempts).toBe(2)
      await until(() => new Set(broker.records.map(({ key }) => key)).size >= 41)
      expect(broker.records).toHaveLength(41)
    })
  })

  describe('login', () => {
    test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])('%s over TLS', async (mechanism) => {
      const { caFile, key } = certificate()
      const keyFile = join(dirname(caFile), 'server-key.pem')
      writeFileSync(keyFile, key, { mode: 0o600 })
      const broker = await startBroker({
        sasl: `${mechanism}:agents:p:w,=`,
        tls: { certFile: caFile, keyFile },
      })
      const brokers = [`localhost:${broker.port}`]
      const sasl = { mechanism, username: 'agents', password: 'p:w,=' }
      const exporter = await startExporter({ brokers, tls: { ca_file: caFile }, auth: { sasl } })
      expect(await send(exporter, batch(8), 8)).toEqual({ outcome: 'sent' })
      await until(() => broker.records.length === 4)

      const wrong = await startExporter({
        brokers,
        tls: { ca_file: caFile },
        auth: { sasl: { ...sasl, password: 'other' } },
      })
      expect(await send(wrong, one(), 1)).toMatchObject({
        outcome: 'retry',
        reason: expect.stringContaining('check') as unknown,
      })
      const untrusting = await startExporter({ brokers, tls: {}, auth: { sasl } })
      expect(await send(untrusting, one(), 1)).toMatchObject({
        outcome: 'retry',
        reason: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_VERIFY/) as unknown,
      })
      const plain = await startExporter({ brokers, auth: { sasl }, timeout: '1s' })
      expect(await send(plain, one(), 1)).toMatchObject({ outcome: 'retry' })
    })
  })

  test('without a broker: again, and at once when it is to end; with one again it goes on', async () => {
    const port = await freePort()
    const exporter = await startExporter({ brokers: [`127.0.0.1:${port}`] })
    expect(await send(exporter, one(), 1)).toEqual({ outcome: 'retry', reason: 'Kafka: ECONNREFUSED' })
    const [second, broker] = await pair()
    expect(await send(second, one(), 1)).toEqual({ outcome: 'sent' })
    await broker.kill()
    expect((await send(second, one(), 1)).outcome).toBe('retry')
    await broker.restart()
    await until(async () => (await send(second, one(), 1)).outcome === 'sent')
    await until(() => broker.records.length >= 2)
    const abort = new AbortController()
    const aborted = exporter.send(payload(one(), 1), abort.signal)
    abort.abort()
    expect(await aborted).toEqual({ outcome: 'retry', reason: 'stopped before the brokers had answered' })
  })
})

const int16s = (...values: number[]): Buffer => Buffer.from(Int16Array.from(values).buffer).swap16()
const int32 = (value: number): Buffer => Buffer.from(Int32Array.of(value).buffer).swap32()
const API_VERSIONS = 18

/** Says which requests it takes, and answers those with what `answer` makes of them. */
async function strangeBroker(
  apis: readonly [number, number, number][],
  answer: (request: Buffer, socket: Socket) => Buffer,
): Promise<{ readonly address: string; readonly requests: number[]; connections(): Promise<number> }> {
  const requests: number[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (request) => {
      const api = request.readInt16BE(4)
      requests.push(api)
      const versions = [int16s(0), int32(apis.length), ...apis.map((one) => int16s(...one)), int32(0)]
      const refusal = [int16s(35), int32(0), int32(0)]
      const ofVersions = request.readInt16BE(6) > 1 ? refusal : versions
      const rest = api === API_VERSIONS ? Buffer.concat(ofVersions) : answer(request, socket)
      const body = Buffer.concat([request.subarray(8, 12), rest])
      socket.write(Buffer.concat([int32(body.length), body]))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => server.close())
  const address = server.address()
  return {
    address: `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    requests,
    connections: () =>
      new Promise((resolve) => {
        server.getConnections((_, count) => resolve(count))
      }),
  }
}

/** What nobody has caught meanwhile; it would end a sidecar. */
function uncaught(): unknown[] {
  const errors: unknown[] = []
  const note = (error: unknown): void => void errors.push(error)
  process.on('uncaughtException', note)
  cleanUps.push(() => process.off('uncaughtException', note))
  return errors
}

test('a broker that refuses the login and then resets the connection does not end the process', async () => {
  const apis: [number, number, number][] = [
    [17, 0, 1],
    [36, 0, 2],
  ]
  const broker = await strangeBroker(apis, (_request, socket) => {
    setTimeout(() => socket.resetAndDestroy(), 50)
    return Buffer.concat([int16s(33), int32(0)])
  })
  const errors = uncaught()
  const sasl = { mechanism: 'PLAIN', username: 'u', password: 'p' }
  const exporter = await startExporter({ brokers: [broker.address], auth: { sasl } })
  expect(await send(exporter, one(), 1)).toMatchObject({
    outcome: 'retry',
    reason: expect.stringContaining('check auth') as unknown,
  })
  expect(broker.requests).toContain(17)
  await until(async () => (await broker.connections()) === 0)
  expect(errors).toEqual([])
})

test('a broker that forgets the topic in its answer does not end the process, nor hold the batch for ever', async () => {
  // Metadata v1: no brokers, controller 0, no topics. The client looks for its topic in there.
  const broker = await strangeBroker(
    [
      [3, 1, 1],
      [0, 3, 3],
    ],
    () => Buffer.concat([int32(0), int32(0), int32(0)]),
  )
  const errors = uncaught()
  const exporter = await startExporter({ brokers: [broker.address] })
  for (let attempt = 0; attempt < 2; attempt++)
    expect(await send(exporter, one(), 1)).toEqual({ outcome: 'retry', reason: 'Kafka: UNREADABLE_ANSWER' })
  expect(broker.requests.filter((api) => api === 3)).toHaveLength(2)
  expect(errors).toEqual([])
})

describe('the configuration of kafka', () => {
  const parse = (value: object) => kafka.config.safeParse(value)

  test('keys of the stock collector are taken', () => {
    const { success, error } = parse({
      brokers: 'a:9092,b',
      protocol_version: '2.1.0',
      client_id: 'x',
      tls: null,
      auth: { plain_text: { username: 'u', password: 'p' }, tls: { insecure: true } },
      traces: { topic: 't' },
      record_partitioner: { sticky_key: { hasher: 'murmur2' } },
      producer: { required_acks: -1, compression: 'zstd', compression_params: { level: 3 }, linger: '10ms' },
      metadata: { full: false, refresh_interval: '5m', retry: { max: 1, backoff: '1s' } },
      conn_idle_timeout: '9m',
    })
    expect(error?.issues).toBeUndefined()
    expect(success).toBe(true)
  })

  test.each([
    ['a mechanism that it has not', { auth: { sasl: { mechanism: 'OAUTHBEARER', username: 'u', password: 'p' } } }],
    ['an encoding that it has not', { encoding: 'jaeger_proto' }],
    [
      'two logins',
      {
        auth: {
          sasl: { mechanism: 'PLAIN', username: 'u', password: 'p' },
          plain_text: { username: 'u', password: 'p' },
        },
      },
    ],
    ['a name that no topic has', { topic: 'a b' }],
    ['a URL in place of a broker', { brokers: ['kafka://a:9092'] }],
    ['logs in two ways', { partition_logs_by_trace_id: true, partition_logs_by_resource_attributes: true }],
    ['half an acknowledgement', { producer: { required_acks: 2 } }],
  ])('%s is refused', (_, value) => {
    expect(parse(value).success).toBe(false)
  })
})
