import type { AttributeValue } from '../../src/otlp/edits.ts'
import type { EmbeddedStore } from '../../src/store/embedded-store.ts'
import { pointBatch } from './point-batch.ts'
import type { TestPoint } from './point-batch.ts'
import { spanBatch } from './span-batch.ts'
import type { TestSpan } from './span-batch.ts'

/** What a morning with a support agent leaves in the store: runs of the last hour, the five metrics, one run that fails and one that still runs. */
export function fillStore(store: EmbeddedStore, nowMs: number): { readonly failedTraceId: string } {
  const random = seeded(7)
  const runs = Array.from({ length: RUNS }, (_, i) => nowMs - (RUNS - i) * 78_000 + Math.floor(random() * 30_000))
  runs.forEach((startMs, i) => {
    const isLast = i === RUNS - 1
    const spans = supportRun(i + 1, startMs, random, i % 11 === 7)
    // The last run still works: its agent span has not ended.
    writeSpans(store, isLast ? spans.slice(1) : spans)
  })
  const failedTraceId = id(RUNS + 1, 32)
  writeSpans(store, failedRun(failedTraceId, nowMs - 95_000))
  writeMetrics(store, nowMs, random)
  return { failedTraceId }
}

const RUNS = 44
const MODELS = ['gpt-5.2', 'claude-sonnet-5'] as const
const TOOLS = ['lookup_order', 'search_docs', 'refund', 'post_reply'] as const

const id = (n: number, digits: number): string => n.toString(16).padStart(digits, '0')

/** The same numbers on every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function writeSpans(store: EmbeddedStore, spans: readonly TestSpan[]): void {
  const attributes = {
    'service.name': 'support-agent',
    'service.version': '2.3.1',
    'deployment.environment.name': 'production',
  }
  store.write('traces', spanBatch({ attributes, spans }))
}

function supportRun(n: number, startMs: number, random: () => number, isTriage: boolean): TestSpan[] {
  const traceId = id(n, 32)
  const steps = 1 + Math.floor(random() * 3)
  const spans: TestSpan[] = []
  let atMs = startMs + 20
  for (let step = 0; step < steps; step++) {
    const modelMs = 600 + random() * 1800
    const model = MODELS[Math.floor(random() * MODELS.length)] ?? MODELS[0]
    spans.push(
      modelCall(
        traceId,
        10 + step * 2,
        atMs,
        modelMs,
        model,
        400 + Math.floor(random() * 3000),
        40 + Math.floor(random() * 400),
      ),
    )
    atMs += modelMs + 5
    if (step === steps - 1) break
    const toolMs = 60 + random() * 700
    const tool = TOOLS[Math.floor(random() * TOOLS.length)] ?? TOOLS[0]
    spans.push(toolCall(traceId, 11 + step * 2, atMs, toolMs, tool))
    atMs += toolMs + 5
  }
  return [agentSpan(traceId, startMs, atMs - startMs, isTriage ? 'triage' : 'support', n), ...spans]
}

function agentSpan(traceId: string, startMs: number, lengthMs: number, name: string, n: number): TestSpan {
  return {
    traceId,
    spanId: id(1, 16),
    name: `invoke_agent ${name}`,
    startMs,
    endMs: startMs + lengthMs,
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': name,
      'gen_ai.conversation.id': `ticket-${1000 + n}`,
    },
  }
}

function modelCall(
  traceId: string,
  n: number,
  startMs: number,
  lengthMs: number,
  model: string,
  input: number,
  output: number,
  more: Readonly<Record<string, AttributeValue>> = {},
): TestSpan {
  return {
    traceId,
    spanId: id(n, 16),
    parentSpanId: id(1, 16),
    name: `chat ${model}`,
    kind: 3,
    startMs,
    endMs: startMs + lengthMs,
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': model.startsWith('gpt') ? 'openai' : 'anthropic',
      'gen_ai.request.model': model,
      'gen_ai.usage.input_tokens': input,
      'gen_ai.usage.output_tokens': output,
      'gen_ai.response.finish_reasons': ['stop'],
      'spanwarden.cost.amount': input * 1.25e-6 + output * 1e-5,
      'spanwarden.cost.currency': 'USD',
      'server.address': model.startsWith('gpt') ? 'api.openai.com' : 'api.anthropic.com',
      ...(n % 4 === 2 ? { 'spanwarden.redaction.count': 2, 'spanwarden.redaction.rules': ['email', 'phone'] } : {}),
      ...more,
    },
  }
}

const toolCall = (
  traceId: string,
  n: number,
  startMs: number,
  lengthMs: number,
  tool: string,
  more: Partial<TestSpan> = {},
): TestSpan => ({
  traceId,
  spanId: id(n, 16),
  parentSpanId: id(1, 16),
  name: `execute_tool ${tool}`,
  startMs,
  endMs: startMs + lengthMs,
  ...more,
  attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': tool, ...more.attributes },
})

/** The run that the waterfall is looked at with: content, redactions, an MCP call inside a tool, a tool that times out and a retry. */
function failedRun(traceId: string, startMs: number): TestSpan[] {
  const input = [
    {
      role: 'user',
      parts: [
        {
          type: 'text',
          content:
            'Hello, my order never came. I am [REDACTED:EMAIL], card [REDACTED:CREDIT_CARD]. Can I have my money back?',
        },
      ],
    },
  ]
  const call = { type: 'tool_call', id: 'call_1', name: 'refund', arguments: { order: 'A-1042', amount: 59.9 } }
  const output = [
    {
      role: 'assistant',
      parts: [{ type: 'text', content: 'I am sorry to hear that. Let me refund the order.' }, call],
      finish_reason: 'tool_call',
    },
  ]
  const content = {
    'gen_ai.system_instructions': JSON.stringify([
      { type: 'text', content: 'You are the support agent of a small shop. Be brief.' },
    ]),
    'gen_ai.input.messages': JSON.stringify(input),
    'gen_ai.output.messages': JSON.stringify(output),
    'spanwarden.redaction.count': 2,
    'spanwarden.redaction.rules': ['credit_card', 'email'],
  }
  const refund = { 'gen_ai.tool.call.arguments': JSON.stringify(call.arguments), 'error.type': 'timeout' }
  const mcp = {
    'mcp.method.name': 'tools/call',
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'refund',
    'error.type': 'timeout',
  }
  const times = { startMs: startMs + 2250, endMs: startMs + 12_250 }
  const failed = { status: 2 }
  return [
    {
      ...agentSpan(traceId, startMs, 24_400, 'support', 50),
      ...failed,
      attributes: { ...agentSpan(traceId, 0, 0, 'support', 50).attributes, 'error.type': 'timeout' },
    },
    toolCall(traceId, 2, startMs + 15, 180, 'lookup_order'),
    modelCall(traceId, 3, startMs + 210, 2020, 'gpt-5.2', 1840, 212, content),
    toolCall(traceId, 4, times.startMs, 10_000, 'refund', { ...failed, attributes: refund }),
    {
      traceId,
      spanId: id(5, 16),
      parentSpanId: id(4, 16),
      name: 'tools/call refund',
      kind: 3,
      startMs: times.startMs + 10,
      endMs: times.endMs - 5,
      ...failed,
      attributes: mcp,
    },
    modelCall(traceId, 6, startMs + 12_260, 1710, 'gpt-5.2', 2110, 64, {
      'gen_ai.response.finish_reasons': ['tool_calls'],
    }),
    toolCall(traceId, 7, startMs + 13_980, 10_000, 'refund', { ...failed, attributes: refund }),
    {
      traceId,
      spanId: id(8, 16),
      parentSpanId: id(7, 16),
      name: 'tools/call refund',
      kind: 3,
      startMs: startMs + 13_990,
      endMs: startMs + 23_975,
      ...failed,
      attributes: mcp,
    },
    {
      traceId,
      spanId: id(9, 16),
      parentSpanId: id(7, 16),
      name: 'POST',
      kind: 3,
      startMs: startMs + 13_995,
      endMs: startMs + 23_970,
      ...failed,
      attributes: { 'error.type': 'timeout', 'http.request.method': 'POST', 'server.address': 'payments.internal' },
    },
  ]
}

