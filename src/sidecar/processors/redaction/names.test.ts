import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { testContext } from '../../../../test/support/component-context.ts'
import { decodeOtlpProtobuf } from '../../../../test/support/otlp-proto.ts'
import { OtlpView } from '../../../otlp/view.ts'
import { PowerOfTwoPool } from '../../buffer-pool.ts'
import { spanBatch } from '../../../../test/support/span-batch.ts'
import type { Payload } from '../../component.ts'
import type { Delivery } from '../../delivery.ts'
import { OwnMetricsRegistry } from '../../own-metrics.ts'
import { Pipeline } from '../../pipeline.ts'
import { Router } from '../../router.ts'
import { redaction } from '../redaction.ts'

/** What an exporter gets of a span with these attributes. */
async function exported(attributes: Readonly<Record<string, string>>, names: object = {}) {
  const context = testContext('redaction')
  const config = redaction.config.parse({ summary: 'silent', names: { enabled: true, ...names } })
  const payloads: Payload[] = []
  const delivery: Delivery = {
    exporterId: 'test',
    signal: 'traces',
    itemsHeld: 0,
    checkRoom: () => undefined,
    deliver: (payload) => Promise.resolve(void payloads.push(payload.retain())),
    drain: () => Promise.resolve(0),
  }
  const pipeline = new Pipeline({
    id: 'traces',
    signal: 'traces',
    processors: [{ id: 'redaction', component: redaction.create(config, context) }],
    connectors: [],
    deliveries: [delivery],
    buffers: new PowerOfTwoPool(),
    metrics: new OwnMetricsRegistry(),
    logger: context.logger,
  })
  const router = new Router('otlp', [pipeline], new OwnMetricsRegistry(), 'receiver')
  const bytes = spanBatch({ spans: [{ spanId: '0102030405060708', attributes }] })
  const routed = router.route('traces', bytes)
  // The receiver's memory is used again while the thread is at work.
  bytes.fill(0x20)
  const settled = { isDone: false }
  void routed.finally(() => (settled.isDone = true))
  return { routed, payloads, context, settled, attributes: () => attributesOf(payloads[0]) }
}

interface Decoded {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly attributes?: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[]
      }[]
    }[]
  }[]
}

function attributesOf(payload: Payload | undefined): Record<string, string> {
  if (payload === undefined) return {}
  const { resourceSpans } = decodeOtlpProtobuf('traces', payload.bytes) as Decoded
  const attributes = resourceSpans[0]?.scopeSpans[0]?.spans[0]?.attributes ?? []
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]))
}

const MESSAGES = 'gen_ai.input.messages'
const message = (content: string): string => JSON.stringify([{ role: 'user', parts: [{ type: 'text', content }] }])

/** A file with a module. */
function moduleFile(source: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'spanwarden-')), 'my-ner.mjs')
  writeFileSync(file, source)
  return file
}

describe('names in the sidecar', () => {
  test('are taken out of content, not of names of models and services', async () => {
    const { routed, attributes } = await exported({
      [MESSAGES]: message('Hi, my name is Anna Schmidt.\nCall me at +49 30 901820.'),
      'gen_ai.request.model': 'Claude Jackson',
      'tool.result': 'Thank you, Mia. Best regards, Tom Miller',
    })
    await routed
    expect(attributes()).toEqual({
      [MESSAGES]: message('Hi, my name is [REDACTED:PERSON].\nCall me at [REDACTED:PHONE].'),
      'gen_ai.request.model': 'Claude Jackson',
      'tool.result': 'Thank you, [REDACTED:PERSON]. Best regards, [REDACTED:PERSON]',
    })
  })

  test('what there is no room for is masked, and stays JSON', async () => {
    const { routed, attributes } = await exported(
      { [MESSAGES]: message('I am Anna Schmidt'), 'exception.message': 'no Anna', 'tool.name': 'find' },
      { waiting_bytes_max: 10 },
    )
    await routed
    expect(attributes()).toEqual({
      [MESSAGES]: '"[REDACTED:NAMES_LIMIT]"',
      'exception.message': 'no [REDACTED:PERSON]',
      'tool.name': 'find',
    })
  })

  test('more than the bytes a second are masked', async () => {
    const { routed, attributes } = await exported({ 'tool.result': 'I am Anna Schmidt' }, { bytes_per_second: 5 })
    await routed
    expect(attributes()).toEqual({ 'tool.result': '[REDACTED:NAMES_LIMIT]' })
  })
})

