import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { testContext } from '../../test/support/component-context.ts'
import type { TestContext } from '../../test/support/component-context.ts'
import { pointBatch } from '../../test/support/point-batch.ts'
import { spanBatch } from '../../test/support/span-batch.ts'
import type { TestSpan } from '../../test/support/span-batch.ts'
import { openReadOnly } from './database.ts'
import { EmbeddedStore } from './embedded-store.ts'
import type { StoreLimits } from './embedded-store.ts'
import type { Run } from './records.ts'

const opened: EmbeddedStore[] = []
afterEach(() => {
  for (const store of opened.splice(0)) store.close()
})

function openStore(
  limits: Partial<StoreLimits> = {},
  context: TestContext = testContext('store'),
): {
  store: EmbeddedStore
  context: TestContext
} {
  const store = new EmbeddedStore(context)
  store.limit(limits)
  opened.push(store)
  return { store, context }
}

const NOW = Date.UTC(2026, 10, 21, 12)
const spanId = (n: number): string => n.toString(16).padStart(16, '0')
const traceId = (n: number): string => n.toString(16).padStart(32, '0')
const write = (store: EmbeddedStore, ...spans: TestSpan[]): void =>
  store.write('traces', spanBatch({ attributes: { 'service.name': 'support' }, spans }))

const agentSpan = (more: Partial<TestSpan> = {}): TestSpan => ({
  traceId: traceId(1),
  spanId: spanId(1),
  name: 'invoke_agent support',
  startMs: NOW - 5000,
  endMs: NOW - 1000,
  ...more,
  attributes: {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': 'support',
    'gen_ai.usage.input_tokens': 1000,
    ...more.attributes,
  },
})
const modelSpan = (n: number, more: Partial<TestSpan> = {}): TestSpan => ({
  traceId: traceId(1),
  spanId: spanId(n),
  parentSpanId: spanId(1),
  name: 'chat gpt-5.2',
  startMs: NOW - 4000,
  endMs: NOW - 3000,
  ...more,
  attributes: {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'gpt-5.2',
    'gen_ai.usage.input_tokens': 100,
    'gen_ai.usage.output_tokens': 20,
    'spanwarden.cost.amount': 0.0031,
    'spanwarden.redaction.count': 2,
    ...more.attributes,
  },
})
const toolSpan = (n: number, more: Partial<TestSpan> = {}): TestSpan => ({
  ...modelSpan(n, more),
  name: 'execute_tool lookup',
  attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'lookup' },
})

const onlyRun = (store: EmbeddedStore): Run => {
  const { runs } = store.runs({ limit: 10 })
  expect(runs).toHaveLength(1)
  return runs[0] as Run
}

