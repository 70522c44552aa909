import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { startOtlpSink } from '../../test/support/otlp-sink.ts'
import type { OtlpSinkOptions } from '../../test/support/otlp-sink.ts'
import { Lane } from './lane.ts'
import type { LogRecord } from './log-record.ts'
import { serialiseLogs } from './log-record.ts'
import { Notices } from './notices.ts'
import { OtlpSender } from './sender.ts'
import type { Endpoint } from './settings.ts'

const record = (name: string): LogRecord => ({
  timeUnixNano: '1',
  observedTimeUnixNano: '1',
  severityNumber: 9,
  eventName: name,
  attributes: [],
})

interface Limits {
  readonly queueItemsMax?: number
  readonly batchItemsMax?: number
  readonly delayMs?: number
}

const endpoint = (url: string, more: Partial<Endpoint> = {}): Endpoint => ({
  url: `${url}/v1/logs`,
  headers: {},
  timeoutMs: 5_000,
  gzip: false,
  tls: {},
  protocol: 'http/json',
  ...more,
})

function laneTo(to: Endpoint, limits: Limits = {}) {
  const lines: string[] = []
  const notices = new Notices((line) => void lines.push(line))
  const sender = new OtlpSender({ logs: to })
  const { queueItemsMax = 100, batchItemsMax = 10, delayMs = 1 } = limits
  const serialise = (items: readonly LogRecord[]): Uint8Array => serialiseLogs({}, items)
  const lane = new Lane<LogRecord>({
    signal: 'logs',
    sender,
    notices,
    queueItemsMax,
    batchItemsMax,
    delayMs,
    serialise,
  })
  return { lane, lines, sender }
}

const answer =
  (status: number, headers: Record<string, string> = {}): NonNullable<OtlpSinkOptions['refuse']> =>
  (_request, response) => {
    response.writeHead(status, headers).end()
    return true
  }

describe('a receiver that takes everything', () => {
  test('gets every item once, in order, in batches of the stated size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 5 }),
        async (bursts, batchItemsMax) => {
          await using sink = await startOtlpSink()
          const { lane } = laneTo(endpoint(sink.url), { batchItemsMax })
          const names: string[] = []
          for (const burst of bursts) {
            for (let item = 0; item < burst; item += 1) {
              names.push(`n${names.length}`)
              lane.push(record(`n${names.length - 1}`))
            }
            await new Promise((resolve) => setImmediate(resolve))
          }
          await lane.flush()
          expect(sink.logs.map(({ eventName }) => eventName)).toEqual(names)
          expect(lane.counts).toEqual({ sent: names.length, dropped: 0, rejected: 0, retries: 0 })
          expect(lane.unsent).toBe(0)
        },
      ),
      { numRuns: 20 },
    )
  })

  test('gets them without a flush', async () => {
    await using sink = await startOtlpSink()
    const { lane } = laneTo(endpoint(sink.url), { delayMs: 5 })
    lane.push(record('a'))
    await sink.until(({ logs }) => logs.length === 1)
    for (let n = 0; n < 10; n += 1) lane.push(record('full batch'))
    await sink.until(({ logs }) => logs.length === 11)
    expect(sink.requests).toHaveLength(2)
  })

  test('gets them with gzip and the stated headers', async () => {
    await using sink = await startOtlpSink()
    const { lane } = laneTo(endpoint(sink.url, { gzip: true, headers: { 'x-tenant': 'a' } }))
    lane.push(record('a'))
    await lane.flush()
    expect(sink.logs).toHaveLength(1)
    expect(sink.requests[0]?.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-type': 'application/json',
      'x-tenant': 'a',
    })
  })
})

