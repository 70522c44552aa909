import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { type TestContext, testContext } from '../../../test/support/component-context.ts'
import { decodeOtlpProtobuf } from '../../../test/support/otlp-proto.ts'
import { spanBatch, type TestSpan } from '../../../test/support/span-batch.ts'
import { until } from '../../../test/support/until.ts'
import { OtlpView } from '../../otlp/view.ts'
import type { Holder, Payload, Processor } from '../component.ts'
import { tailSampling } from './tail-sampling.ts'

interface Rig {
  readonly context: TestContext
  /** Resolves when the sender would be answered. */
  send(...spans: TestSpan[]): Promise<void>
  /** Moves the time on, second by second, and waits until what is decided is through. */
  wait(seconds: number): Promise<void>
  /** Ids of traces and spans that exporters have: `trace/span`. */
  exported(): string[]
  block(isBlocked: boolean): void
  drain(): Promise<void>
  /** As a kill would leave it: nothing is decided. */
  stop(): Promise<void>
  count(name: string): number
}

const started: Processor[] = []
afterEach(async () => {
  for (const processor of started.splice(0)) await processor.stop?.()
})

async function rig(settings: Record<string, unknown> = {}, before?: TestContext): Promise<Rig> {
  const fresh = testContext('tail_sampling')
  const context = before === undefined ? fresh : { ...fresh, stateFolder: before.stateFolder, clock: before.clock }
  const processor = tailSampling.create(tailSampling.config.parse({ fsync: false, ...settings }), context)
  started.push(processor)
  const exported: string[] = []
  let unblock: (() => void) | undefined
  let blocked: Promise<void> | undefined
  const holder = processor.hold?.({
    pipeline: 'traces',
    async forward(payload) {
      const spans = spansOf(payload.bytes)
      await blocked
      exported.push(...spans)
    },
  }) as Holder
  await until(() => isReady(holder))
  return {
    context,
    async send(...spans) {
      const payload = payloadOf(spanBatch({ attributes: { 'service.name': 'a' }, spans }))
      await holder.deliver(payload).finally(() => payload.release())
    },
    async wait(seconds) {
      for (let second = 0; second < seconds; second += 1) await context.clock.advanceSettled(1_000)
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    },
    exported: () => [...exported].sort(),
    block(isBlocked) {
      unblock?.()
      blocked = isBlocked ? new Promise((resolve) => (unblock = resolve)) : undefined
    },
    drain: async () => processor.drain?.(),
    stop: async () => processor.stop?.(),
    count: (name) =>
      [...context.counters]
        .filter(([key]) => key.startsWith(`otelcol_processor_tail_sampling_${name}`))
        .reduce((sum, [, value]) => sum + value, 0),
  }
}

function isReady(holder: Holder): boolean {
  try {
    holder.checkRoom(payloadOf(Buffer.alloc(0)))
    return true
  } catch {
    return false
  }
}

/** As in the pool: what nobody holds any more is used for something else. */
function payloadOf(bytes: Buffer): Payload {
  const view = new OtlpView('traces', bytes)
  const items = spansOf(bytes).length
  view.release()
  let holders = 1
  const payload: Payload = {
    signal: 'traces',
    bytes,
    items,
    retain() {
      holders++
      return payload
    },
    release() {
      if (--holders === 0) bytes.fill(0xff)
    },
  }
  return payload
}

function spansOf(bytes: Buffer): string[] {
  const { resourceSpans = [] } = decodeOtlpProtobuf('traces', bytes) as {
    resourceSpans?: { scopeSpans?: { spans?: { traceId: string; spanId: string }[] }[] }[]
  }
  return resourceSpans
    .flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap(({ spans = [] }) => spans))
    .map(({ traceId, spanId }) => `${Number.parseInt(traceId.slice(0, 8), 16)}/${Number.parseInt(spanId, 16)}`)
}