describe('a run', () => {
  test('sums its model and tool calls, not what its agent span repeats', () => {
    const { store } = openStore()
    write(store, modelSpan(2), modelSpan(3), toolSpan(4), toolSpan(5, { status: 2 }))
    write(store, agentSpan({ attributes: { 'gen_ai.conversation.id': 'c-1' } }))
    expect(onlyRun(store)).toEqual({
      traceId: traceId(1),
      agent: 'support',
      service: 'support',
      status: 'ok',
      errorType: '',
      startMs: NOW - 5000,
      durationMs: 4000,
      conversationId: 'c-1',
      spans: 5,
      spansDropped: 0,
      modelCalls: 2,
      unpricedCalls: 0,
      toolCalls: 2,
      toolErrors: 1,
      inputTokens: 200,
      outputTokens: 40,
      costUsd: 0.0062,
      redactions: 4,
      loop: '',
      denied: 0,
    })
  })

  test('what was denied has cost nothing; what nobody knows the price of has no price', () => {
    const { store } = openStore()
    const unpriced = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'nobody-knows-1' }
    const call = (n: number, decision: string): TestSpan => ({
      ...modelSpan(n),
      status: 2,
      attributes: { ...unpriced, 'spanwarden.guard.decision': decision },
    })
    write(store, agentSpan(), call(2, 'deny'), modelSpan(3))
    expect(onlyRun(store)).toMatchObject({ modelCalls: 2, unpricedCalls: 0, costUsd: 0.0031 })
    write(store, call(4, 'allow'))
    expect(onlyRun(store)).toMatchObject({ modelCalls: 3, unpricedCalls: 1, costUsd: 0.0031 })
  })

  test('is named after its service and runs until its root comes, or nothing comes for five minutes', () => {
    const { store, context } = openStore()
    write(store, modelSpan(2))
    expect(onlyRun(store)).toMatchObject({ status: 'running', agent: 'support' })
    context.clock.advance(300_001)
    expect(onlyRun(store).status).toBe('incomplete')
    expect(store.runs({ limit: 1, status: 'incomplete' }).runs).toHaveLength(1)
    write(store, agentSpan({ status: 2, attributes: { 'error.type': 'timeout' } }))
    expect(onlyRun(store)).toMatchObject({ status: 'error', errorType: 'timeout', agent: 'support' })
  })

  test('is neither over nor named by a tool call that an MCP server has served; where that is all, it was the run', () => {
    const { store, context } = openStore()
    const served = toolSpan(4, { name: 'tools/call lookup', parentSpanId: spanId(3), flags: 0x300 })
    store.write('traces', spanBatch({ attributes: { 'service.name': 'tools' }, spans: [served] }))
    expect(onlyRun(store)).toMatchObject({ status: 'running', agent: 'tools' })
    context.clock.advance(300_001)
    expect(onlyRun(store)).toMatchObject({ status: 'ok', agent: 'tools' })
    write(store, agentSpan())
    expect(onlyRun(store)).toMatchObject({ status: 'ok', agent: 'support' })
  })

  test('says the strongest of the loop detector, and how many of its calls were denied', () => {
    const { store } = openStore()
    const looped = (n: number, level: string, decision: string): TestSpan => {
      const attributes = { 'spanwarden.loop.level': level, 'spanwarden.guard.decision': decision }
      const span = toolSpan(n)
      return { ...span, attributes: { ...span.attributes, ...attributes } }
    }
    write(store, agentSpan(), looped(2, 'warn', 'allow'))
    expect(onlyRun(store)).toMatchObject({ loop: 'warn', denied: 0 })
    write(store, looped(3, 'stop', 'deny'), looped(4, 'notice', 'deny'))
    expect(onlyRun(store)).toMatchObject({ loop: 'stop', denied: 2 })
  })

  test('is named and judged after its outermost agent, not after an HTTP span around it', () => {
    const { store } = openStore()
    const http = { traceId: traceId(1), spanId: spanId(9), name: 'POST /chat', startMs: NOW - 9000, endMs: NOW }
    write(
      store,
      agentSpan({
        spanId: spanId(7),
        parentSpanId: spanId(1),
        startMs: NOW - 4000,
        attributes: { 'gen_ai.agent.name': 'sub' },
      }),
    )
    write(store, http, agentSpan({ parentSpanId: spanId(9), status: 2 }))
    expect(onlyRun(store)).toMatchObject({ agent: 'support', status: 'error', startMs: NOW - 5000 })
  })

  test('talk of the MCP protocol alone is no run to list, until something is done in the same trace', () => {
    const { store } = openStore()
    const talk = {
      traceId: traceId(1),
      spanId: spanId(9),
      name: 'initialize',
      startMs: NOW - 9000,
      endMs: NOW - 8000,
      attributes: { 'mcp.method.name': 'initialize' },
    }
    write(store, talk)
    expect(store.runs({ limit: 10 }).runs).toEqual([])
    expect(store.summary()).toMatchObject({ runsLastHour: 0, agents: [] })
    expect(store.runDetail(traceId(1))?.spans).toHaveLength(1)
    write(store, agentSpan({ parentSpanId: spanId(9) }))
    expect(onlyRun(store)).toMatchObject({ agent: 'support', spans: 2 })
  })

  test('a span with a remote parent is a root', () => {
    const { store } = openStore()
    write(store, agentSpan({ parentSpanId: spanId(99), flags: 0x301 }))
    expect(onlyRun(store).status).toBe('ok')
  })

  test('calls seen by a framework and by the client below it count once', () => {
    const { store } = openStore()
    write(store, modelSpan(3, { parentSpanId: spanId(2) }), toolSpan(5, { parentSpanId: spanId(4), status: 2 }))
    write(store, modelSpan(2), toolSpan(4), agentSpan())
    expect(onlyRun(store)).toMatchObject({ modelCalls: 1, inputTokens: 100, toolCalls: 1, toolErrors: 0, spans: 5 })
  })

  test('property: any order, any cut into batches and any repetition give the same runs', () => {
    const span = fc.record({
      trace: fc.integer({ min: 1, max: 3 }),
      id: fc.integer({ min: 1, max: 12 }),
      parent: fc.integer({ min: 0, max: 12 }),
      kind: fc.constantFrom(
        agentSpan,
        (more: Partial<TestSpan>) => modelSpan(1, more),
        (more: Partial<TestSpan>) => toolSpan(1, more),
      ),
      start: fc.integer({ min: 0, max: 50 }),
      length: fc.integer({ min: 0, max: 50 }),
      status: fc.constantFrom(0, 2),
      cost: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    const spans = fc.uniqueArray(span, { selector: (s) => `${s.trace}/${s.id}`, minLength: 1, maxLength: 24 })
    const shuffled = spans.chain((list) =>
      fc.record({
        list: fc.constant(list),
        order: fc.array(fc.nat(list.length - 1), { maxLength: 30 }),
        batch: fc.integer({ min: 1, max: 7 }),
      }),
    )
    fc.assert(
      fc.property(shuffled, ({ list, order, batch }) => {
        const all = list.map((s) =>
          s.kind({
            traceId: traceId(s.trace),
            spanId: spanId(s.id),
            ...(s.parent === 0 ? {} : { parentSpanId: spanId(s.parent) }),
            startMs: NOW + s.start,
            endMs: NOW + s.start + s.length,
            status: s.status,
            attributes: { 'spanwarden.cost.amount': s.cost },
          }),
        )
        const one = openStore().store
        write(one, ...all)
        const other = openStore().store
        // `order` repeats some and leaves others out; those come last, in reverse.
        const sequence = [...order.map((i) => all[i] as TestSpan), ...all.toReversed()]
        for (let at = 0; at < sequence.length; at += batch) write(other, ...sequence.slice(at, at + batch))
        expect(other.runs({ limit: 10 })).toEqual(one.runs({ limit: 10 }))
        one.close()
        other.close()
      }),
      { numRuns: 40 },
    )
  })

  test('pages are newest first, complete and without overlap', () => {
    const { store } = openStore()
    for (let n = 1; n <= 25; n++)
      write(store, agentSpan({ traceId: traceId(n), startMs: NOW + Math.floor(n / 3) * 1000, endMs: NOW + 1e6 }))
    const seen: string[] = []
    let before: string | undefined
    for (;;) {
      const page = store.runs({ limit: 10, before })
      seen.push(...page.runs.map((run) => run.traceId))
      if (page.next === null) break
      before = page.next
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => traceId(25 - i)))
  })

  test('filters by status and agent', () => {
    const { store } = openStore()
    write(store, agentSpan({ traceId: traceId(1) }))
    write(store, agentSpan({ traceId: traceId(2), status: 2 }))
    write(store, agentSpan({ traceId: traceId(3), status: 2, attributes: { 'gen_ai.agent.name': 'billing' } }))
    const ids = (query: object): string[] => store.runs({ limit: 10, ...query }).runs.map((run) => run.traceId)
    expect(ids({ status: 'error' })).toEqual([traceId(3), traceId(2)])
    expect(ids({ status: 'error', agent: 'support' })).toEqual([traceId(2)])
    expect(ids({ status: 'running' })).toEqual([])
    expect(store.summary().agents.toSorted()).toEqual(['billing', 'support'])
  })
})

