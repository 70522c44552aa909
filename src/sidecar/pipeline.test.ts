import { setImmediate } from 'node:timers/promises'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { testContext } from '../../test/support/component-context.ts'
import { decodeOtlpProtobuf } from '../../test/support/otlp-proto.ts'
import { pointBatch } from '../../test/support/point-batch.ts'
import { spanBatch } from '../../test/support/span-batch.ts'
import { fieldId } from '../otlp/schema.ts'
import { PowerOfTwoPool } from './buffer-pool.ts'
import { RefusedError } from './component.ts'
import type { Connector, Payload, Processor, Signal } from './component.ts'
import type { Delivery } from './delivery.ts'
import { OwnMetricsRegistry } from './own-metrics.ts'
import { Pipeline } from './pipeline.ts'
import type { Named, PipelineOptions } from './pipeline.ts'
import { Router } from './router.ts'

const SPAN = fieldId('ScopeSpans', 'spans')
const NAME = fieldId('Span', 'name')

/** Calls back for each span node and its name node. */
function eachSpan(view: Parameters<Processor['process']>[0], visit: (span: number, name: number) => void): void {
  for (let n = 1; n < view.count; n++) if (view.field(n) === SPAN) visit(n, view.child(n, NAME))
}
const renamed = (to: string): Named<Processor> => ({
  id: `rename/${to}`,
  component: { process: (view, edits) => eachSpan(view, (_, name) => edits.replace(name, to)) },
})
const removing = (unwanted: (name: string) => boolean): Named<Processor> => ({
  id: 'remove',
  component: {
    process(view, edits) {
      eachSpan(view, (span, name) => {
        if (unwanted(view.text(name))) edits.remove(span)
      })
    },
  },
})
const failing: Named<Processor> = {
  id: 'failing',
  component: {
    process() {
      throw new Error('quotes the batch: secret-text')
    },
  },
}

class TestDelivery implements Delivery {
  readonly exporterId = 'test'
  readonly signal: Signal = 'traces'
  readonly itemsHeld = 0
  readonly payloads: Payload[] = []
  refusal: RefusedError | undefined
  late: Promise<void> = Promise.resolve()

  checkRoom(): void {
    if (this.refusal !== undefined) throw this.refusal
  }
  async deliver(payload: Payload): Promise<void> {
    await this.late
    this.payloads.push(payload.retain())
  }
  drain(): Promise<number> {
    return Promise.resolve(0)
  }
  get names(): string[][] {
    return this.payloads.map(({ signal, bytes }) => spanNames(decodeOtlpProtobuf(signal, bytes)))
  }
}

const spanNames = (batch: unknown): string[] =>
  [...JSON.stringify(batch).matchAll(/"name":"(n[^"]*)"/g)].map(([, name = '']) => name)

function setUp(options: Partial<PipelineOptions>, ...more: Partial<PipelineOptions>[]) {
  const metrics = new OwnMetricsRegistry()
  const { logger, logged } = testContext('test')
  const buffers = new PowerOfTwoPool()
  const delivery = new TestDelivery()
  const pipelines = [options, ...more].map(
    (own, i) =>
      new Pipeline({
        id: `traces/${i}`,
        signal: 'traces',
        processors: [],
        connectors: [],
        deliveries: [delivery],
        buffers,
        metrics,
        logger,
        ...own,
      }),
  )
  const router = new Router('otlp', pipelines, metrics, 'receiver')
  return { router, delivery, metrics, logged, buffers }
}

const spans = (...names: string[]): Buffer =>
  spanBatch({ spans: names.map((name, i) => ({ spanId: `010203040506070${i % 10}`, name })) })

test('an unchanged batch arrives as it came, in memory of its own', async () => {
  const { router, delivery } = setUp({})
  const batch = spans('n1', 'n2')
  const memory = Buffer.from(batch)
  await router.route('traces', memory)
  memory.fill(0)
  expect(delivery.payloads.map(({ bytes, items }) => [bytes, items])).toEqual([[batch, 2]])
})

