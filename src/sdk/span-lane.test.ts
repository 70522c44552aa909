import { resourceFromAttributes } from '@opentelemetry/resources'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { expect, it } from 'vitest'
import { startOtlpSink } from '../../test/support/otlp-sink.ts'
import { Notices } from './notices.ts'
import { OtlpSender } from './sender.ts'
import { spanLane } from './span-lane.ts'
import type { Endpoint } from './settings.ts'

const resource = { 'service.name': 'support', 'process.pid': 42 }

it.each([
  ['http/protobuf', 'application/x-protobuf'],
  ['http/json', 'application/json'],
] as const)('sends spans by %s', async (protocol, contentType) => {
  await using sink = await startOtlpSink()
  const { sink: spans, lane } = laneTo(sink.url, protocol)
  for (const span of endedSpans()) spans.push(span)
  await spans.flush()
  expect(lane.counts).toMatchObject({ sent: 2, dropped: 0 })
  expect(sink.requests.map(({ headers }) => headers['content-type'])).toEqual([contentType])
  expect(sink.spans).toMatchObject([
    { name: 'one', scope: 'spanwarden', resource, attributes: { count: 3, share: 0.5, words: ['a', 'ü'] } },
    { name: 'two', scope: 'agent', resource },
  ])
})

it('counts a span that cannot be encoded, and goes on', async () => {
  await using sink = await startOtlpSink()
  const notices = quiet()
  const { sink: spans, lane } = laneTo(sink.url, 'http/protobuf', notices)
  const [span] = endedSpans()
  spans.push(Object.create(span ?? {}, { attributes: { get: () => expect.fail('hostile') } }))
  for (const each of endedSpans()) spans.push(each)
  await spans.flush()
  expect(lane.counts).toMatchObject({ sent: 2, dropped: 1 })
  expect([...notices.counts.keys()].join()).toContain('serialising traces')
})

function laneTo(url: string, protocol: Endpoint['protocol'], notices = quiet()): ReturnType<typeof spanLane> {
  const endpoint = { url: `${url}/v1/traces`, protocol, headers: {}, timeoutMs: 5_000, gzip: false, tls: {} }
  const sender = new OtlpSender({ traces: endpoint })
  return spanLane({ sender, notices, protocol, resource, queueItemsMax: 10, batchItemsMax: 10, delayMs: 60_000 })
}

function quiet(): Notices {
  const notices = new Notices()
  notices.level = 'none'
  return notices
}

function endedSpans(): ReadableSpan[] {
  const ended: ReadableSpan[] = []
  const provider = new TracerProvider({
    resource: resourceFromAttributes(resource),
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: (span) => void ended.push(span),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  })
  const attributes = { count: 3, share: 0.5, words: ['a', 'ü'] }
  provider.getTracer('spanwarden').startSpan('one', { attributes }).end()
  provider.getTracer('agent').startSpan('two').end()
  return ended
}