describe('a span', () => {
  test('is read back with everything on it', () => {
    const { store } = openStore()
    const name = 'chat gpt-5.2'
    write(store, modelSpan(2, { kind: 3, name, attributes: { list: ['a', 'b'], __proto__x: true, big: 2n ** 60n } }))
    const detail = store.span(traceId(1), spanId(2))
    expect(detail).toMatchObject({
      kind: 'client',
      scope: 'test',
      resource: { 'service.name': 'support' },
      attributes: { 'gen_ai.request.model': 'gpt-5.2', list: ['a', 'b'], big: String(2n ** 60n) },
      span: { name, role: 'model', subject: 'gpt-5.2', costUsd: 0.0031, durationMs: 1000, redactions: 2 },
    })
    expect(store.span(traceId(1), spanId(3))).toBeUndefined()
  })

  test('a name of any length is short in the lists and whole on its span', () => {
    const { store } = openStore()
    const name = 'x'.repeat(100_000)
    const keys = ['gen_ai.agent.name', 'gen_ai.conversation.id', 'error.type']
    const attributes = Object.fromEntries(keys.map((key) => [key, name]))
    store.write('traces', spanBatch({ attributes: { 'service.name': name }, spans: [agentSpan({ name, attributes })] }))
    const { runs } = store.runs({ limit: 10 })
    expect(JSON.stringify([runs, store.summary(), store.runDetail(traceId(1))]).length).toBeLessThan(6_000)
    expect(store.runs({ limit: 10, agent: runs[0]?.agent }).runs).toHaveLength(1)
    expect(JSON.stringify(store.span(traceId(1), spanId(1)))).toContain(name)
  })

  test('without valid ids is refused and counted', () => {
    const { store, context } = openStore()
    write(store, { spanId: '', traceId: '' }, { spanId: spanId(0) }, modelSpan(2))
    expect(onlyRun(store).spans).toBe(1)
    expect(context.counters.get('otelcol_store_dropped_spans')).toBe(2)
  })
})

