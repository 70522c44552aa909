import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { agentPulse } from '../../alerts/agent-pulse.ts'
import { describeWithData, sharedData } from '../../../test/support/shared-data.ts'
import { type TestContext, testContext } from '../../../test/support/component-context.ts'
import { metricLines } from '../../../test/support/metric-lines.ts'
import { spanBatch, spanBatchJson, type TestResource, type TestSpan } from '../../../test/support/span-batch.ts'
import { jsonToProtobuf } from '../../otlp/json-to-protobuf.ts'
import { Edits } from '../../otlp/edits.ts'
import type { Signal } from '../../otlp/schema.ts'
import { OtlpView } from '../../otlp/view.ts'
import { cost } from '../processors/cost.ts'
import { agentMetrics } from './agent-metrics.ts'

interface Rig {
  readonly context: TestContext
  send(...resources: readonly TestResource[]): void
  sendBytes(bytes: Buffer, withCost?: boolean): void
  consume(signal: Signal, bytes: Buffer): void
  /** Lines of the newest export whose metric name starts so. */
  lines(prefix?: string): string[]
  stop(): void
}

function rig(settings: Record<string, unknown> = {}, context = testContext('agent_metrics')): Rig {
  const emitted: Buffer[] = []
  const connector = agentMetrics.create(agentMetrics.config.parse({ spans_max: 5_000, ...settings }), {
    ...context,
    emit: (_signal, bytes) => void emitted.push(bytes),
  })
  const prices = cost.create({ prices_file: '' }, testContext('cost'))
  connector.start()
  const sendBytes = (bytes: Buffer, withCost = false): void => {
    const view = new OtlpView('traces', bytes)
    const edits = new Edits(view)
    if (withCost) prices.process(view, edits)
    connector.consume(view)
  }
  return {
    context,
    sendBytes,
    consume: (signal, bytes) => connector.consume(new OtlpView(signal, bytes)),
    send: (...resources) => sendBytes(spanBatch(...resources)),
    lines: (prefix = '') => metricLines(emitted.at(-1) ?? Buffer.alloc(0)).filter((line) => line.startsWith(prefix)),
    stop: () => connector.stop(),
  }
}

const service = { 'service.name': 'support' }

/** Sends the spans in one batch, stops, gives the lines with that prefix. */
function check(prefix: string, spans: readonly TestSpan[], settings: Record<string, unknown> = {}): string[] {
  const { send, lines, stop } = rig(settings)
  send({ attributes: service, spans })
  stop()
  return lines(prefix)
}

const id = (n: number): string => n.toString(16).padStart(16, '0')
const at = 1_790_000_000_000