const at = 1_790_000_000_000
/** Span `n` of trace `trace`; 1 is the root. `share`: where the trace lies in [0, 1) for probabilistic policies. */
const span = (trace: number, n: number, extra: Partial<TestSpan> & { share?: number } = {}): TestSpan => {
  const randomness = Math.floor((extra.share ?? 0) * 2 ** 48)
    .toString(16)
    .padStart(12, '0')
  return {
    traceId: `${trace.toString(16).padStart(8, '0')}0000000000${randomness}00`,
    spanId: n.toString(16).padStart(16, '0'),
    ...(n === 1 ? {} : { parentSpanId: '0000000000000001' }),
    startMs: at,
    endMs: at + 1_000,
    ...extra,
  }
}
const failed: Partial<TestSpan> = { status: 2 }
const errorsOnly = { policies: [{ name: 'errors', type: 'status_code', status_code: { status_codes: ['ERROR'] } }] }

describe('a trace', () => {
  test('is held until its root has come and decision_wait is over, then goes whole or not at all', async () => {
    const { send, wait, exported, count } = await rig(errorsOnly)
    await send(span(1, 2), span(2, 2))
    await wait(60)
    await send(span(1, 3, failed), span(2, 3))
    await send(span(1, 1), span(2, 1))
    await wait(28)
    expect(exported()).toEqual([])
    await wait(4)
    expect(exported()).toEqual(['1/1', '1/2', '1/3'])
    expect([count('global_count_traces_sampled'), count('count_spans_sampled')]).toEqual([2, 6])
  })

  test('whose root does not come is decided after root_wait_max', async () => {
    const { send, wait, exported } = await rig({ ...errorsOnly, root_wait_max: '2m' })
    await send(span(1, 2, failed))
    await wait(115)
    expect(exported()).toEqual([])
    await wait(7)
    expect(exported()).toEqual(['1/2'])
  })

  test('whose root is in another process is decided when it has been quiet', async () => {
    const { send, wait, exported } = await rig(errorsOnly)
    await send(span(1, 2, { ...failed, kind: 2 }))
    await wait(118)
    expect(exported()).toEqual([])
    await wait(4)
    expect(exported()).toEqual(['1/2'])
  })

  test('late spans follow the decision', async () => {
    const { send, wait, exported, count } = await rig(errorsOnly)
    await send(span(1, 1, failed), span(2, 1))
    await wait(32)
    await send(span(1, 2), span(2, 2, failed))
    expect(exported()).toEqual(['1/1', '1/2'])
    expect(count('early_releases_from_cache_decision')).toBe(2)
  })

  test('what is held at the end is decided with what has come', async () => {
    const { send, drain, exported } = await rig(errorsOnly)
    await send(span(1, 2, failed), span(2, 2))
    await drain()
    expect(exported()).toEqual(['1/2'])
  })

  test('drop_pending_traces_on_shutdown drops it', async () => {
    const { send, drain, exported } = await rig({ ...errorsOnly, drop_pending_traces_on_shutdown: true })
    await send(span(1, 2, failed))
    await drain()
    expect(exported()).toEqual([])
  })
})

describe('bounds', () => {
  test('beyond num_traces the oldest are decided early', async () => {
    const { send, wait, exported, count, context } = await rig({ ...errorsOnly, num_traces: 3 })
    for (const trace of [1, 2, 3, 4]) await send(span(trace, 2, failed))
    await wait(0)
    expect(exported()).toEqual(['1/2'])
    expect(count('sampling_trace_decided_early')).toBe(1)
    expect([...context.gauges].find(([key]) => key.includes('traces_on_memory'))?.[1]()).toBe(3)
  })

  test('block_on_overflow refuses instead', async () => {
    const { send } = await rig({ ...errorsOnly, num_traces: 2, block_on_overflow: true })
    await send(span(1, 2))
    await send(span(2, 2))
    await expect(send(span(3, 2))).rejects.toMatchObject({ reason: 'busy', retryAfterMs: 1_000 })
  })

  test('storage_bytes_max refuses until there is room', async () => {
    const { send, wait, exported } = await rig({ ...errorsOnly, storage_bytes_max: 300 })
    await send(span(1, 2, failed))
    await send(span(2, 2, failed))
    await expect(send(span(3, 2))).rejects.toMatchObject({ reason: 'busy' })
    await wait(0)
    expect(exported()).toEqual(['1/2'])
    await send(span(3, 2))
  })

  test('a trace beyond maximum_trace_size_bytes is dropped, and what comes of it later', async () => {
    const { send, wait, exported, count } = await rig({ ...errorsOnly, maximum_trace_size_bytes: 300 })
    for (const n of [2, 3, 4, 5]) await send(span(1, n, failed))
    await wait(0)
    await send(span(1, 1))
    await wait(60)
    expect(exported()).toEqual([])
    expect(count('traces_dropped_too_large')).toBe(1)
  })
})

