import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import { decodeOtlpProtobuf } from '../../../test/support/otlp-proto.ts'
import { spansOf } from '../../../test/support/otlp-sink.ts'
import { canMount, smallDisk } from '../../../test/support/small-disk.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import type { Payload, Sent } from '../component.ts'
import { RefusedError } from '../component.ts'
import { unpooledPayload } from '../payload.ts'
import { FAILURES_MAX } from './circuit.ts'
import { openQueueStorage } from './open-queue-storage.ts'
import { retryConfig, sendingQueueConfig } from './queue-config.ts'
import { SendingQueue } from './sending-queue.ts'

const DAY_MS = 86_400_000
const pass: Sent = { outcome: 'sent' }
const later: Sent = { outcome: 'retry', reason: 'HTTP 503' }

const batchOf = (...names: string[]): Payload =>
  unpooledPayload(
    'traces',
    spanBatch({ spans: names.map((name) => ({ spanId: '0102030405060708', name })) }),
    names.length,
  )
const namesIn = ({ bytes }: Payload): string[] => spansOf(decodeOtlpProtobuf('traces', bytes)).map(({ name }) => name)

interface Setup {
  readonly id?: string
  readonly queue?: object
  readonly retry?: object
  readonly context?: ReturnType<typeof testContext>
  readonly send: (payload: Payload) => Sent | Promise<Sent>
}

function setUp({ id = 'otlp_http', queue, retry, send, context = testContext(id) }: Setup) {
  const config = sendingQueueConfig.parse({ storage: 'memory', ...queue })
  const sendingQueue = new SendingQueue({
    signal: 'traces',
    exporter: { send: async (payload) => send(payload) },
    queue: config,
    retry: retryConfig.parse(retry),
    context,
    storage: openQueueStorage(config, 'traces', context),
  })
  const count = (name: string, labels = ''): number =>
    context.counters.get(`${name}_spans{exporter="${id}"${labels}}`) ?? 0
  const counts = () => ({
    sent: count('otelcol_exporter_sent'),
    failed: count('otelcol_exporter_send_failed'),
    refused: count('otelcol_exporter_enqueue_failed'),
    full: count('spanwarden_exporter_dropped', ',reason="full"'),
    age: count('spanwarden_exporter_dropped', ',reason="age"'),
    truncated: count('spanwarden_exporter_truncated'),
  })
  const circuit = () => context.gauges.get(`spanwarden_exporter_circuit_state{exporter="${id}",data_type="traces"}`)?.()
  return { sendingQueue, clock: context.clock, lines: context.logged, counts, circuit, context }
}

const reasonOf = (attempt: Promise<void>): Promise<unknown> =>
  attempt.then(
    () => 'taken',
    (error: unknown) => (error instanceof RefusedError ? error.reason : error),
  )

/** Lets what the disk does come to its end. */
async function settled(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 1))
  expect(condition()).toBe(true)
}

describe('on_full: drop_oldest', () => {
  test('what has waited longest goes, counted and told; what is under way stays', async () => {
    const sent: string[] = []
    let up = false
    const { sendingQueue, clock, counts, lines } = setUp({
      queue: { queue_size: 3, num_consumers: 1, on_full: 'drop_oldest' },
      send: (payload) => {
        if (up) sent.push(...namesIn(payload))
        return up ? pass : later
      },
    })
    for (const name of ['under way', 'b', 'c', 'd', 'e']) await sendingQueue.deliver(batchOf(name))
    expect(counts()).toMatchObject({ failed: 2, full: 2, refused: 0 })
    expect(lines).toContainEqual({
      level: 'error',
      fields: { signal: 'traces', items: 1, reason: 'the queue is full and on_full is drop_oldest', suppressed: 0 },
      message: 'items were dropped',
    })
    up = true
    await clock.advanceSettled(60_000)
    expect(sent).toEqual(['under way', 'd', 'e'])
    expect(counts()).toMatchObject({ sent: 3, failed: 2 })
  })

  test('when all is under way, nothing is dropped and the sender is refused', async () => {
    const { sendingQueue, counts } = setUp({
      queue: { queue_size: 2, num_consumers: 2, on_full: 'drop_oldest' },
      send: () => new Promise(() => {}),
    })
    await sendingQueue.deliver(batchOf('a'))
    await sendingQueue.deliver(batchOf('b'))
    expect(await reasonOf(sendingQueue.deliver(batchOf('c')))).toBe('busy')
    expect(counts()).toMatchObject({ failed: 0, refused: 1 })
  })

  test('a dead backend never delays another: neither before its queue is full nor after', async () => {
    const sent: string[] = []
    const queue = { queue_size: 3, num_consumers: 1, on_full: 'drop_oldest' }
    const dead = setUp({ id: 'otlp_http/dead', queue, send: () => later })
    const alive = setUp({
      id: 'otlp_http/alive',
      send: (payload) => {
        sent.push(...namesIn(payload))
        return pass
      },
    })
    const names = Array.from({ length: 20 }, (_, i) => `span ${i}`)
    for (const name of names) {
      for (const { sendingQueue } of [dead, alive]) sendingQueue.checkRoom(batchOf(name))
      await Promise.all([dead, alive].map(({ sendingQueue }) => sendingQueue.deliver(batchOf(name))))
    }
    await alive.clock.advanceSettled(0)
    expect(sent).toEqual(names)
    expect(dead.sendingQueue.itemsHeld).toBe(3)
    expect(dead.counts()).toMatchObject({ refused: 0, full: 17 })
  })
})

