import { describe, expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import { spanBatch, type TestSpan } from '../../../test/support/span-batch.ts'
import { Edits } from '../../otlp/edits.ts'
import { SpanReader, spanNodes, wireId } from '../../otlp/span-reader.ts'
import { OtlpView } from '../../otlp/view.ts'
import { cost } from './cost.ts'

/** Runs the processor over spans; gives each span's cost attributes as `amount currency source version`, or '-'. */
function check(...spans: Omit<TestSpan, 'spanId'>[]) {
  const context = testContext('cost')
  const processor = cost.create({}, context)
  const batch = spanBatch({ spans: spans.map((span, index) => ({ ...span, spanId: `00000000000000${10 + index}` })) })
  const run = (bytes: Buffer): Buffer => {
    const view = new OtlpView('traces', bytes)
    const edits = new Edits(view)
    processor.process(view, edits)
    return edits.apply()
  }
  const once = run(batch)
  return { costs: costsOf(once), counters: Object.fromEntries(context.counters), once, twice: run(once) }
}

function costsOf(bytes: Buffer): string[] {
  const view = new OtlpView('traces', bytes)
  const reader = new SpanReader(view)
  return [...spanNodes(view)].map((span) => {
    reader.readSpan(span)
    const amount = reader.number(wireId('spanwarden.cost.amount'))
    const texts = ['spanwarden.cost.currency', 'spanwarden.cost.source', 'spanwarden.price_table.version'].map((key) =>
      reader.text(wireId(key)),
    )
    return amount === undefined ? '-' : [amount, ...texts].join(' ').trimEnd()
  })
}

const chat = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o-mini',
  'gen_ai.usage.input_tokens': 2_000,
  'gen_ai.usage.output_tokens': 200,
}
const priced = '0.00042 USD sidecar genai-prices-0.1.8'

describe('cost', () => {
  test('is added to a model call, and only once', () => {
    const { costs, counters, once, twice } = check({ attributes: chat })
    expect(costs).toEqual([priced])
    expect(twice.equals(once)).toBe(true)
    expect(counters['otelcol_processor_cost_priced_spans{processor="cost"}']).toBe(1)
  })

  test.each(['constructor', '__proto__', 'toString'])('is never made up for a provider named %s', (provider) => {
    const tier = { 'openai.response.service_tier': 'priority' }
    expect(check({ attributes: { ...chat, ...tier, 'gen_ai.provider.name': provider } }).costs).toEqual(['-'])
  })

  test('numbers of tokens that no call has cost nothing', () => {
    const tokens = { 'gen_ai.usage.input_tokens': 1e300, 'gen_ai.usage.output_tokens': 0 }
    expect(check({ attributes: { ...chat, ...tokens } }).costs).toEqual(['0 USD sidecar genai-prices-0.1.8'])
  })

  test.each([
    [
      'old OpenTelemetry',
      {
        'gen_ai.system': 'openai',
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'gpt-4o-mini',
        'gen_ai.usage.prompt_tokens': 2_000,
        'gen_ai.usage.completion_tokens': 200,
      },
    ],
    [
      'OpenInference',
      {
        'openinference.span.kind': 'LLM',
        'llm.provider': 'openai',
        'llm.model_name': 'gpt-4o-mini',
        'llm.token_count.prompt': 2_000,
        'llm.token_count.completion': 200,
      },
    ],
    [
      'AI SDK',
      {
        'ai.operationId': 'ai.generateText.doGenerate',
        'ai.model.provider': 'openai.chat',
        'ai.model.id': 'gpt-4o-mini',
        'ai.usage.promptTokens': 2_000,
        'ai.usage.completionTokens': 200,
      },
    ],
    ['tokens as text', { ...chat, 'gen_ai.usage.input_tokens': '2000' }],
    [
      'no provider',
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'gpt-4o-mini',
        'gen_ai.usage.input_tokens': 2_000,
        'gen_ai.usage.output_tokens': 200,
      },
    ],
    ['a router answers with a name of its own', { ...chat, 'gen_ai.response.model': 'our-deployment' }],
    [
      'the model that answered is billed',
      { ...chat, 'gen_ai.request.model': 'gpt-5', 'gen_ai.response.model': 'gpt-4o-mini-2024-07-18' },
    ],
    ['today wins over a dialect', { 'gen_ai.usage.prompt_tokens': 9, ...chat }],
  ])('reads %s', (_name, attributes) => {
    expect(check({ attributes }).costs).toEqual([priced])
  })

  test('stands as it came, under its old names too', () => {
    expect(
      check({ attributes: { ...chat, 'spanwarden.cost.amount': 7.5, 'spanwarden.cost.source': 'provider' } }).costs,
    ).toEqual(['7.5  provider'])
    const foreign = check({ attributes: { ...chat, 'gen_ai.usage.cost': 7.5 } })
    expect(foreign.costs).toEqual(['7.5'])
    expect(foreign.counters['otelcol_processor_cost_priced_spans{processor="cost"}']).toBe(0)
  })

  test('is never 0 for an unknown model, which is counted', () => {
    const { costs, counters } = check({ attributes: { ...chat, 'gen_ai.request.model': 'made-up' } })
    expect(costs).toEqual(['-'])
    expect(counters['otelcol_processor_cost_unknown_model_spans{processor="cost"}']).toBe(1)
  })

  test.each(['invoke_agent', 'execute_tool', 'invoke_workflow', 'fetch_response', 'agent_step'])(
    'is not added to %s, whose tokens are sums of others',
    (operation) => {
      expect(check({ attributes: { ...chat, 'gen_ai.operation.name': operation } }).costs).toEqual(['-'])
    },
  )

  test('is not added without tokens', () => {
    const { costs, counters } = check({
      attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o-mini' },
    })
    expect([costs, counters['otelcol_processor_cost_unknown_model_spans{processor="cost"}']]).toEqual([['-'], 0])
  })

  test('depends on when the call was made', () => {
    const o3 = { ...chat, 'gen_ai.request.model': 'o3' }
    const [before, after] = check(
      { attributes: o3, startMs: Date.UTC(2025, 4, 1), endMs: Date.UTC(2025, 4, 1) },
      { attributes: o3, startMs: Date.UTC(2026, 4, 1), endMs: Date.UTC(2026, 4, 1) },
    ).costs.map((text) => Number(text.split(' ')[0]))
    expect(before).toBe(0.028)
    expect(after).toBe(0.0056)
  })
})
