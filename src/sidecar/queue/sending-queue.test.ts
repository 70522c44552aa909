import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts'
import type { Payload, Sent } from '../component.ts'
import { RefusedError } from '../component.ts'
import { LOG_INTERVAL_MS } from './log-limiter.ts'
import { retryConfig, sendingQueueConfig } from './queue-config.ts'
import { BLOCKED_SENDERS_MAX, SendingQueue } from './sending-queue.ts'

/** A request of spans with names of their own; `open` counts who holds it. */
class Spans implements Payload {
  readonly signal = 'traces'
  readonly bytes: Buffer
  readonly items: number
  open = 0

  constructor(...names: string[]) {
    const writer = new ProtobufWriter()
    writer.message(1, (w) => w.message(2, () => names.forEach((name) => w.message(2, () => w.string(5, name)))))
    this.bytes = writer.finish()
    this.items = names.length
  }
  retain(): this {
    this.open++
    return this
  }
  release(): void {
    this.open--
  }
}

const namesIn = (payload: Payload): string[] => payload.bytes.toString('latin1').match(/span\d+/g) ?? []
const OLDEST = 'spanwarden_exporter_queue_oldest_seconds{exporter="otlp_http",data_type="traces"}'
const pass: Sent = { outcome: 'sent' }
const later: Sent = { outcome: 'retry', reason: 'HTTP 503' }

interface Setup {
  readonly queue?: object
  readonly retry?: object
  readonly send: (payload: Payload, abort: AbortSignal) => Sent | Promise<Sent>
}

function setUp({ queue, retry, send }: Setup) {
  const context = testContext('otlp_http')
  const sendingQueue = new SendingQueue({
    signal: 'traces',
    exporter: { send: async (payload, abort) => send(payload, abort) },
    queue: sendingQueueConfig.parse(queue),
    retry: retryConfig.parse(retry),
    context,
  })
  const count = (name: string): number =>
    context.counters.get(`otelcol_exporter_${name}_spans{exporter="otlp_http"}`) ?? NaN
  const gauge = (name: string): number | undefined =>
    context.gauges.get(`otelcol_exporter_${name}{exporter="otlp_http",data_type="traces"}`)?.()
  const age = () => context.gauges.get(OLDEST)?.()
  const counts = () => ({ sent: count('sent'), failed: count('send_failed'), refused: count('enqueue_failed') })
  return { sendingQueue, clock: context.clock, lines: context.logged, counts, gauge, age }
}

/** An exporter that answers when the test says so. */
function heldBack() {
  const answers: ((sent: Sent) => void)[] = []
  const send = (): Promise<Sent> => new Promise((resolve) => answers.push(resolve))
  return { answers, send }
}

const reasonOf = (attempt: Promise<void>): Promise<unknown> =>
  attempt.then(
    () => 'taken',
    (error: unknown) => (error instanceof RefusedError ? error.reason : error),
  )