test('processors work one after the other, and each pipeline on its own', async () => {
  const other = new TestDelivery()
  const { router, delivery } = setUp(
    { processors: [removing((name) => name === 'n2'), renamed('new')] },
    { deliveries: [other] },
  )
  await router.route('traces', spans('n1', 'n2', 'n3'))
  expect(delivery.names).toEqual([['new', 'new']])
  expect(other.names).toEqual([['n1', 'n2', 'n3']])
})

test('a connector reads what the processors left, and its failure loses nothing', async () => {
  const seen: string[] = []
  const reading: Connector = {
    start() {},
    stop() {},
    consume: (view) => eachSpan(view, (_, name) => seen.push(view.text(name))),
  }
  const broken: Connector = {
    start() {},
    stop() {},
    consume: () => {
      throw new Error('secret-text')
    },
  }
  const { router, delivery, logged, metrics } = setUp({
    processors: [renamed('nX')],
    connectors: [
      { id: 'broken', component: broken },
      { id: 'reading', component: reading },
    ],
  })
  await router.route('traces', spans('n1', 'n2'))
  expect(seen).toEqual(['nX', 'nX'])
  expect(delivery.names).toEqual([['nX', 'nX']])
  expect(metrics.read('otelcol_connector_failed_items', { connector: 'broken', pipeline: 'traces/0' })).toBe(2)
  expect(JSON.stringify(logged)).not.toContain('secret-text')
})

test('a processor that fails: nothing is forwarded by any pipeline, it is counted, and the log does not quote the batch', async () => {
  const seen: number[] = []
  const connector: Connector = { start() {}, stop() {}, consume: (view) => void seen.push(view.count) }
  const { router, delivery, metrics, logged } = setUp(
    { connectors: [{ id: 'c', component: connector }] },
    { processors: [renamed('nX'), failing] },
  )
  await expect(router.route('traces', spans('n1', 'n2'))).rejects.toMatchObject({ reason: 'failed' })
  expect(delivery.payloads).toEqual([])
  expect(seen).toEqual([])
  const labels = { processor: 'failing', pipeline: 'traces/1', otel_signal: 'traces' }
  expect(metrics.read('otelcol_processor_failed_items', labels)).toBe(2)
  expect(metrics.read('otelcol_receiver_failed_spans', { receiver: 'otlp' })).toBe(2)
  expect(JSON.stringify(logged)).toContain('"failing"')
  expect(JSON.stringify(logged)).not.toContain('secret-text')
})

test('a processor that refuses a batch says why; nothing is forwarded, and it is no fault to log', async () => {
  const refusal = new RefusedError('invalid', 'refused on purpose')
  const refusing: Named<Processor> = {
    id: 'refusing',
    component: {
      process() {
        throw refusal
      },
    },
  }
  const { router, delivery, logged } = setUp({}, { processors: [refusing] })
  await expect(router.route('traces', spans('n1'))).rejects.toBe(refusal)
  expect(delivery.payloads).toEqual([])
  expect(logged).toEqual([])
})

test('when one exporter has no room, none gets the batch and no connector sees it', async () => {
  const seen: number[] = []
  const connector: Connector = { start() {}, stop() {}, consume: (view) => void seen.push(view.count) }
  const full = new TestDelivery()
  full.refusal = new RefusedError('busy', 'full')
  const { router, delivery, metrics } = setUp(
    { connectors: [{ id: 'c', component: connector }] },
    { deliveries: [full] },
  )
  await expect(router.route('traces', spans('n1'))).rejects.toMatchObject({ reason: 'busy' })
  expect([delivery.payloads, seen]).toEqual([[], []])
  expect(metrics.read('otelcol_receiver_refused_spans', { receiver: 'otlp' })).toBe(1)
})

test('memory is used again only when the last exporter has let go', async () => {
  const first = new TestDelivery()
  const refusing = new TestDelivery()
  const gate = Promise.withResolvers<void>()
  first.late = gate.promise
  refusing.deliver = () => Promise.reject(new RefusedError('busy', 'full'))
  const { router, buffers } = setUp({ deliveries: [refusing, first] })
  const routed = router.route('traces', spans('n1')).catch((error: unknown) => error)
  await setImmediate()
  const other = buffers.take(1)
  other.fill(0xff)
  gate.resolve()
  expect(await routed).toMatchObject({ reason: 'busy' })
  expect(first.names).toEqual([['n1']])
  const before = buffers.freeBytes
  first.payloads[0]?.release()
  expect(buffers.freeBytes).toBeGreaterThan(before)
  expect(() => first.payloads[0]?.release()).toThrow('released more often')
})