describe('limits', () => {
  test('spans of one run: further ones are counted, the root still names and ends the run', () => {
    const { store, context } = openStore({ spansPerRunMax: 3 })
    write(store, modelSpan(2), modelSpan(3), modelSpan(4), modelSpan(5))
    write(store, agentSpan({ status: 2 }))
    expect(onlyRun(store)).toMatchObject({
      spans: 3,
      spansDropped: 2,
      agent: 'support',
      status: 'error',
      modelCalls: 3,
    })
    expect(context.counters.get('otelcol_store_dropped_spans')).toBe(2)
  })

  test('age: silent runs and old points go, young ones stay', () => {
    const { store, context } = openStore({ ageMsMax: 3_600_000 })
    const cost = (timeMs: number): Buffer =>
      pointBatch([{ metric: 'agent.cost', value: 1.5, timeMs, startMs: timeMs - 1000 }], String(timeMs))
    write(store, agentSpan({ traceId: traceId(1) }))
    store.write('metrics', cost(NOW))
    context.clock.advance(3_000_000)
    write(store, agentSpan({ traceId: traceId(2) }))
    store.write('metrics', cost(NOW + 3_000_000))
    expect(store.summary().spendTodayUsd).toBe(3)
    context.clock.advance(700_000)
    expect(store.runs({ limit: 10 }).runs.map((run) => run.traceId)).toEqual([traceId(2)])
    expect(store.span(traceId(1), spanId(1))).toBeUndefined()
    expect(store.summary().spendTodayUsd).toBe(1.5)
    expect(context.counters.get('otelcol_store_deleted_runs')).toBe(1)
  })

  test('size: the file stays within its limit and the newest runs are there', () => {
    const bytesMax = 2 * 1024 * 1024
    const { store, context } = openStore({ bytesMax })
    const content = 'x'.repeat(20_000)
    for (let n = 1; n <= 600; n++) {
      context.clock.advance(1000)
      write(store, agentSpan({ traceId: traceId(n), startMs: context.clock.now(), attributes: { content } }))
    }
    store.sweep()
    const { stored } = store.summary()
    expect(stored.bytes).toBeLessThanOrEqual(bytesMax)
    expect(stored.bytes).toBeGreaterThan(bytesMax / 2)
    expect(statSync(join(context.stateFolder, 'store.sqlite')).size).toBeLessThanOrEqual(bytesMax * 1.25)
    expect(store.runs({ limit: 1 }).runs[0]?.traceId).toBe(traceId(600))
    expect(store.runDetail(traceId(1))).toBeUndefined()
  })

  test('series: points of further ones are refused and counted', () => {
    const { store, context } = openStore({ seriesMax: 5 })
    const points = Array.from({ length: 8 }, (_, i) => ({
      metric: 'agent.tool.calls',
      value: 1,
      timeMs: NOW,
      startMs: NOW - 1000,
      attributes: { 'gen_ai.tool.name': `tool-${i}` },
    }))
    store.write('metrics', pointBatch(points))
    store.write('metrics', pointBatch(points))
    expect(store.metrics(NOW - 60_000, NOW).panels.tools.current).toBe(5)
    expect(context.counters.get('otelcol_store_dropped_points')).toBe(6)
  })
})