describe('sending queue', () => {
  test('the age of the oldest is that of the one that is tried again, too', async () => {
    const { sendingQueue, clock, age } = setUp({ send: () => later, queue: { num_consumers: 1 } })
    expect(age()).toBe(0)
    await sendingQueue.deliver(new Spans('span1'))
    clock.advance(20_000)
    await sendingQueue.deliver(new Spans('span2'))
    clock.advance(1000)
    expect(age()).toBe(21)
    expect(sendingQueue.oldestMs).toBe(clock.now() - 21_000)
  })

  test('defaults of the stock collector, and a bound of bytes', () => {
    expect(sendingQueueConfig.parse(undefined)).toEqual({
      enabled: true,
      num_consumers: 10,
      sizer: 'requests',
      storage: 'disk',
      fsync: true,
      memory_bytes_max: 67_108_864,
      on_full: 'refuse',
      age_max: 0,
      block_on_overflow: false,
      wait_for_result: false,
    })
  })

  test('items in = sent + failed + held, within the bounds, whatever the backend does', async () => {
    const answer = fc.oneof(
      { weight: 4, arbitrary: fc.constant(pass) },
      fc.record({
        outcome: fc.constant('retry' as const),
        reason: fc.constant('503'),
        afterMs: fc.nat({ max: 20_000 }),
      }),
      fc.record({ outcome: fc.constant('split' as const), reason: fc.constant('413') }),
      fc.record({ outcome: fc.constant('rejected' as const), reason: fc.constant('400') }),
      fc.record({ outcome: fc.constant('sent' as const), rejectedItems: fc.nat({ max: 3 }) }),
      fc.constant('throw' as const),
    )
    const steps = fc.array(
      fc.oneof(
        fc.record({ enqueue: fc.integer({ min: 1, max: 9 }) }),
        fc.record({ advanceMs: fc.nat({ max: 40_000 }) }),
      ),
      { maxLength: 40 },
    )
    const queue = fc.record({
      num_consumers: fc.integer({ min: 1, max: 3 }),
      queue_size: fc.integer({ min: 1, max: 20 }),
      sizer: fc.constantFrom('requests', 'items'),
      queue_bytes_max: fc.integer({ min: 100, max: 300 }),
      on_full: fc.constantFrom('refuse', 'drop_oldest'),
      age_max: fc.constantFrom('0s', '20s'),
      batch: fc.option(
        fc.record({
          min_size: fc.constantFrom(0, 1),
          max_size: fc.integer({ min: 1, max: 9 }),
          flush_timeout: fc.constant('1s'),
        }),
        { nil: undefined },
      ),
    })
    await fc.assert(
      fc.asyncProperty(queue, fc.infiniteStream(answer), steps, async (queueConfig, answers, script) => {
        const delivered: string[] = []
        let sending = 0
        let sendingMost = 0
        const { sendingQueue, clock, counts, gauge } = setUp({
          queue: queueConfig,
          retry: { max_elapsed_time: '60s' },
          send: async (payload) => {
            sendingMost = Math.max(sendingMost, ++sending)
            await Promise.resolve()
            sending--
            const next = answers.next().value
            if (next === 'throw') throw new Error('broken')
            if (next.outcome === 'sent') delivered.push(...namesIn(payload))
            return next
          },
        })
        const payloads: Spans[] = []
        let itemsIn = 0
        let itemsRefused = 0
        let span = 1000
        for (const step of script) {
          if ('advanceMs' in step) await clock.advanceSettled(step.advanceMs)
          else {
            const payload = new Spans(...Array.from({ length: step.enqueue }, () => `span${span++}`))
            payloads.push(payload)
            const taken = (await reasonOf(sendingQueue.deliver(payload))) === 'taken'
            if (taken) itemsIn += payload.items
            else itemsRefused += payload.items
          }
          const { sent, failed, refused } = counts()
          expect(refused).toBe(itemsRefused)
          expect(sendingQueue.itemsHeld).toBeGreaterThanOrEqual(0)
          expect(gauge('queue_size')).toBeLessThanOrEqual(queueConfig.queue_size)
          expect(gauge('queue_bytes')).toBeLessThanOrEqual(queueConfig.queue_bytes_max)
          expect(sent + failed).toBeLessThanOrEqual(itemsIn)
          // A batch in parts counts as held until the last part is through.
          expect(sent + failed + sendingQueue.itemsHeld).toBeGreaterThanOrEqual(itemsIn)
        }
        const end = sendingQueue.drain(200_000)
        await clock.advanceSettled(200_000)
        await end
        const { sent, failed } = counts()
        expect(sent + failed).toBe(itemsIn)
        expect(sendingMost).toBeLessThanOrEqual(queueConfig.num_consumers)
        expect(new Set(delivered).size).toBe(delivered.length)
        expect(delivered.length).toBeGreaterThanOrEqual(sent)
        expect([gauge('queue_size'), gauge('queue_bytes'), sendingQueue.itemsHeld]).toEqual([0, 0, 0])
        expect(payloads.map((payload) => payload.open)).toEqual(payloads.map(() => 0))
      }),
      { numRuns: 60 },
    )
  })

  test('is full by its bytes as well, until something has left it', async () => {
    const { answers, send } = heldBack()
    const { sendingQueue, clock } = setUp({ queue: { queue_bytes_max: new Spans('span1').bytes.length + 1 }, send })
    await sendingQueue.deliver(new Spans('span1'))
    expect(sendingQueue.isFull).toBe(false)
    expect(await reasonOf(sendingQueue.deliver(new Spans('span2')))).toBe('busy')
    expect(sendingQueue.isFull).toBe(true)
    answers.shift()?.(pass)
    await clock.advanceSettled(0)
    expect(sendingQueue.isFull).toBe(false)
  })

  test('full: busy with a time to retry; larger than the queue: too large', async () => {
    const { answers, send } = heldBack()
    const { sendingQueue, counts, lines, clock } = setUp({ queue: { queue_size: 2, queue_bytes_max: 100 }, send })
    await sendingQueue.deliver(new Spans('span1'))
    await sendingQueue.deliver(new Spans('span2'))
    await expect(sendingQueue.deliver(new Spans('span3'))).rejects.toMatchObject({ reason: 'busy', retryAfterMs: 1000 })
    expect(await reasonOf(sendingQueue.deliver(new Spans('span4'.repeat(30))))).toBe('too_large')
    expect(await reasonOf(sendingQueue.deliver(new Spans('span5')))).toBe('busy')
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'warn'])
    answers.shift()?.(pass)
    await clock.advanceSettled(0)
    await sendingQueue.deliver(new Spans('span6'))
    expect(counts()).toEqual({ sent: 1, failed: 0, refused: 3 })
  })

  test('block_on_overflow waits for room, with a limit on those who wait', async () => {
    const { answers, send } = heldBack()
    const { sendingQueue, clock } = setUp({ queue: { queue_size: 1, block_on_overflow: true }, send })
    await sendingQueue.deliver(new Spans('span1'))
    const waiting = Array.from({ length: BLOCKED_SENDERS_MAX }, (_, i) =>
      reasonOf(sendingQueue.deliver(new Spans(`span${i}`))),
    )
    expect(await reasonOf(sendingQueue.deliver(new Spans('span9')))).toBe('busy')
    answers.shift()?.(pass)
    expect(await waiting[0]).toBe('taken')
    answers.shift()?.(pass)
    expect(await waiting[1]).toBe('taken')
    const end = sendingQueue.drain(1000)
    expect(await waiting[2]).toBe('busy')
    await clock.advanceSettled(0)
    answers.shift()?.(pass)
    expect(await end).toBe(0)
  })

  test.each([{ wait_for_result: true }, { enabled: false }])(
    '%o: the sender hears what the backend said',
    async (queue) => {
      const outcomes: Sent[] = [pass, { outcome: 'rejected', reason: 'HTTP 400' }, later]
      const { sendingQueue, counts } = setUp({ queue, retry: { enabled: false }, send: () => outcomes.shift() ?? pass })
      expect(await reasonOf(sendingQueue.deliver(new Spans('span1')))).toBe('taken')
      expect(await reasonOf(sendingQueue.deliver(new Spans('span2')))).toBe('failed')
      expect(await reasonOf(sendingQueue.deliver(new Spans('span3')))).toBe('busy')
      expect(counts()).toEqual({ sent: 1, failed: 2, refused: 0 })
    },
  )

  test('retries wait as configured and the log says it once in a while, without the payload', async () => {
    const times: number[] = []
    const { sendingQueue, clock, lines, counts } = setUp({
      retry: { max_elapsed_time: '5m' },
      send: () => {
        times.push(clock.monotonic())
        return later
      },
    })
    await sendingQueue.deliver(new Spans('span1'))
    await clock.advanceSettled(400_000)
    expect(times.slice(0, 5)).toEqual([0, 5000, 12_500, 23_750, 40_625])
    expect(times.at(-1)).toBe(300_000)
    expect(counts()).toEqual({ sent: 0, failed: 1, refused: 0 })
    const warned = lines.filter(({ level }) => level === 'warn')
    expect(warned[1]?.fields).toMatchObject({ suppressed: 1, reason: 'HTTP 503' })
    expect(warned.length).toBeLessThan(300_000 / LOG_INTERVAL_MS)
    expect(lines.at(-1)).toMatchObject({ level: 'error', fields: { items: 1, reason: 'HTTP 503' } })
    expect(JSON.stringify(lines)).not.toContain('span1')
  })

  test('split until it fits; a single item that does not fit is dropped', async () => {
    const sizes: number[] = []
    const names: string[] = []
    const { sendingQueue, clock, counts } = setUp({
      send: (payload) => {
        if (payload.bytes.length > 40) return { outcome: 'split', reason: 'HTTP 413' }
        sizes.push(payload.items)
        names.push(...namesIn(payload))
        return pass
      },
    })
    await sendingQueue.deliver(new Spans('span10', 'span11', 'span12', 'span13', 'span14', `span15${'x'.repeat(60)}`))
    await clock.advanceSettled(0)
    expect(names).toEqual(['span10', 'span11', 'span12', 'span13', 'span14'])
    expect(counts()).toEqual({ sent: 5, failed: 1, refused: 0 })
  })

  test('drain sends what waits for a retry at once, and what is left at its end is counted', async () => {
    let up = false
    const { sendingQueue, clock, counts, lines } = setUp({
      queue: { num_consumers: 1 },
      send: () => (up ? pass : later),
    })
    await sendingQueue.deliver(new Spans('span1'))
    await sendingQueue.deliver(new Spans('span2', 'span3'))
    await clock.advanceSettled(100)
    up = true
    expect(await sendingQueue.drain(10_000)).toBe(0)
    expect(counts()).toMatchObject({ sent: 3, failed: 0 })
    expect(clock.nextTimerMs).toBeUndefined()

    const hopeless = setUp({ queue: { num_consumers: 1 }, send: () => later })
    await hopeless.sendingQueue.deliver(new Spans('span1'))
    await hopeless.sendingQueue.deliver(new Spans('span2', 'span3'))
    const end = hopeless.sendingQueue.drain(10_000)
    expect(await reasonOf(hopeless.sendingQueue.deliver(new Spans('span4')))).toBe('busy')
    await hopeless.clock.advanceSettled(10_000)
    expect(await end).toBe(3)
    expect(hopeless.counts()).toEqual({ sent: 0, failed: 3, refused: 1 })
    expect(hopeless.lines.at(-1)).toMatchObject({ level: 'error', fields: { items: 3 } })
    expect(lines.some(({ level }) => level === 'error')).toBe(false)
  })

  test('drain aborts a request that hangs', async () => {
    const { sendingQueue, clock } = setUp({
      send: (_, abort) =>
        new Promise((resolve) =>
          abort.addEventListener('abort', () => resolve({ outcome: 'retry', reason: 'aborted' })),
        ),
    })
    await sendingQueue.deliver(new Spans('span1'))
    const end = sendingQueue.drain(5000)
    await clock.advanceSettled(5000)
    expect(await end).toBe(1)
  })
})