const EVERY_MS = 10_000
const BOUNDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 120, 300, 600]

function writeMetrics(store: EmbeddedStore, nowMs: number, random: () => number): void {
  const startMs = nowMs - 3_600_000
  const buckets = Array.from({ length: BOUNDS.length + 1 }, () => 0)
  const sums = new Map<string, number>()
  const grow = (metric: string, by: number, attributes: Record<string, string>, timeMs: number): TestPoint => {
    const key = JSON.stringify([metric, attributes])
    sums.set(key, (sums.get(key) ?? 0) + by)
    return { metric, value: sums.get(key) ?? 0, attributes, timeMs, startMs }
  }
  for (let timeMs = startMs + EVERY_MS; timeMs <= nowMs; timeMs += EVERY_MS) {
    const part = (timeMs - startMs) / 3_600_000
    const load = 0.6 + 0.4 * Math.sin(part * 9)
    if (random() < load) bump(buckets, part > 0.97 && random() < 0.5 ? 9 : 4 + Math.floor(random() * 2))
    const model = MODELS[Math.floor(random() * 2)] ?? MODELS[0]
    const tool = TOOLS[Math.floor(random() * TOOLS.length)] ?? TOOLS[0]
    const tokens = { 'gen_ai.request.model': model }
    store.write(
      'metrics',
      pointBatch([
        {
          metric: 'agent.request.latency',
          kind: 'histogram',
          value: 1,
          buckets: [...buckets],
          bounds: BOUNDS,
          max: 24.4,
          timeMs,
          startMs,
          attributes: { 'gen_ai.agent.name': 'support' },
        },
        {
          metric: 'agent.error.rate',
          kind: 'gauge',
          value: part > 0.9 ? 0.021 : 0.004 + random() * 0.002,
          timeMs,
          attributes: { 'gen_ai.agent.name': 'support' },
        },
        {
          metric: 'agent.queue.depth',
          kind: 'gauge',
          value: Math.round(3 + 9 * load + random() * 4),
          timeMs,
          attributes: { 'spanwarden.queue.name': 'inbox' },
        },
        grow(
          'agent.tool.calls',
          random() < load ? 1 : 0,
          { 'gen_ai.tool.name': tool, 'spanwarden.result': 'ok' },
          timeMs,
        ),
        grow(
          'agent.tool.calls',
          part > 0.9 && random() < 0.2 ? 1 : 0,
          { 'gen_ai.tool.name': 'refund', 'spanwarden.result': 'error' },
          timeMs,
        ),
        grow(
          'agent.tokens.used',
          Math.round(load * 900 * random()),
          { ...tokens, 'spanwarden.token.type': 'input' },
          timeMs,
        ),
        grow(
          'agent.tokens.used',
          Math.round(load * 120 * random()),
          { ...tokens, 'spanwarden.token.type': 'output' },
          timeMs,
        ),
        grow('agent.cost', load * 0.004 * random(), tokens, timeMs),
      ]),
    )
  }
}

function bump(counts: number[], i: number): void {
  counts[i] = (counts[i] ?? 0) + 1
}