test.runIf(canMount())('a full disk: refused and told, or the oldest dropped, as configured', async () => {
  for (const on_full of ['refuse', 'drop_oldest']) {
    using disk = smallDisk(512 * 1024)
    let up = false
    const sent: string[] = []
    const { sendingQueue, counts } = setUp({
      queue: { storage: 'disk', on_full, num_consumers: 1, memory_bytes_max: 0, queue_bytes_max: 4 * 1024 * 1024 },
      context: { ...testContext('otlp_http'), stateFolder: disk.path },
      retry: { max_interval: '1ms', initial_interval: '1ms' },
      send: (payload) => {
        if (up) sent.push(...namesIn(payload))
        return up ? pass : later
      },
    })
    const names = Array.from({ length: 60 }, (_, i) => `${i} ${'x'.repeat(16_000)}`)
    const taken: string[] = []
    for (const name of names) {
      if ((await reasonOf(sendingQueue.deliver(batchOf(name)))) === 'taken') taken.push(name)
    }
    const { full, refused } = counts()
    expect([taken.length + refused, taken.length - full > 10]).toEqual([60, true])
    expect(on_full === 'refuse' ? full : refused).toBe(0)
    expect(on_full === 'refuse' ? refused : full).toBeGreaterThan(20)
    expect(sendingQueue.diskProblem).toBe(on_full === 'refuse' ? 'ENOSPC' : undefined)
    up = true
    const end = sendingQueue.drain(10_000)
    expect(await end).toBe(0)
    // The first was under way all the time; the rest is what came last, or first.
    expect(sent).toEqual(on_full === 'refuse' ? taken : [names[0], ...names.slice(1 - sent.length)])
    expect(sendingQueue.itemsHeld).toBe(0)
  }
})

describe('time', () => {
  test('nine days without a backend lose nothing, on disk, over restarts; age_max drops what is older', async () => {
    const stateFolder = mkdtempSync(join(tmpdir(), 'spanwarden-days-'))
    let nowMs = Date.UTC(2026, 10, 1)
    const names: string[] = []
    for (let day = 0; day < 9; day++) {
      const context = { ...testContext('otlp_http', nowMs), stateFolder }
      const { sendingQueue, clock } = setUp({ queue: { storage: 'disk', fsync: false }, send: () => later, context })
      sendingQueue.start()
      for (const name of [`day ${day} morning`, `day ${day} evening`]) {
        await sendingQueue.deliver(batchOf(name))
        names.push(name)
        clock.advance(DAY_MS / 2)
      }
      nowMs += DAY_MS
      const end = sendingQueue.drain(1000)
      await clock.advanceSettled(1000)
      expect(await end).toBe(0)
      expect(sendingQueue.itemsHeld).toBe(names.length)
    }
    const sent: string[] = []
    const context = { ...testContext('otlp_http', nowMs), stateFolder }
    const last = setUp({
      queue: { storage: 'disk', num_consumers: 1, age_max: '72h' },
      context,
      send: (payload) => {
        sent.push(...namesIn(payload))
        return pass
      },
    })
    last.sendingQueue.start()
    await settled(() => last.sendingQueue.itemsHeld === 0)
    expect(sent).toEqual(names.slice(-6))
    expect(last.counts()).toMatchObject({ sent: 6, failed: 12, age: 12 })
    await last.sendingQueue.drain(1000)
  })

  test('a batch that is tried again and again is dropped when it is older than age_max', async () => {
    const { sendingQueue, clock, counts } = setUp({ queue: { age_max: '1h' }, send: () => later })
    await sendingQueue.deliver(batchOf('old'))
    await clock.advanceSettled(3_500_000)
    expect(counts()).toMatchObject({ failed: 0 })
    await clock.advanceSettled(200_000)
    expect(counts()).toMatchObject({ failed: 1, age: 1 })
  })
})