describe('a module of the user', () => {
  test('finds what it finds, in code units', async () => {
    const module = moduleFile(`
      export async function findNames(texts) {
        return texts.map((text) => {
          const start = text.indexOf('Zaphod')
          return start < 0 ? [] : [
            { start, end: start + 6, type: 'PERSON', confidence: 0.9 },
            { start: 0, end: 1, type: 'PERSON', confidence: 0.1 },
            { start: 0, end: 1, type: 'OTHER', confidence: 0.9 },
          ]
        })
      }`)
    const { routed, attributes } = await exported({ 'tool.result': '🙂 é Zaphod and Anna' }, { module })
    await routed
    expect(attributes()).toEqual({ 'tool.result': '🙂 é [REDACTED:PERSON] and Anna' })
  })

  test('the example', async () => {
    const module = fileURLToPath(new URL('../../../../examples/names-module/find-names.mjs', import.meta.url))
    const text = '🙂 Hi, I am Anna Schmidt, and this is Tom.'
    const { routed, attributes } = await exported({ 'tool.result': text }, { module })
    await routed
    expect(attributes()).toEqual({ 'tool.result': '🙂 Hi, I am [REDACTED:PERSON], and this is [REDACTED:PERSON].' })
  })

  test.each([
    ['throws', "export async function findNames(texts) { throw new Error('quotes ' + texts[0]) }"],
    ['exports nothing', 'export const a = 1'],
    ['is no JavaScript', 'export const ='],
    ['ends the thread', 'export async function findNames() { process.exit(1) }'],
    ['returns too little', 'export async function findNames() { return [] }'],
    [
      'returns a range outside of the text',
      "export async function findNames() { return [[{ start: 5, end: 500, type: 'PERSON' }]] }",
    ],
  ])('that %s: the content is masked, and nothing of it is logged', async (_, source) => {
    const { routed, attributes, context } = await exported(
      { 'tool.result': 'I am Anna Schmidt' },
      { module: moduleFile(source) },
    )
    await routed
    expect(attributes()).toEqual({ 'tool.result': '[REDACTED:NAMES_LIMIT]' })
    expect(JSON.stringify(context.logged)).not.toContain('Anna')
  })

  test('that hangs: the content is masked when the time is up', async () => {
    const module = moduleFile('export function findNames() { for (;;); }')
    const { routed, attributes, context, settled } = await exported(
      { 'tool.result': 'I am Anna Schmidt' },
      { module, timeout: '3s' },
    )
    await context.clock.advanceSettled(2_999)
    expect(settled.isDone).toBe(false)
    await context.clock.advanceSettled(1)
    await routed
    expect(attributes()).toEqual({ 'tool.result': '[REDACTED:NAMES_LIMIT]' })
    expect(context.logged.map(({ message: text }) => text)).toEqual([
      'looking for names took too long; texts are masked',
    ])
  })

  test('that is not there is a fault of the configuration', async () => {
    await expect(exported({}, { module: './not-there.mjs' })).rejects.toThrow('there is no file')
  })
})

test('the thread ends with the processor: a reload makes another', async () => {
  const context = testContext('redaction')
  const processor = redaction.create(redaction.config.parse({ names: { enabled: true } }), context)
  const started = once(process, 'worker')
  const attributes = { 'gen_ai.input.messages': 'Ask Maria Schneider about it.' }
  await processor.prepare?.(new OtlpView('traces', spanBatch({ spans: [{ spanId: '0102030405060708', attributes }] })))
  const [thread]: Worker[] = await started
  expect(thread?.threadId).toBeGreaterThan(0)
  await processor.stop?.()
  expect(thread?.threadId).toBe(-1)
})
