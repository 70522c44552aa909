import { expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts'
import type { Signal } from '../component.ts'
import { debug, TEXT_CHARS_MAX } from './debug.ts'

/** What the exporter logs about one batch. */
async function printed(verbosity: string | undefined, bytes: Buffer, signal: Signal = 'traces') {
  const context = testContext('debug')
  const exporter = debug.create(debug.config.parse({ verbosity }), { ...context, service: () => expect.unreachable() })
  const payload = { signal, bytes, items: 1, retain: () => payload, release: () => undefined }
  expect(await exporter.send(payload, new AbortController().signal)).toEqual({ outcome: 'sent' })
  return context.logged
}

const batch = spanBatch({
  attributes: { 'service.name': 'agent' },
  spans: [
    {
      spanId: '0102030405060708',
      name: 'chat',
      startMs: 1,
      endMs: 2,
      attributes: { text: 'a\nb', n: -5, half: 0.5, ok: true },
    },
  ],
})

test('basic: counts only', async () => {
  expect(await printed(undefined, batch)).toEqual([
    { level: 'info', fields: { signal: 'traces', items: 1, bytes: batch.length }, message: 'traces passed' },
  ])
})

test('normal: a line for each item', async () => {
  const [line] = await printed('normal', batch)
  expect(line?.message).toBe(
    'traces passed\nresource service.name="agent"\n  spans chat text="a\\nb" n=-5 half=0.5 ok=true',
  )
})

test('detailed: every field', async () => {
  const [line] = await printed('detailed', batch)
  expect(line?.message).toBe(`traces passed
resourceSpans:
  resource:
    attributes:
      key: "service.name"
      value:
        stringValue: "agent"
  scopeSpans:
    scope:
      name: "test"
    spans:
      traceId: 0102030405060708090a0b0c0d0e0f10
      spanId: 0102030405060708
      name: "chat"
      kind: 1
      startTimeUnixNano: 1000000
      endTimeUnixNano: 2000000
      attributes:
        key: "text"
        value:
          stringValue: "a\\nb"
      attributes:
        key: "n"
        value:
          intValue: -5
      attributes:
        key: "half"
        value:
          doubleValue: 0.5
      attributes:
        key: "ok"
        value:
          boolValue: true`)
})

test('metrics, and no more text than the limit', async () => {
  const metrics = new ProtobufWriter()
    .message(1, (w) =>
      w.message(2, () =>
        w.message(2, () => w.string(1, 'queue').message(5, () => w.message(1, () => w.keyValue(7, 'k', 'v')))),
      ),
    )
    .finish()
  expect((await printed('normal', metrics, 'metrics'))[0]?.message).toBe(
    'metrics passed\n  metrics queue\n  dataPoints k="v"',
  )
  const many = spanBatch({
    spans: Array.from({ length: 10_000 }, () => ({ spanId: '0102030405060708', name: 'x'.repeat(100) })),
  })
  const length = (await printed('normal', many))[0]?.message.length ?? 0
  expect(length).toBeGreaterThan(TEXT_CHARS_MAX - 200)
  expect(length).toBeLessThan(TEXT_CHARS_MAX + 200)
})