const agent = (n: number, parent?: number, extra: Partial<TestSpan> = {}): TestSpan =>
  span(n, parent, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support' }, extra)
const chat = (
  n: number,
  parent?: number,
  attributes: TestSpan['attributes'] = {},
  extra: Partial<TestSpan> = {},
): TestSpan =>
  span(
    n,
    parent,
    {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o-mini',
      'gen_ai.usage.input_tokens': 2_000,
      'gen_ai.usage.output_tokens': 200,
      ...attributes,
    },
    extra,
  )
const tool = (
  n: number,
  parent?: number,
  attributes: TestSpan['attributes'] = {},
  extra: Partial<TestSpan> = {},
): TestSpan =>
  span(n, parent, { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search', ...attributes }, extra)
const mcp = (n: number, parent?: number, attributes: TestSpan['attributes'] = {}): TestSpan =>
  tool(n, parent, { 'mcp.method.name': 'tools/call', ...attributes }, { kind: 3 })
const span = (
  n: number,
  parent: number | undefined,
  attributes: TestSpan['attributes'] = {},
  extra: Partial<TestSpan> = {},
): TestSpan => ({
  spanId: id(n),
  ...(parent === undefined ? {} : { parentSpanId: id(parent) }),
  startMs: at,
  endMs: at + 2_000,
  attributes,
  ...extra,
})

describe('requests', () => {
  test('the outermost agent is the request; latency, count and error rate speak of it alone', () => {
    expect(check('agent.', [agent(3, 2), tool(2, 1), chat(4, 1), agent(1, undefined, { endMs: at + 31_000 })])).toEqual(
      [
        expect.stringMatching(/^agent\.cost|^agent\.error\.rate\{gen_ai\.agent\.name=support\} 0$/),
        expect.stringMatching(/^agent\.heartbeat\.timestamp\{\} 1795262400$/),
        'agent.request.latency{gen_ai.agent.name=support,spanwarden.result=ok} 1/31 ≤45:1',
        'agent.requests{gen_ai.agent.name=support,spanwarden.result=error} 0',
        'agent.requests{gen_ai.agent.name=support,spanwarden.result=ok} 1',
        'agent.tokens.used{gen_ai.provider.name=openai,gen_ai.request.model=gpt-4o-mini,spanwarden.token.type=input} 2000',
        'agent.tokens.used{gen_ai.provider.name=openai,gen_ai.request.model=gpt-4o-mini,spanwarden.token.type=output} 200',
        'agent.tool.calls{gen_ai.tool.name=search,spanwarden.result=ok} 1',
      ],
    )
  })

  test.each([
    ['an agent under a web server’s root', [agent(2, 1), span(1, undefined)]],
    ['an agent whose caller is in another process', [agent(2, 1, { flags: 0x300 })]],
    ['an agent under a server span', [agent(3, 2), span(2, 1, {}, { kind: 2 })]],
    ['an agent whose parent never comes', [agent(2, 1)]],
    ['an agent that comes after the one around it', [agent(1), agent(2, 1)]],
    ['agents three deep, with steps between', [agent(5, 4), span(4, 3), agent(3, 2), span(2, 1), agent(1)]],
  ])('%s is one request', (_name, spans) => {
    expect(check('agent.requests', spans)).toEqual([
      'agent.requests{gen_ai.agent.name=support,spanwarden.result=error} 0',
      'agent.requests{gen_ai.agent.name=support,spanwarden.result=ok} 1',
    ])
  })

  test('two agents beside each other are two requests', () => {
    expect(check('agent.requests', [agent(2, 1), agent(3, 1), span(1, undefined)])).toEqual([
      'agent.requests{gen_ai.agent.name=support,spanwarden.result=error} 0',
      'agent.requests{gen_ai.agent.name=support,spanwarden.result=ok} 2',
    ])
  })

  test('without any agent the root spans are the requests', () => {
    expect(check('agent.requests', [chat(2, 1), span(1, undefined), chat(3, undefined, {}, { status: 2 })])).toEqual([
      'agent.requests{spanwarden.result=error} 1',
      'agent.requests{spanwarden.result=ok} 1',
    ])
  })

  test('MCP’s own talk is no request, and once an agent was seen other root spans are none', () => {
    const list = span(5, undefined, { 'mcp.method.name': 'tools/list' }, { kind: 3 })
    expect(check('agent.requests', [list])).toEqual([])
    expect(check('agent.requests', [list, agent(1), span(6, undefined), chat(7)])).toEqual([
      'agent.requests{gen_ai.agent.name=support,spanwarden.result=error} 0',
      'agent.requests{gen_ai.agent.name=support,spanwarden.result=ok} 1',
    ])
  })

  test('an inner agent waits for the outer one, but not for ever', () => {
    const { send, lines, context } = rig({ agent_wait: '5m' })
    send({ attributes: service, spans: [agent(2, 1)] })
    context.clock.advance(290_000)
    expect(lines('agent.requests')).toEqual([])
    expect(context.gauges.get('otelcol_connector_agent_metrics_waiting_spans{connector="agent_metrics"}')?.()).toBe(1)
    context.clock.advance(20_000)
    expect(lines('agent.requests')).toEqual([
      'agent.requests{gen_ai.agent.name=support,spanwarden.result=error} 0',
      'agent.requests{gen_ai.agent.name=support,spanwarden.result=ok} 1',
    ])
    send({ attributes: service, spans: [agent(1)] })
    context.clock.advance(10_000)
    expect(context.gauges.get('otelcol_connector_agent_metrics_waiting_spans{connector="agent_metrics"}')?.()).toBe(0)
  })

  test('the error rate slides: failures of more than an hour ago are forgotten', () => {
    const { send, lines, context } = rig()
    send({ attributes: service, spans: [agent(1, undefined, { status: 2 }), agent(2), agent(3), agent(4)] })
    context.clock.advance(10_000)
    expect(lines('agent.error.rate')).toEqual(['agent.error.rate{gen_ai.agent.name=support} 0.25'])
    context.clock.advance(3_500_000)
    send({
      attributes: service,
      spans: [agent(5), agent(6, undefined, { attributes: { ...agent(6).attributes, 'error.type': 'timeout' } })],
    })
    context.clock.advance(10_000)
    expect(lines('agent.error.rate')).toEqual([`agent.error.rate{gen_ai.agent.name=support} ${2 / 6}`])
    context.clock.advance(100_000)
    expect(lines('agent.error.rate')).toEqual(['agent.error.rate{gen_ai.agent.name=support} 0.5'])
    context.clock.advance(36_000_000)
    expect(lines('agent.error.rate')).toEqual(['agent.error.rate{gen_ai.agent.name=support} 0'])
  })
})

describe('what is an agent', () => {
  const http = (n: number, attributes: TestSpan['attributes'] = { 'http.request.method': 'GET' }): TestSpan =>
    span(n, undefined, attributes, { kind: 2, status: n % 2 === 0 ? 2 : 1 })
  const backend = { 'service.name': 'jaeger' }
  /** Names that health and alerts know, and those that are exported. */
  const known = ({ context, lines }: Rig): { watched: string[]; exported: string[] } => {
    context.clock.advance(20_000)
    const watched = context
      .service(agentPulse)
      .agents(context.clock.now())
      .map(({ job, finished, failed }) => `${job} ${finished} ${failed}`)
    return { watched, exported: lines('resource').map((line) => /service\.name=([^,]*)/.exec(line)?.[1] ?? '') }
  }

  test('a service that sends plain spans only is none: no heartbeat, no requests, no failures, nothing exported', () => {
    const all = rig()
    all.send({ attributes: backend, spans: Array.from({ length: 20 }, (_, n) => http(n + 1)) })
    expect(known(all)).toEqual({ watched: [], exported: [] })
    expect(all.lines()).toEqual([])
    all.send({ attributes: service, spans: [agent(100)] }, { attributes: backend, spans: [http(30)] })
    expect(known(all)).toEqual({ watched: ['support 1 0'], exported: ['support'] })
    all.stop()
    expect(known(all)).toEqual({ watched: ['support 1 0'], exported: ['support'] })
  })

  test.each([
    ['a model call', { 'gen_ai.operation.name': 'chat' }],
    ['a dialect’s model call', { 'gen_ai.system': 'openai' }],
    ['an operation of tomorrow', { 'gen_ai.operation.name': 'dream' }],
    ['MCP’s own talk', { 'mcp.method.name': 'tools/list' }],
  ])('%s makes it one, and what came a moment before counts as well', (_what, attributes) => {
    const all = rig()
    all.send({ attributes: service, spans: [http(2)] })
    all.send({ attributes: service, spans: [span(3, 1, attributes)] })
    expect(known(all)).toEqual({ watched: ['support 1 1'], exported: ['support'] })
  })

  test.each(['traces', 'metrics', 'logs'] as const)('our preload makes it one before its first call: %s', (signal) => {
    const ours = { ...service, 'telemetry.distro.name': 'spanwarden' }
    const all = rig()
    // The envelope of metrics and logs without any item reads as that of traces.
    all.consume(signal, spanBatch({ attributes: ours, spans: [] }, { attributes: backend, spans: [] }))
    expect(known(all)).toEqual({ watched: ['support 0 0'], exported: ['support'] })
  })

  test('a metric of agents makes it one, another does not', () => {
    const metrics = (service: string, name: string): unknown => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
      scopeMetrics: [{ metrics: [{ name: 'process.uptime' }, { name }] }],
    })
    const resourceMetrics = [metrics('support', 'agent.queue.depth'), metrics('jaeger', 'http.server.request.duration')]
    const all = rig()
    all.consume('metrics', jsonToProtobuf('metrics', Buffer.from(JSON.stringify({ resourceMetrics }))))
    expect(known(all)).toEqual({ watched: ['support 0 0'], exported: ['support'] })
  })

  test('those that are none keep no place of an agent, and an agent’s requests are never those of the one before it', () => {
    const all = rig({ services_max: 2 })
    for (let n = 0; n < 5; n += 1) all.send({ attributes: { 'service.name': `plain${n}` }, spans: [http(20 + 2 * n)] })
    all.send(
      { attributes: service, spans: [tool(1)] },
      { attributes: { 'service.name': 'other' }, spans: [tool(3, 2)] },
    )
    all.send({ attributes: backend, spans: [http(40)] })
    expect(known(all)).toEqual({ watched: ['support 1 0', 'other 0 0'], exported: ['other', 'support'] })
  })

  test('it is one over a restart', () => {
    const first = rig()
    first.send({ attributes: service, spans: [tool(1)] }, { attributes: backend, spans: [http(1)] })
    first.stop()
    const second = rig({}, first.context)
    second.send({ attributes: service, spans: [http(4)] }, { attributes: backend, spans: [http(6)] })
    expect(known(second)).toEqual({ watched: ['support 2 1'], exported: ['support'] })
  })
})

describe('what was denied', () => {
  test.each([
    [
      'a run that a limit has ended',
      agent(1, undefined, {
        status: 2,
        attributes: { ...agent(1).attributes, 'error.type': 'BUDGET_EXHAUSTED', 'spanwarden.result': 'denied' },
      }),
      'denied',
    ],
    [
      'a call that a limit has denied',
      chat(
        1,
        undefined,
        { 'spanwarden.guard.decision': 'deny', 'spanwarden.guard.rule': 'BUDGET_EXHAUSTED daily' },
        { status: 2 },
      ),
      'denied',
    ],
    [
      'a call of which nobody could say',
      chat(
        1,
        undefined,
        { 'spanwarden.guard.decision': 'deny', 'spanwarden.guard.rule': 'GUARD_UNAVAILABLE' },
        { status: 2 },
      ),
      'error',
    ],
    [
      'a run of which nobody could say',
      agent(1, undefined, { status: 2, attributes: { ...agent(1).attributes, 'error.type': 'GUARD_UNAVAILABLE' } }),
      'error',
    ],
  ])('%s: %s', (_what, one, result) => {
    const all = rig()
    all.send({ attributes: service, spans: [one] })
    all.stop()
    expect(
      all
        .lines('agent.requests')
        .filter((line) => line.endsWith(' 1'))
        .join(),
    ).toContain(`spanwarden.result=${result}`)
    const [life] = all.context.service(agentPulse).agents(all.context.clock.now())
    expect(life).toMatchObject(result === 'denied' ? { finished: 0, failed: 0 } : { finished: 1, failed: 1 })
  })
})

describe('tool calls', () => {
  const calls = (...spans: TestSpan[]): string[] => check('agent.tool.calls', spans)

  test('count by tool and result', () => {
    expect(
      calls(
        tool(2),
        tool(3),
        tool(4, undefined, {}, { status: 2 }),
        tool(5, undefined, { 'gen_ai.tool.name': 'post', 'spanwarden.guard.decision': 'deny', 'error.type': 'x' }),
      ),
    ).toEqual([
      'agent.tool.calls{gen_ai.tool.name=post,spanwarden.result=denied} 1',
      'agent.tool.calls{gen_ai.tool.name=search,spanwarden.result=error} 1',
      'agent.tool.calls{gen_ai.tool.name=search,spanwarden.result=ok} 2',
    ])
  })

  const one = ['agent.tool.calls{gen_ai.tool.name=search,spanwarden.result=ok} 1']
  test.each([
    ['inside its tool span, the usual order', [mcp(3, 2), tool(2, 1), agent(1)]],
    ['inside its tool span, with a step between', [mcp(4, 3), span(3, 2), tool(2, 1), agent(1)]],
    ['inside its tool span, which came first', [tool(2, 1), mcp(3, 2), agent(1)]],
    ['directly under the agent', [mcp(3, 1), agent(1)]],
    ['under an agent that is a tool of another', [mcp(4, 3), agent(3, 2)]],
    ['alone', [mcp(3)]],
    ['as the server saw it too', [tool(9, 3, { 'mcp.method.name': 'tools/call' }, { kind: 2 }), mcp(3)]],
    [
      'with no operation name',
      [span(3, undefined, { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'search' }, { kind: 3 })],
    ],
  ])('an MCP call counts once: %s', (_name, spans) => {
    expect(calls(...spans)).toEqual(one)
  })

  test('the call of an agent that is itself a tool counts beside that tool', () => {
    expect(calls(mcp(4, 3), agent(3, 2), tool(2, 1, { 'gen_ai.tool.name': 'ask' }), agent(1))).toEqual([
      'agent.tool.calls{gen_ai.tool.name=ask,spanwarden.result=ok} 1',
      ...one,
    ])
  })

  test('what a server answers is no call of an agent; what it asks of other servers meanwhile is its own', () => {
    const served = (n: number, parent?: number): TestSpan =>
      tool(n, parent, { 'mcp.method.name': 'tools/call' }, { kind: 2 })
    expect(calls(served(9))).toEqual([])
    // Two processes: whoever sends first.
    expect(calls(served(9, 3), mcp(3, 1), agent(1))).toEqual(one)
    expect(calls(mcp(3, 1), agent(1), served(9, 3))).toEqual(one)
    expect(calls(mcp(5, 9, { 'gen_ai.tool.name': 'deeper' }), served(9, 3), mcp(3, 1), agent(1))).toEqual([
      'agent.tool.calls{gen_ai.tool.name=deeper,spanwarden.result=ok} 1',
      ...one,
    ])
  })

  test('other MCP requests are no tool calls', () => {
    const list = span(3, undefined, { 'mcp.method.name': 'tools/list' }, { kind: 3 })
    expect(calls(list)).toEqual([])
    expect(check('mcp.', [list])).toEqual(['mcp.client.operation.duration{mcp.method.name=tools/list} 1/2 ≤2:1'])
  })
})

describe('tokens and cost', () => {
  const tokens = (...spans: TestSpan[]): string =>
    check('agent.tokens', spans)
      .map((line) => line.replace(/^.*type=/, ''))
      .join(' ')

  test('all kinds of tokens, under today’s names', () => {
    const attributes = {
      'gen_ai.system': 'az.ai.openai',
      'gen_ai.request.model': 'gpt-5',
      'llm.usage.prompt_tokens': 100,
      'gen_ai.usage.completion_tokens': 50,
      'gen_ai.usage.cache_creation.input_tokens': 10,
      'gen_ai.usage.cache_read_input_tokens': 20,
      'gen_ai.usage.reasoning_tokens': 30,
      'llm.request.type': 'chat',
    }
    const label = (type: string) =>
      `agent.tokens.used{gen_ai.provider.name=azure.ai.openai,gen_ai.request.model=gpt-5,spanwarden.token.type=${type}}`
    expect(check('agent.tokens', [span(1, undefined, attributes)])).toEqual([
      `${label('cache_read')} 20`,
      `${label('cache_write')} 10`,
      `${label('input')} 100`,
      `${label('output')} 50`,
      `${label('reasoning')} 30`,
    ])
    expect(check('gen_ai.client.inference.usage', [span(1, undefined, attributes)])).toHaveLength(5)
  })

  test.each([
    [
      'agents repeat the sum of their calls',
      [chat(2, 1), agent(1, undefined, { attributes: { ...agent(1).attributes, 'gen_ai.usage.input_tokens': 9 } })],
    ],
    ['a framework around its client', [chat(3, 2), chat(2, 1), agent(1)]],
    ['a framework, a step, an HTTP span, a client', [chat(5, 4), span(4, 3), span(3, 2), chat(2, 1), agent(1)]],
    ['the outer span came first', [chat(2, 1), chat(3, 2), agent(1)]],
    ['three layers', [chat(4, 3), chat(3, 2), chat(2, 1)]],
    [
      'siblings that speak of one response',
      [chat(2, 1, { 'gen_ai.response.id': 'r1' }), chat(3, 1, { 'gen_ai.response.id': 'r1' })],
    ],
    ['a span that comes twice', [chat(2, 1), chat(2, 1)]],
  ])('%s: one call', (_name, spans) => {
    expect(tokens(...spans)).toBe('input} 2000 output} 200')
    expect(check('gen_ai.client.inference.duration', spans)[0]).toMatch(/ 1\/2 /)
  })

  test.each([
    ['one after the other', [chat(2, 1), chat(3, 1)]],
    [
      'with a response id that a server repeats',
      [
        chat(2, 1, { 'gen_ai.response.id': 'r1' }),
        chat(3, 1, { 'gen_ai.response.id': 'r1' }, { startMs: at + 2_000, endMs: at + 3_000 }),
      ],
    ],
    ['in different traces', [chat(2, 1), chat(2, 1, {}, { traceId: 'ff'.repeat(16) })]],
    ['a tool of a call asks a model itself', [chat(4, 3), tool(3, 2), chat(2, 1)]],
  ])('%s: two calls', (_name, spans) => {
    expect(tokens(...spans)).toBe('input} 4000 output} 400')
  })

  test('embeddings count tokens, and time under their own metric', () => {
    const embeddings = chat(1, undefined, { 'gen_ai.operation.name': 'embeddings', 'gen_ai.usage.output_tokens': 0 })
    expect(tokens(embeddings)).toBe('input} 2000')
    expect(check('gen_ai.client', [embeddings])).toEqual([
      'gen_ai.client.operation.duration{gen_ai.operation.name=embeddings,gen_ai.provider.name=openai,gen_ai.request.model=gpt-4o-mini} 1/2 ≤2.56:1',
    ])
  })

  test('cost: as it came, or as the cost processor added it to the same batch', () => {
    const { sendBytes, lines, stop } = rig()
    sendBytes(
      spanBatch({
        spans: [
          chat(1),
          chat(2, undefined, { 'spanwarden.cost.amount': 0.5 }),
          chat(3, undefined, { 'gen_ai.request.model': 'made-up' }),
        ],
      }),
      true,
    )
    stop()
    expect(lines('agent.cost')).toEqual([
      'agent.cost{gen_ai.provider.name=openai,gen_ai.request.model=gpt-4o-mini} 0.50042',
    ])
  })

  test('calls whose provider did not count are counted as such; estimates are in no metric', () => {
    const estimate = { 'spanwarden.usage.estimate.input_tokens': 70, 'spanwarden.usage.estimate.output_tokens': 80 }
    const uncounted = { 'gen_ai.usage.input_tokens': 0, 'gen_ai.usage.output_tokens': 0, ...estimate }
    const spans = [
      chat(1, undefined, { 'spanwarden.usage.source': 'unknown', ...uncounted }),
      chat(2, undefined, { 'spanwarden.usage.source': 'unknown', ...uncounted }),
      chat(3, undefined, { 'spanwarden.usage.source': 'partial', 'spanwarden.usage.estimate.output_tokens': 80 }),
      chat(4),
    ]
    const model = 'gen_ai.provider.name=openai,gen_ai.request.model=gpt-4o-mini'
    expect(check('agent.usage.unknown', spans)).toEqual([
      `agent.usage.unknown{${model},spanwarden.usage.source=partial} 1`,
      `agent.usage.unknown{${model},spanwarden.usage.source=unknown} 2`,
    ])
    expect(check('agent.tokens.used', spans)).toEqual([
      `agent.tokens.used{${model},spanwarden.token.type=input} 4000`,
      `agent.tokens.used{${model},spanwarden.token.type=output} 400`,
    ])
  })

  test('failed calls have an error type', () => {
    expect(
      check('gen_ai.client.inference.duration', [
        chat(1, undefined, { 'error.type': '429' }, { status: 2 }),
        chat(2, undefined, {}, { status: 2 }),
      ]).map((line) => line.replace(/^.*mini,/, '')),
    ).toEqual(['error.type=429} 1/2 ≤2.56:1', 'error.type=_OTHER} 1/2 ≤2.56:1'])
  })
})

describe('bounds', () => {
  test('a batch sent twice counts once, and is counted as such', () => {
    const { send, lines, stop, context } = rig()
    const batch = { attributes: service, spans: [chat(2, 1), tool(3, 1), agent(1)] }
    send(batch)
    const before = rig()
    before.send(batch)
    before.stop()
    send(batch)
    stop()
    expect(lines()).toEqual(before.lines())
    expect(context.counters.get('otelcol_connector_agent_metrics_duplicate_spans{connector="agent_metrics"}')).toBe(3)
  })

  test('label sets beyond the limit go to one overflow series per metric', () => {
    const { send, lines, stop, context } = rig({ series_max: 5 })
    send({
      attributes: service,
      spans: Array.from({ length: 20 }, (_, n) => tool(n + 1, undefined, { 'gen_ai.tool.name': `tool-${n}` })),
    })
    stop()
    expect(lines('agent.tool.calls{otel.metric.overflow=true}')).toEqual([expect.stringMatching(/ 15$/)])
    const total = lines('agent.tool.calls').reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    expect(total).toBe(20)
    expect(lines('agent.tool.calls')).toHaveLength(5 + 1)
    expect(context.counters.get('otelcol_connector_agent_metrics_refused_label_sets{connector="agent_metrics"}')).toBe(
      15 * 2,
    )
  })

  test('label values that are too long or too many are refused, not cut', () => {
    const { send, lines, stop } = rig({ label_values_max: 3 })
    send({
      spans: ['a', 'b', 'x'.repeat(300), 'c', 'd'].map((name, n) =>
        tool(n + 1, undefined, { 'gen_ai.tool.name': name }),
      ),
    })
    stop()
    expect(lines('agent.tool.calls')).toEqual([
      'agent.tool.calls{gen_ai.tool.name=a,spanwarden.result=ok} 1',
      'agent.tool.calls{gen_ai.tool.name=b,spanwarden.result=ok} 1',
      'agent.tool.calls{otel.metric.overflow=true} 3',
    ])
  })

  test('services beyond the limit share one', () => {
    const { send, lines, stop } = rig({ services_max: 2 })
    for (let n = 0; n < 6; n += 1) send({ attributes: { 'service.name': `s${n}` }, spans: [tool(n + 1)] })
    stop()
    expect(lines('resource').map((line) => /service\.name=([^,]*)/.exec(line)?.[1])).toEqual(['_OTHER', 's0', 's1'])
    expect(
      lines('agent.tool.calls')
        .map((line) => line.split(' ').at(-1))
        .sort(),
    ).toEqual(['1', '1', '4'])
  })

  test('health and alerts know services by their names, also those beyond the limit', () => {
    const { send, stop, context } = rig({ services_max: 1 })
    const pulse = context.service(agentPulse)
    const told = (): string[] =>
      pulse.agents(context.clock.now()).map(({ job, finished, spentUsd }) => `${job} ${finished} ${spentUsd}`)
    const cost = { 'spanwarden.cost.amount': 0.5 }
    for (let n = 0; n < 3; n += 1)
      send({ attributes: { 'service.name': `s${n}` }, spans: [chat(2 + 10 * n, 1 + 10 * n, cost), agent(1 + 10 * n)] })
    expect(told()).toEqual(['s0 1 0.5', 's1 1 0.5', 's2 1 0.5'])
    // Its parent does not come: it is counted when others have come since.
    send({ attributes: { 'service.name': 's3' }, spans: [agent(41, 40)] })
    send({ attributes: { 'service.name': 's4' }, spans: [tool(51)] })
    expect(told()).toContain('s3 0 0')
    stop()
    expect(told()).toContain('s3 1 0')
  })

  test('a span with numbers that no call has spoils no sum, and the export goes on', () => {
    const spoilt = [1.5e308, Number.MAX_VALUE, 2 ** 63, -5, Number.NaN, Number.POSITIVE_INFINITY, '9'.repeat(400)]
    const spans = spoilt.map((tokens, n) =>
      chat(n + 2, undefined, { 'gen_ai.usage.input_tokens': tokens, 'spanwarden.cost.amount': tokens }),
    )
    expect(check('agent.tokens.used', [chat(1), ...spans])).toEqual(
      check('agent.tokens.used', [
        chat(1),
        ...spoilt.map((_, n) => chat(n + 2, undefined, { 'gen_ai.usage.input_tokens': 0 })),
      ]),
    )
    expect(check('agent.cost', spans)).toEqual([])
  })

  test.each(['constructor', '__proto__', 'toString'])('a provider named %s is a provider', (provider) => {
    const lines = check('agent.tokens.used', [chat(1, undefined, { 'gen_ai.provider.name': provider }), chat(2)])
    expect(lines.filter((line) => line.includes(provider))).toHaveLength(2)
    expect(lines).toHaveLength(4)
  })

  test('no memory of old spans beyond the limit', () => {
    const { send, lines, stop } = rig({ spans_max: 100 })
    for (let n = 1; n <= 1_000; n += 1) send({ spans: [tool(n)] })
    send({ spans: [tool(1)] })
    send({ spans: [tool(1_000)] })
    stop()
    expect(lines('agent.tool.calls')).toEqual(['agent.tool.calls{gen_ai.tool.name=search,spanwarden.result=ok} 1001'])
  })
})

describe('exports', () => {
  test('carry the service and an instance id that survives a restart', () => {
    const context = testContext('agent_metrics')
    const resources = [1, 2].map((n) => {
      const emitted: Buffer[] = []
      const connector = agentMetrics.create(agentMetrics.config.parse({}), {
        ...context,
        emit: (_signal, bytes) => void emitted.push(bytes),
      })
      connector.start()
      connector.consume(
        new OtlpView(
          'traces',
          spanBatch({ attributes: { ...service, 'service.version': '1', 'process.pid': n }, spans: [tool(n)] }),
        ),
      )
      connector.stop()
      return metricLines(emitted[0] ?? Buffer.alloc(0)).find((line) => line.startsWith('resource'))
    })
    expect(resources[0]).toMatch(
      /^resource \{service\.name=support,service\.version=1,service\.instance\.id=[0-9a-f]{32}\}$/,
    )
    expect(resources[1]).toBe(resources[0])
  })

  test('versions of one service are instances of their own, so that one which is rolled back is seen', () => {
    const { send, lines, stop } = rig()
    for (const [n, version] of ['1', '2', '1'].entries())
      send({ attributes: { ...service, 'service.version': version }, spans: [tool(n + 1)] })
    stop()
    const ids = lines('resource').map((line) => /service\.instance\.id=(\w+)/.exec(line)?.[1])
    expect(new Set(ids).size).toBe(2)
  })

  test('the heartbeat moves with telemetry of any signal, but not with our own metrics', () => {
    const context = testContext('agent_metrics')
    const emitted: Buffer[] = []
    const connector = agentMetrics.create(agentMetrics.config.parse({}), {
      ...context,
      emit: (_signal, bytes) => void emitted.push(bytes),
    })
    const beat = (): string[] => {
      context.clock.advance(10_000)
      return metricLines(emitted.at(-1) ?? Buffer.alloc(0)).filter((line) => line.startsWith('agent.heartbeat'))
    }
    const at = context.clock.now() / 1_000
    connector.start()
    connector.consume(new OtlpView('traces', spanBatch({ attributes: service, spans: [tool(1)] })))
    expect(beat()).toEqual([`agent.heartbeat.timestamp{} ${at}`])
    connector.consume(new OtlpView('metrics', emitted.at(-1) ?? Buffer.alloc(0)))
    expect(beat()).toEqual([`agent.heartbeat.timestamp{} ${at}`])
    // The envelope of metrics and logs without any item reads as that of traces.
    connector.consume(new OtlpView('metrics', spanBatch({ attributes: service, spans: [] })))
    expect(beat()).toEqual([`agent.heartbeat.timestamp{} ${at + 20}`])
    connector.consume(new OtlpView('logs', spanBatch({ attributes: service, spans: [] })))
    expect(beat()).toEqual([`agent.heartbeat.timestamp{} ${at + 30}`])
    connector.stop()
  })

  test('come at the interval, and not before there is anything to say', () => {
    const { send, lines, context } = rig({ metrics_flush_interval: '1s' })
    context.clock.advance(5_000)
    expect(lines()).toEqual([])
    send({ spans: [tool(1)] })
    expect(lines()).toEqual([])
    context.clock.advance(1_000)
    expect(lines('agent.tool.calls')).toHaveLength(1)
  })
})

interface Tree {
  kind: 'agent' | 'chat' | 'tool' | 'mcp' | 'other'
  failed: boolean
  children: Tree[]
}

describeWithData('otlp/generated-pb', () => {
  const folder = sharedData('otlp/generated-pb')
  test.each(readdirSync(folder).filter((name) => /-traces-|example-trace/.test(name)))(
    'takes %s, which is of no agent',
    (name) => {
      const all = rig()
      all.sendBytes(readFileSync(join(folder, name)), true)
      all.stop()
      expect(all.lines()).toEqual([])
      all.send({ attributes: service, spans: [tool(1)] })
      all.stop()
      expect(all.lines('agent.heartbeat')).toHaveLength(1)
    },
  )
})

describe('any traffic', () => {
  /** Traces of agents, tools, MCP and model calls, children first. */
  const node = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.record<Tree>({
      kind: fc.constantFrom<Tree['kind']>('agent', 'chat', 'tool', 'mcp', 'other'),
      failed: fc.boolean(),
      children: fc.oneof({ depthSize: 'small' }, fc.constant<Tree[]>([]), fc.array(tie('tree'), { maxLength: 3 })),
    }),
  })).tree
  const spansOf = (trees: readonly Tree[]): TestSpan[] => {
    let next = 1
    const make = { agent, chat, tool, mcp, other: (n: number, parent?: number) => span(n, parent) }
    const visit = (tree: Tree, parent: number | undefined, traceId: string): TestSpan[] => {
      const n = next++
      const own = make[tree.kind](n, parent)
      const inner = tree.children.flatMap((child) => visit(child, n, traceId))
      return [...inner, { ...own, traceId, ...(tree.failed ? { status: 2 } : {}) }]
    }
    return trees.flatMap((tree, index) => visit(tree, undefined, (index + 1).toString(16).padStart(32, '0')))
  }

  test('gives the same metrics as protobuf and as JSON, however it is cut into batches, and whatever is sent twice', () => {
    fc.assert(
      fc.property(
        fc.array(node, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(30), { maxLength: 5 }),
        (trees, cuts) => {
          const spans = spansOf(trees)
          const whole = rig()
          whole.send({ attributes: service, spans })
          whole.stop()
          const cut = rig()
          let from = 0
          for (const to of [...cuts.map((n) => Math.min(n, spans.length)).sort((a, b) => a - b), spans.length]) {
            if (to > from) cut.send({ attributes: service, spans: spans.slice(from, to) })
            if (to > from && to % 2 === 0) cut.send({ attributes: service, spans: spans.slice(from, to) })
            from = to
          }
          cut.stop()
          expect(cut.lines()).toEqual(whole.lines())
          const json = rig()
          json.sendBytes(
            jsonToProtobuf('traces', Buffer.from(JSON.stringify(spanBatchJson({ attributes: service, spans })))),
          )
          json.stop()
          expect(json.lines()).toEqual(whole.lines())
        },
      ),
      { numRuns: 200 },
    )
  })
})