describe('a crash', () => {
  test('loses nothing that a sender was told is kept', async () => {
    const first = await rig(errorsOnly)
    await first.send(span(1, 2, failed), span(2, 2))
    await first.stop()
    const second = await rig(errorsOnly, first.context)
    await second.send(span(1, 1), span(2, 1))
    await second.wait(32)
    await until(() => second.exported().length > 0)
    expect(second.exported()).toEqual(['1/1', '1/2'])
  })

  test('between decision and exporters: the trace comes again and is decided again', async () => {
    const first = await rig(errorsOnly)
    await first.send(span(1, 1, failed))
    first.block(true)
    await first.wait(32)
    await first.stop()
    const second = await rig(errorsOnly, first.context)
    await second.wait(32)
    await until(() => second.exported().length > 0)
    expect(second.exported()).toEqual(['1/1'])
    await second.stop()
    const third = await rig(errorsOnly, first.context)
    await third.wait(60)
    expect(third.exported()).toEqual([])
  })

  test('whenever it is: every span of a kept trace arrives, of others none', async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ trace: fc.integer({ min: 1, max: 5 }), n: fc.integer({ min: 2, max: 9 }) }),
      },
      { weight: 2, arbitrary: fc.record({ waitS: fc.integer({ min: 1, max: 20 }) }) },
      { weight: 1, arbitrary: fc.constant('crash' as const) },
    )
    // Traces 1 and 2 are kept by their id: every part of them, whatever is known of the rest.
    const settings = {
      policies: [{ name: 'share', type: 'probabilistic', probabilistic: { sampling_percentage: 50 } }],
    }
    const shareOf = (trace: number): number => (trace <= 2 ? 0.75 : 0.25)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        let life = await rig(settings)
        const sent = new Set<string>()
        const arrived = new Set<string>()
        const harvest = (): void => life.exported().forEach((one) => arrived.add(one))
        for (const one of steps) {
          if (one === 'crash') {
            harvest()
            await life.stop()
            life = await rig(settings, life.context)
          } else if ('waitS' in one) await life.wait(one.waitS)
          else {
            await life.send(span(one.trace, one.n, { share: shareOf(one.trace) }))
            if (one.trace <= 2) sent.add(`${one.trace}/${one.n}`)
          }
        }
        await life.drain()
        harvest()
        await life.stop()
        expect([...arrived].sort()).toEqual([...sent].sort())
      }),
      { numRuns: 40 },
    )
  }, 60_000)
})