/** Prepares until `gate` settles, then renames what it saw. */
const preparing = (gate: Promise<void>): Named<Processor> => ({
  id: 'preparing',
  component: { prepare: () => gate, process: (view, edits) => eachSpan(view, (_, name) => edits.replace(name, 'nP')) },
})

/** A pool that knows what was not given back. */
function countingPool() {
  const pool = new PowerOfTwoPool()
  const taken = new Set<Buffer>()
  return {
    taken,
    freeBytes: 0,
    take(size: number): Buffer {
      const buffer = pool.take(size)
      taken.add(buffer)
      return buffer
    },
    give(buffer: Buffer): void {
      if (!taken.delete(buffer)) throw new Error('given back twice')
      pool.give(buffer.fill(0xee))
    },
  }
}

describe('a processor that prepares', () => {
  test.each([
    ['and edits', [], ['nP', 'nP']],
    ['and leaves all as it is', [removing(() => false)], ['n1', 'n2']],
  ])('%s: the receiver may use its memory at once, and all memory comes back', async (_, others, names) => {
    const gate = Promise.withResolvers<void>()
    const idle: Named<Processor> = { id: 'idle', component: { prepare: () => gate.promise, process: () => undefined } }
    const buffers = countingPool()
    const seen: string[] = []
    const connector: Connector = {
      start() {},
      stop() {},
      consume: (view) => eachSpan(view, (_span, name) => seen.push(view.text(name))),
    }
    const { router, delivery } = setUp({
      processors: others.length === 0 ? [preparing(gate.promise)] : [idle, ...others],
      connectors: [{ id: 'c', component: connector }],
      buffers,
    })
    const memory = spans('n1', 'n2')
    const routed = router.route('traces', memory)
    memory.fill(0)
    await setImmediate()
    expect(delivery.payloads).toEqual([])
    gate.resolve()
    await routed
    expect([delivery.names, seen]).toEqual([[names], names])
    for (const payload of delivery.payloads) payload.release()
    expect(buffers.taken.size).toBe(0)
  })

  test('and fails, or another pipeline does: nothing is forwarded, and all memory comes back', async () => {
    for (const other of [failing, renamed('nX')]) {
      const gate = Promise.withResolvers<void>()
      const buffers = countingPool()
      const { router, delivery, logged } = setUp(
        { processors: [preparing(gate.promise)], buffers },
        { processors: [other], buffers },
      )
      const routed = router.route('traces', spans('n1'))
      const refused = routed.catch((error: unknown) => error)
      await setImmediate()
      if (other === failing) gate.resolve()
      else gate.reject(new Error('secret-text'))
      expect(await refused).toMatchObject({ reason: 'failed' })
      expect(delivery.payloads).toEqual([])
      expect(buffers.taken.size).toBe(0)
      expect(JSON.stringify(logged)).not.toContain('secret-text')
    }
  })
})