describe('batch', () => {
  test('small batches go together, in their order, in requests within the sizes; none waits longer than flush_timeout', async () => {
    const script = fc.array(fc.record({ items: fc.integer({ min: 1, max: 9 }), afterMs: fc.nat({ max: 300 }) }), {
      minLength: 1,
      maxLength: 30,
    })
    await fc.assert(
      fc.asyncProperty(script, fc.integer({ min: 1, max: 30 }), fc.nat({ max: 30 }), async (steps, min, more) => {
        const max = min + more
        const requests: string[][] = []
        const { sendingQueue, clock } = setUp({
          queue: { num_consumers: 1, batch: { min_size: min, max_size: max, flush_timeout: '200ms' } },
          send: (payload) => {
            requests.push(namesIn(payload))
            return pass
          },
        })
        const names: string[] = []
        for (const { items, afterMs } of steps) {
          const batch = Array.from({ length: items }, () => `span ${names.length}.${items}`).map((n, i) => `${n}.${i}`)
          names.push(...batch)
          await sendingQueue.deliver(batchOf(...batch))
          await clock.advanceSettled(afterMs)
        }
        await clock.advanceSettled(200)
        await clock.advanceSettled(200)
        expect(requests.flat()).toEqual(names)
        expect(Math.max(...requests.map(({ length }) => length))).toBeLessThanOrEqual(max)
        expect(sendingQueue.itemsHeld).toBe(0)
        await sendingQueue.drain(0)
        expect(clock.nextTimerMs).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    ['what is in a request', true, ['a', 'b', 'd', 'e', 'f', 'g']],
    ['the credentials', false, []],
  ])('an objection to %s costs no more than it has to', async (_, isAboutContent, taken) => {
    const requests: string[] = []
    const { sendingQueue, clock, counts } = setUp({
      queue: { num_consumers: 1, batch: { min_size: 7 } },
      send: (payload) => {
        const names = namesIn(payload)
        if (names.includes('c')) return { outcome: 'rejected', reason: 'HTTP 4xx', isAboutContent }
        requests.push(...names)
        return pass
      },
    })
    for (const name of 'abcdefg') await sendingQueue.deliver(batchOf(name))
    await clock.advanceSettled(0)
    expect(requests).toEqual(taken)
    expect(counts()).toMatchObject({ sent: taken.length, failed: 7 - taken.length })
    expect(sendingQueue.itemsHeld).toBe(0)
  })

  test('a request that is too large goes in the batches of which it was made, before one of them is split', async () => {
    const requests: string[][] = []
    const { sendingQueue, clock } = setUp({
      queue: { num_consumers: 1, batch: { min_size: 4 } },
      send: (payload) => {
        if (payload.items > 2) return { outcome: 'split', reason: 'HTTP 413' }
        requests.push(namesIn(payload))
        return pass
      },
    })
    for (const names of [['a'], ['b', 'c'], ['d']]) await sendingQueue.deliver(batchOf(...names))
    await clock.advanceSettled(0)
    expect(requests).toEqual([['a'], ['b', 'c'], ['d']])
  })

  test('by bytes; the end does not wait', async () => {
    const requests: number[] = []
    const { sendingQueue, clock } = setUp({
      queue: { num_consumers: 1, batch: { sizer: 'bytes', min_size: 3 * batchOf('a').bytes.length } },
      send: (payload) => {
        requests.push(payload.items)
        return pass
      },
    })
    for (const name of 'abcd') await sendingQueue.deliver(batchOf(name))
    await clock.advanceSettled(0)
    expect(requests).toEqual([3])
    expect(await sendingQueue.drain(1000)).toBe(0)
    expect(requests).toEqual([3, 1])
  })

  test.each([
    [{ batch: { min_size: 10, max_size: 9 } }, 'max_size must be 0 or at least min_size'],
    [{ sizer: 'items', queue_size: 5, batch: { min_size: 10 } }, 'min_size must not be above queue_size'],
    [{ batch: { flush_timeout: '0s' } }, 'it must be above 0'],
  ])('%j: %s', (config, message) => {
    expect(sendingQueueConfig.safeParse(config).error?.message).toContain(message)
  })
})

describe('one item that is too large', () => {
  const giant = (bytes: number): Payload => {
    const attributes = { prompt: 'p'.repeat(bytes), note: 'short' }
    return unpooledPayload('traces', spanBatch({ spans: [{ spanId: '0102030405060708', attributes }] }), 1)
  }

  test.each([
    ['a limit that nobody knows', undefined, 50_000],
    ['a limit that the backend names', 100_000, 99_000],
  ])('%s: loses the ends of its values', async (_, bytesMax, longest) => {
    const taken: Payload[] = []
    const { sendingQueue, clock, counts, lines } = setUp({
      send: (payload) => {
        if (payload.bytes.length > 100_000)
          return { outcome: 'split', reason: 'HTTP 413', ...(bytesMax === undefined ? {} : { bytesMax }) }
        taken.push(payload)
        return pass
      },
    })
    await sendingQueue.deliver(giant(1_000_000))
    await clock.advanceSettled(0)
    const [span] = spansOf(decodeOtlpProtobuf('traces', taken[0]?.bytes ?? Buffer.alloc(0)))
    expect(String(span?.attributes['prompt']).length).toBeGreaterThan(longest)
    expect(span?.attributes).toMatchObject({ note: 'short', 'spanwarden.truncated': expect.any(Number) })
    expect(counts()).toMatchObject({ sent: 1, failed: 0, truncated: 1 })
    expect(lines).toMatchObject([{ level: 'error', message: expect.stringContaining('too large for the backend') }])
  })

  test('a backend that takes nothing at all gets an end of it', async () => {
    let tries = 0
    const { sendingQueue, clock, counts } = setUp({
      send: () => {
        tries++
        return { outcome: 'split', reason: 'HTTP 413' }
      },
    })
    await sendingQueue.deliver(giant(1_000_000))
    await clock.advanceSettled(0)
    expect(tries).toBeLessThan(15)
    expect(counts()).toMatchObject({ sent: 0, failed: 1 })
  })
})

describe('circuit', () => {
  test('while the backend is away one request at a time tries it, and all go when it is back', async () => {
    let up = false
    let under = 0
    const most: number[] = []
    let tried = 0
    const { sendingQueue, clock, circuit } = setUp({
      queue: { num_consumers: 10 },
      send: async () => {
        tried++
        most.push(++under)
        await new Promise((resolve) => setImmediate(resolve))
        under--
        return up ? pass : later
      },
    })
    for (let i = 0; i < 30; i++) await sendingQueue.deliver(batchOf(`span ${i}`))
    await clock.advanceSettled(1000)
    for (let i = 0; i < 20; i++) await clock.advanceSettled(0)
    expect(circuit()).toBe(2)
    expect(sendingQueue.failing).toEqual({ sinceMs: clock.now() - 1000, reason: 'HTTP 503' })
    most.length = 0
    await clock.advanceSettled(600_000)
    for (let i = 0; i < 20; i++) await clock.advanceSettled(0)
    expect(Math.max(...most)).toBe(1)
    expect(tried).toBeGreaterThan(FAILURES_MAX)
    up = true
    const next = clock.nextTimerMs ?? 0
    await clock.advanceSettled(next)
    for (let i = 0; i < 40; i++) await clock.advanceSettled(0)
    expect([circuit(), sendingQueue.itemsHeld, sendingQueue.failing]).toEqual([0, 0, undefined])
  })

  test('a backend that asked for a pause gets it, even when another request came through', async () => {
    const times: number[] = []
    let asked = false
    const { sendingQueue, clock } = setUp({
      queue: { num_consumers: 2 },
      send: (payload) => {
        if (!namesIn(payload).includes('asked')) return asked ? pass : later
        times.push(clock.monotonic())
        asked = true
        return times.length === 1 ? { outcome: 'retry', reason: 'HTTP 429', afterMs: 90_000 } : pass
      },
    })
    await sendingQueue.deliver(batchOf('asked'))
    for (let i = 0; i < 10; i++) await sendingQueue.deliver(batchOf(`span ${i}`))
    await clock.advanceSettled(200_000)
    expect(times).toEqual([0, 90_000])
  })

  test('a refusal for good is told, too, until something is taken', async () => {
    const answers: Sent[] = [{ outcome: 'rejected', reason: 'HTTP 401' }, pass]
    const { sendingQueue, clock } = setUp({ send: () => answers.shift() ?? pass })
    await sendingQueue.deliver(batchOf('a'))
    await clock.advanceSettled(0)
    expect(sendingQueue.failing?.reason).toBe('HTTP 401')
    await sendingQueue.deliver(batchOf('b'))
    await clock.advanceSettled(0)
    expect(sendingQueue.failing).toBeUndefined()
  })
})

test('other limits take effect at once', async () => {
  const { sendingQueue } = setUp({ queue: { queue_size: 1 }, send: () => new Promise(() => {}) })
  await sendingQueue.deliver(batchOf('a'))
  expect(await reasonOf(sendingQueue.deliver(batchOf('b')))).toBe('busy')
  sendingQueue.reconfigure({
    queue: sendingQueueConfig.parse({ storage: 'memory', queue_size: 2 }),
    retry: retryConfig.parse({}),
  })
  expect(await reasonOf(sendingQueue.deliver(batchOf('b')))).toBe('taken')
})