describe('policies', () => {
  const model = (cost: number, tokens = 0): Partial<TestSpan> => ({
    attributes: {
      'gen_ai.operation.name': 'chat',
      'spanwarden.cost.amount': cost,
      'gen_ai.usage.input_tokens': tokens,
    },
  })
  const with_ = (key: string, value: string | number | boolean): Partial<TestSpan> => ({ attributes: { [key]: value } })
  const agent = (options: Record<string, unknown>): object => ({ name: 'p', type: 'agent', agent: options })
  const policy = (type: string, options: unknown): object => ({ name: 'p', type, [type]: options })
  const named = (type: string, options: unknown): object => ({ ...policy(type, options), name: 's' })

  test.each<[string, object, TestSpan[], boolean]>([
    ['agent: a failed span', agent({}), [span(1, 1), span(1, 2, failed)], true],
    ['agent: an error.type', agent({}), [span(1, 1, with_('error.type', 'timeout'))], true],
    ['agent: nothing special', agent({}), [span(1, 1), span(1, 2)], false],
    ['agent: denied', agent({}), [span(1, 1, with_('spanwarden.guard.decision', 'deny'))], true],
    ['agent: only warned', agent({}), [span(1, 1, with_('spanwarden.guard.decision', 'warn'))], false],
    ['agent: looped', agent({}), [span(1, 1, with_('spanwarden.loop.level', 'stop'))], true],
    ['agent: looped a little', agent({}), [span(1, 1, with_('spanwarden.loop.level', 'notice'))], false],
    ['agent: costly in sum', agent({}), [span(1, 1), span(1, 2, model(0.6)), span(1, 3, model(0.6))], true],
    [
      'agent: a call told twice costs once',
      agent({}),
      [span(1, 1), span(1, 2, model(0.6)), span(1, 3, { ...model(0.6), parentSpanId: '0000000000000002' })],
      false,
    ],
    [
      'agent: tokens',
      agent({ tokens_min: 100 }),
      [span(1, 1, model(0, 60)), span(1, 9, { ...model(0, 60), parentSpanId: '00000000000000ff' })],
      true,
    ],
    [
      'agent: long',
      agent({ duration_min_ms: 5_000 }),
      [span(1, 1), span(1, 2, { startMs: at + 4_500, endMs: at + 5_100 })],
      true,
    ],
    ['agent: errors off', agent({ errors: false }), [span(1, 1, failed)], false],
    ['always_sample', { name: 'p', type: 'always_sample' }, [span(1, 1)], true],
    ['latency: longer', policy('latency', { threshold_ms: 999 }), [span(1, 1)], true],
    ['latency: not longer', policy('latency', { threshold_ms: 1_000 }), [span(1, 1)], false],
    [
      'latency: above the upper bound',
      policy('latency', { threshold_ms: 1, upper_threshold_ms: 900 }),
      [span(1, 1)],
      false,
    ],
    ['status_code UNSET', policy('status_code', { status_codes: ['UNSET'] }), [span(1, 1)], true],
    [
      'string_attribute of a resource',
      policy('string_attribute', { key: 'service.name', values: ['a'] }),
      [span(1, 1)],
      true,
    ],
    [
      'string_attribute',
      policy('string_attribute', { key: 'k', values: ['a', 'b'] }),
      [span(1, 1, with_('k', 'b'))],
      true,
    ],
    [
      'string_attribute, other value',
      policy('string_attribute', { key: 'k', values: ['a'] }),
      [span(1, 1, with_('k', 'ab'))],
      false,
    ],
    [
      'string_attribute, expression for the whole value',
      policy('string_attribute', { key: 'k', values: ['a.*c'], enabled_regex_matching: true }),
      [span(1, 1, with_('k', 'abcd'))],
      false,
    ],
    [
      'string_attribute, expression',
      policy('string_attribute', { key: 'k', values: ['a.*d'], enabled_regex_matching: true }),
      [span(1, 1, with_('k', 'abcd'))],
      true,
    ],
    [
      'string_attribute inverted',
      policy('string_attribute', { key: 'k', values: ['a'], invert_match: true }),
      [span(1, 1, with_('k', 'a'))],
      false,
    ],
    [
      'numeric_attribute',
      policy('numeric_attribute', { key: 'k', min_value: 5, max_value: 7 }),
      [span(1, 1, with_('k', 7))],
      true,
    ],
    [
      'numeric_attribute outside',
      policy('numeric_attribute', { key: 'k', min_value: 5 }),
      [span(1, 1, with_('k', 4))],
      false,
    ],
    ['boolean_attribute', policy('boolean_attribute', { key: 'k', value: true }), [span(1, 1, with_('k', true))], true],
    ['span_count', policy('span_count', { min_spans: 2 }), [span(1, 1), span(1, 2)], true],
    ['span_count, too many', policy('span_count', { min_spans: 1, max_spans: 1 }), [span(1, 1), span(1, 2)], false],
    [
      'probabilistic: a share of 0.75 is kept at 30 %',
      policy('probabilistic', { sampling_percentage: 30 }),
      [span(1, 1, { share: 0.75 })],
      true,
    ],
    [
      'probabilistic: a share of 0.65 is not',
      policy('probabilistic', { sampling_percentage: 30 }),
      [span(1, 1, { share: 0.65 })],
      false,
    ],
    ['probabilistic: 0', policy('probabilistic', { sampling_percentage: 0 }), [span(1, 1, { share: 0.999 })], false],
    ['probabilistic: 100', policy('probabilistic', { sampling_percentage: 100 }), [span(1, 1)], true],
    [
      'rate_limiting: too many',
      policy('rate_limiting', { spans_per_second: 1, burst_capacity: 1 }),
      [span(1, 1), span(1, 2)],
      false,
    ],
    ['rate_limiting', policy('rate_limiting', { spans_per_second: 1 }), [span(1, 1), span(1, 2)], true],
    [
      'and: one does not match',
      policy('and', {
        and_sub_policy: [named('span_count', { min_spans: 1 }), named('latency', { threshold_ms: 5_000 })],
      }),
      [span(1, 1)],
      false,
    ],
    [
      'and with not',
      policy('and', {
        and_sub_policy: [
          named('span_count', { min_spans: 1 }),
          named('not', { not_sub_policy: named('latency', { threshold_ms: 5_000 }) }),
        ],
      }),
      [span(1, 1)],
      true,
    ],
    ['not', policy('not', { not_sub_policy: { name: 's', type: 'always_sample' } }), [span(1, 1)], false],
  ])('%s', async (_, config, spans, isKept) => {
    const { send, drain, exported } = await rig({ policies: [config] })
    await send(...spans)
    await drain()
    expect(exported().length).toBe(isKept ? spans.length : 0)
  })

  test('drop wins over those that keep, wherever it is listed', async () => {
    const health = named('string_attribute', { key: 'url.path', values: ['/health'] })
    const { send, drain, exported } = await rig({
      policies: [{ name: 'all', type: 'always_sample' }, policy('drop', { drop_sub_policy: [health] })],
    })
    await send(span(1, 1), span(2, 1, with_('url.path', '/health')))
    await drain()
    expect(exported()).toEqual(['1/1'])
  })

  test('without policies: notable runs and a tenth of the rest', async () => {
    const { send, drain, exported } = await rig()
    await send(span(1, 1, { share: 0.95 }), span(2, 1, { share: 0.85 }), span(3, 1, { ...failed, share: 0.1 }))
    await drain()
    expect(exported()).toEqual(['1/1', '3/1'])
  })

  test.each<[object, RegExp]>([
    [{ name: 'p', type: 'composite' }, /there is no policy composite here; use and, drop/],
    [{ name: 'p', type: 'latency' }, /a policy of type latency needs the key latency/],
    [{ name: 'p', type: 'always_samples' }, /Invalid option/],
  ])('%j is refused', (config, message) => {
    expect(tailSampling.config.safeParse({ policies: [config] }).error?.message).toMatch(message)
  })

  test('the salt decides otherwise, and keeps about its share', async () => {
    const { send, drain, exported } = await rig({
      policies: [policy('probabilistic', { sampling_percentage: 25, hash_salt: 'x' })],
    })
    await send(...Array.from({ length: 2_000 }, (_, n) => span(n + 1, 1)))
    await drain()
    expect(exported().length).toBeGreaterThan(400)
    expect(exported().length).toBeLessThan(600)
  })
})