describe('a processor behind others', () => {
  /** Adds a letter to names, whatever was done to them before. */
  const adding = (letter: string, more: Partial<Processor> = {}): Named<Processor> => ({
    id: `add/${letter}`,
    component: {
      ...more,
      process: (view, edits) => eachSpan(view, (_, name) => edits.replace(name, view.text(name) + letter)),
    },
  })
  const later: Partial<Processor> = { prepare: () => setImmediate() }

  test('works on their result, with and without preparing, connectors see all of it, and all memory comes back', async () => {
    const step = fc.record({ letter: fc.constantFrom('a', 'b'), prepares: fc.boolean(), shows: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 4 }), fc.boolean(), async (steps, connects) => {
        const seen: string[] = []
        const component: Connector = {
          start() {},
          stop() {},
          consume: (view) => eachSpan(view, (_, name) => seen.push(view.bytes.toString('utf8', view.body(name)))),
        }
        const buffers = countingPool()
        const { router, delivery } = setUp({
          processors: steps.map(({ letter, prepares, shows }) =>
            adding(letter, { showsEdits: shows, ...(prepares ? later : {}) }),
          ),
          connectors: connects ? [{ id: 'c', component }] : [],
          buffers,
        })
        const memory = spans('n1')
        const routed = router.route('traces', memory)
        if (steps.some(({ prepares }) => prepares)) memory.fill(0)
        await routed
        const name = `n1${steps.map(({ letter }) => letter).join('')}`
        expect(delivery.names).toEqual([[name]])
        // What nobody would see otherwise is in the bytes.
        const hidden = steps.slice(0, steps.findLastIndex(({ shows }) => !shows) + 1)
        const visible = `n1${hidden.map(({ letter }) => letter).join('')}`
        expect(!connects || seen[0]?.startsWith(visible)).toBe(true)
        for (const payload of delivery.payloads) payload.release()
        expect(buffers.taken.size).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('that reads through edits still gets the bytes of one that hides them, and only of such a one', async () => {
    for (const shows of [true, false]) {
      const seen: string[] = []
      const reading: Named<Processor> = {
        id: 'reading',
        component: {
          readsEdits: true,
          showsEdits: true,
          process: (view) =>
            eachSpan(view, (_, name) => seen.push(view.bytes.toString('utf8', view.body(name), view.end(name)))),
        },
      }
      const { router } = setUp({ processors: [adding('a', { showsEdits: shows }), reading] })
      await router.route('traces', spans('n1'))
      expect(seen).toEqual([shows ? 'n1' : 'n1a'])
    }
  })

  test('is not asked when they took everything out', async () => {
    const { router, delivery } = setUp({ processors: [removing(() => true), failing] })
    await router.route('traces', spans('n1'))
    expect(delivery.payloads).toEqual([])
  })
})

test('a processor that lets nothing in refuses before anything is read, for the signals of its pipeline', async () => {
  const refusal = new RefusedError('busy', 'no memory')
  const closed: Named<Processor> = {
    id: 'closed',
    component: {
      admit() {
        throw refusal
      },
      process: () => undefined,
    },
  }
  const { router } = setUp({}, { processors: [closed] })
  expect(() => router.checkAdmission('traces')).toThrow(refusal)
  expect(() => router.checkAdmission('logs')).not.toThrow()
  await expect(router.route('traces', Buffer.from('not read'))).rejects.toBe(refusal)
})

describe('counts', () => {
  test('items in = items forwarded + items that processors removed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 20 }), async (kept) => {
        const { router, delivery, metrics } = setUp({ processors: [removing((name) => name === 'n-')] })
        await router.route('traces', spans(...kept.map((keep) => (keep ? 'n+' : 'n-'))))
        const wanted = kept.filter(Boolean).length
        const labels = { processor: 'remove', pipeline: 'traces/0', otel_signal: 'traces' }
        expect(delivery.payloads.reduce((sum, { items }) => sum + items, 0)).toBe(wanted)
        expect(delivery.names.flat()).toHaveLength(wanted)
        expect(delivery.payloads).toHaveLength(wanted === 0 ? 0 : 1)
        expect(metrics.read('otelcol_processor_incoming_items', labels)).toBe(kept.length)
        expect(metrics.read('otelcol_processor_outgoing_items', labels)).toBe(wanted)
        expect(metrics.read('otelcol_receiver_accepted_spans', { receiver: 'otlp' })).toBe(kept.length)
      }),
      { numRuns: 30 },
    )
  })

  test('data points of all kinds', async () => {
    const { router, delivery } = setUp({ signal: 'metrics' })
    const kinds = ['gauge', 'sum', 'histogram'] as const
    await router.route(
      'metrics',
      pointBatch(kinds.map((kind) => ({ metric: kind, kind, value: 1, timeMs: 1, buckets: [1], bounds: [] }))),
    )
    expect(delivery.payloads.map(({ items }) => items)).toEqual([3])
  })
})