describe('metrics', () => {
  test('the five and the spend over a range', () => {
    const { store } = openStore()
    const at = (minute: number): number => NOW - 600_000 + minute * 60_000
    const start = at(0)
    const bounds = [1, 5, 30]
    for (let minute = 1; minute <= 10; minute++) {
      store.write(
        'metrics',
        pointBatch([
          {
            metric: 'agent.request.latency',
            kind: 'histogram',
            value: 4 * minute,
            buckets: [0, minute, 0, 0],
            bounds,
            timeMs: at(minute),
            startMs: start,
            max: 4,
          },
          {
            metric: 'agent.error.rate',
            kind: 'gauge',
            value: 0.5 / minute,
            timeMs: at(minute),
            attributes: { 'gen_ai.agent.name': 'support' },
          },
          {
            metric: 'agent.tool.calls',
            value: 2 * minute,
            timeMs: at(minute),
            startMs: start,
            attributes: { 'gen_ai.tool.name': 'lookup', 'spanwarden.result': 'ok' },
          },
          {
            metric: 'agent.tool.calls',
            value: minute,
            timeMs: at(minute),
            startMs: start,
            attributes: { 'gen_ai.tool.name': 'lookup', 'spanwarden.result': 'error' },
          },
          {
            metric: 'agent.tokens.used',
            value: 100 * minute,
            timeMs: at(minute),
            startMs: start,
            attributes: { 'gen_ai.request.model': 'm', 'spanwarden.token.type': 'input' },
          },
          {
            metric: 'agent.tokens.used',
            value: 90 * minute,
            timeMs: at(minute),
            startMs: start,
            attributes: { 'gen_ai.request.model': 'm', 'spanwarden.token.type': 'cache_read' },
          },
          {
            metric: 'agent.queue.depth',
            kind: 'gauge',
            value: minute,
            timeMs: at(minute),
            attributes: { 'spanwarden.queue.name': 'a' },
          },
          {
            metric: 'agent.queue.depth',
            kind: 'gauge',
            value: 5,
            timeMs: at(minute),
            attributes: { 'spanwarden.queue.name': 'b' },
          },
          {
            metric: 'agent.cost',
            value: 0.25 * minute,
            timeMs: at(minute),
            startMs: start,
            attributes: { 'gen_ai.request.model': 'm' },
          },
        ]),
      )
    }
    const { panels, timesMs, stepMs } = store.metrics(at(0), at(10))
    expect(timesMs.at(-1)).toBe(at(10))
    expect(stepMs).toBe(15_000)
    expect(panels.latency).toMatchObject({ current: 4, threshold: 30, unit: 's' })
    expect(panels.errors).toMatchObject({ current: 0.05, parts: [{ label: 'support', value: 0.05 }] })
    expect(panels.tools).toMatchObject({ current: 30, parts: [{ label: 'lookup', value: 30, failed: 10 }] })
    expect(panels.tokens).toMatchObject({ current: 1000, parts: [{ label: 'm input', value: 1000 }] })
    expect(panels.queue).toMatchObject({
      current: 15,
      parts: [
        { label: 'a', value: 10 },
        { label: 'b', value: 5 },
      ],
    })
    expect(panels.cost.current).toBe(2.5)
    expect(panels.cost.values.reduce((a: number, b) => a + (b ?? 0), 0)).toBe(2.5)
    expect(panels.queue.values.at(-1)).toBe(15)
  })

  test('nothing reported is not zero', () => {
    const { panels } = openStore().store.metrics(NOW - 60_000, NOW)
    expect(Object.values(panels).map((panel) => panel.current)).toEqual([null, null, null, null, null, null])
  })

  test('spend of today: what runs cost counts before a counter has said so, and once', () => {
    const { store, context } = openStore()
    const spend = (): number => store.summary().spendTodayUsd
    write(store, agentSpan(), modelSpan(2))
    expect(spend()).toBe(0.0031)
    const said = (value: number): Buffer =>
      pointBatch([{ metric: 'agent.cost', value, timeMs: NOW, startMs: NOW - 1000 }], String(value))
    store.write('metrics', said(0.0031))
    expect(spend()).toBe(0.0031)
    // Another run, and a sidecar that is killed before it has counted it.
    write(store, agentSpan({ traceId: traceId(2) }), modelSpan(2, { traceId: traceId(2) }))
    expect(spend()).toBe(0.0062)
    // Calls of runs that are gone from the store, or were sampled out.
    store.write('metrics', said(0.5))
    expect(spend()).toBeCloseTo(0.5031)
    context.clock.advance(86_400_000)
    expect(spend()).toBe(0)
  })

  test('a batch sent twice counts once', () => {
    const { store } = openStore()
    const delta = pointBatch([
      { metric: 'agent.cost', cumulative: false, value: 0.5, timeMs: NOW, startMs: NOW - 1000 },
    ])
    store.write('metrics', delta)
    store.write('metrics', delta)
    expect(store.summary().spendTodayUsd).toBe(0.5)
  })
})