describe('a receiver that does not', () => {
  test('items in = sent + waiting + dropped; the queue is bounded, one line says so', async () => {
    await using sink = await startOtlpSink({ refuse: answer(503) })
    const { lane, lines } = laneTo(endpoint(sink.url), { queueItemsMax: 20, batchItemsMax: 8 })
    for (let n = 0; n < 50; n += 1) lane.push(record(`${n}`))
    await lane.flush()
    expect(lane.unsent).toBe(20)
    expect(lane.counts).toMatchObject({ sent: 0, dropped: 30, rejected: 0 })
    for (let n = 0; n < 5; n += 1) await lane.flush()
    expect(lane.counts.retries).toBeGreaterThanOrEqual(5)
    expect(lines).toHaveLength(2)
    expect(lines.join('')).toMatch(/logs are dropped: its queue is full[^]*does not take logs \(HTTP 503\)/)
  })

  test('comes back, and gets what waited', async () => {
    let away = true
    await using sink = await startOtlpSink({
      refuse: (request, response) => away && answer(429, { 'retry-after': '0' })(request, response),
    })
    const { lane } = laneTo(endpoint(sink.url))
    for (let n = 0; n < 25; n += 1) lane.push(record(`${n}`))
    await lane.flush()
    away = false
    await sink.until(({ logs }) => logs.length === 25)
    expect(sink.logs.map(({ eventName }) => Number(eventName))).toEqual([...Array(25).keys()])
  })

  test('refuses for good: the batch is dropped, the next one is tried', async () => {
    let first = true
    await using sink = await startOtlpSink({
      refuse(request, response) {
        if (!first) return false
        first = false
        return answer(400)(request, response)
      },
    })
    const { lane, lines } = laneTo(endpoint(sink.url), { batchItemsMax: 2 })
    for (let n = 0; n < 4; n += 1) lane.push(record(`${n}`))
    await lane.flush()
    expect(lane.counts).toEqual({ sent: 2, dropped: 0, rejected: 2, retries: 0 })
    expect(lines).toHaveLength(1)
  })

  test('never answers: the request times out and is repeated later', async () => {
    await using sink = await startOtlpSink({ refuse: () => true })
    const { lane, lines } = laneTo(endpoint(sink.url, { timeoutMs: 20 }))
    lane.push(record('a'))
    await lane.flush()
    expect([lane.unsent, lane.counts.retries]).toEqual([1, 1])
    expect(lines.join('')).toContain('ETIMEDOUT')
  })

  test('no line and no result names the path or the headers of the endpoint', async () => {
    await using sink = await startOtlpSink({ refuse: answer(500) })
    const { lane, lines } = laneTo({
      ...endpoint(sink.url, { headers: { authorization: 'Bearer abc' } }),
      url: `${sink.url}/token-xyz/v1/logs?key=abc`,
    })
    lane.push(record('a'))
    await lane.flush()
    expect(lines.join('')).toContain('HTTP 500')
    expect(lines.join('')).not.toMatch(/xyz|abc/)
  })
})

test('what is unsent can be taken once, with the request under way in front', async () => {
  await using sink = await startOtlpSink({ refuse: () => true })
  const { lane } = laneTo(endpoint(sink.url), { batchItemsMax: 2 })
  for (let n = 0; n < 5; n += 1) lane.push(record(`${n}`))
  void lane.flush()
  await new Promise((resolve) => setImmediate(resolve))
  const taken = lane.takeUnsent()
  expect(taken.map(({ items }) => items)).toEqual([2, 2, 1])
  expect(Buffer.from(taken[0]?.body ?? []).toString()).toContain('"eventName":"0"')
  expect([lane.unsent, lane.takeUnsent()]).toEqual([0, []])
})

test('a batch that cannot be serialised is dropped and counted, the next one goes', async () => {
  await using sink = await startOtlpSink()
  const lines: string[] = []
  const lane = new Lane<string>({
    signal: 'logs',
    sender: new OtlpSender({ logs: endpoint(sink.url) }),
    notices: new Notices((line) => void lines.push(line)),
    queueItemsMax: 10,
    batchItemsMax: 1,
    delayMs: 1,
    serialise: ([item = '']) => {
      if (item === 'bad') throw new TypeError('secret')
      return serialiseLogs({}, [record(item)])
    },
  })
  lane.push('bad')
  lane.push('good')
  await lane.flush()
  expect(sink.logs.map(({ eventName }) => eventName)).toEqual(['good'])
  expect(lane.counts).toMatchObject({ sent: 1, dropped: 1 })
  expect(lines.join('')).not.toContain('secret')
})