describe('the file', () => {
  test('is private, survives a restart and can be read by another process meanwhile', () => {
    const { store, context } = openStore()
    const path = join(context.stateFolder, 'store.sqlite')
    write(store, modelSpan(2))
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600')
    expect((statSync(`${path}-wal`).mode & 0o777).toString(8)).toBe('600')
    const reader = openReadOnly(path)
    const spans = (): unknown => reader.prepare('SELECT count(*) AS n FROM span').get()?.['n']
    expect(spans()).toBe(1)
    write(store, modelSpan(3))
    expect(spans()).toBe(2)
    reader.close()
    store.close()
    const again = openStore({}, context).store
    write(again, modelSpan(3), modelSpan(4), agentSpan())
    expect(onlyRun(again)).toMatchObject({ spans: 4, modelCalls: 3, status: 'ok' })
  })

  test('two processes may write to it', () => {
    const { store, context } = openStore()
    const other = openStore({}, context).store
    for (let n = 2; n < 20; n += 2) {
      write(store, modelSpan(n))
      write(other, modelSpan(n), modelSpan(n + 1))
    }
    expect(onlyRun(store)).toMatchObject({ spans: 18, modelCalls: 18 })
    expect(store.span(traceId(1), spanId(19))?.attributes).toEqual(other.span(traceId(1), spanId(2))?.attributes)
  })

  test.each([
    {
      name: 'another version',
      spoil: (path: string) => bumpVersion(path),
      reason: 'its version is 99, this program writes version 2',
    },
    {
      name: 'damage',
      spoil: (path: string) => writeFileSync(path, 'not a database, '.repeat(1000)),
      reason: 'it is damaged',
    },
  ])('$name: it is set aside and a new one begun', ({ spoil, reason }) => {
    const { store, context } = openStore()
    write(store, agentSpan())
    store.close()
    spoil(join(context.stateFolder, 'store.sqlite'))
    const again = openStore({}, context).store
    expect(again.runs({ limit: 10 }).runs).toEqual([])
    write(again, agentSpan())
    expect(onlyRun(again).agent).toBe('support')
    expect(context.logged.map(({ fields }) => fields)).toMatchObject([{ reason }])
  })

  test('a batch that cannot be written leaves nothing behind and spoils nothing', () => {
    const { store, context } = openStore({ bytesMax: 300_000 })
    write(store, agentSpan())
    expect(() => write(store, modelSpan(2), modelSpan(3, { attributes: { content: 'x'.repeat(1_000_000) } }))).toThrow(
      'full',
    )
    expect(onlyRun(store).spans).toBe(1)
    write(store, modelSpan(2))
    expect(onlyRun(store).spans).toBe(2)
    expect(store.span(traceId(1), spanId(2))?.attributes['gen_ai.request.model']).toBe('gpt-5.2')
    expect(context.logged).toEqual([])
  })
})

function bumpVersion(path: string): void {
  const store = new (process.getBuiltinModule('node:sqlite').DatabaseSync)(path)
  store.exec('PRAGMA user_version = 99')
  store.close()
}
