import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import { spanBatch, type TestSpan } from '../../../test/support/span-batch.ts'
import { Edits } from '../../otlp/edits.ts'
import { SpanReader, spanNodes, wireId } from '../../otlp/span-reader.ts'
import { OtlpView } from '../../otlp/view.ts'
import { PRICE_FILE_BYTES_MAX } from '../../pricing/price-file.ts'
import { cost } from './cost.ts'

/** Runs the processor over spans; gives each span's cost attributes as `amount currency source version`, or '-'. */
const check = (...spans: Omit<TestSpan, 'spanId'>[]) => checkWith('', ...spans)

function checkWith(pricesFile: string, ...spans: Omit<TestSpan, 'spanId'>[]) {
  const context = testContext('cost')
  const processor = cost.create({ prices_file: pricesFile }, context)
  const batch = spanBatch({ spans: spans.map((span, index) => ({ ...span, spanId: `00000000000000${10 + index}` })) })
  const run = (bytes: Buffer): Buffer => {
    const view = new OtlpView('traces', bytes)
    const edits = new Edits(view)
    processor.process(view, edits)
    return edits.apply()
  }
  const once = run(batch)
  return {
    costs: costsOf(once),
    counters: Object.fromEntries(context.counters),
    once,
    twice: run(once),
    logged: context.logged,
  }
}

function costsOf(bytes: Buffer): string[] {
  const view = new OtlpView('traces', bytes)
  const reader = new SpanReader(view)
  return [...spanNodes(view)].map((span) => {
    reader.readSpan(span)
    const amount = reader.number(wireId('spanwarden.cost.amount'))
    const sources = view.bytes.toString('latin1').split('spanwarden.cost.source').length - 1
    expect(sources, 'a source twice on a span').toBeLessThanOrEqual([...spanNodes(view)].length)
    const texts = ['spanwarden.cost.currency', 'spanwarden.cost.source', 'spanwarden.price_table.version'].map((key) =>
      reader.text(wireId(key)),
    )
    return [amount ?? '-', ...texts].join(' ').trimEnd()
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
const unknown = '-  unknown'

describe('cost', () => {
  test('is added to a model call, and only once', () => {
    const { costs, counters, once, twice } = check({ attributes: chat })
    expect(costs).toEqual([priced])
    expect(twice.equals(once)).toBe(true)
    expect(counters['otelcol_processor_cost_priced_spans{processor="cost"}']).toBe(1)
  })

  test.each(['constructor', '__proto__', 'toString'])('is never made up for a provider named %s', (provider) => {
    const tier = { 'openai.response.service_tier': 'priority' }
    expect(check({ attributes: { ...chat, ...tier, 'gen_ai.provider.name': provider } }).costs).toEqual([unknown])
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
    const { costs, counters, once, twice } = check({ attributes: { ...chat, 'gen_ai.request.model': 'made-up' } })
    expect(costs).toEqual([unknown])
    expect(twice.equals(once)).toBe(true)
    expect(counters['otelcol_processor_cost_unknown_model_spans{processor="cost"}']).toBe(1)
  })

  test('that the SDK did not know is priced here, or stays unknown', () => {
    const source = { 'spanwarden.cost.source': 'unknown' }
    const { costs, once, twice } = check(
      { attributes: { ...chat, ...source } },
      { attributes: { ...chat, ...source, 'gen_ai.request.model': 'made-up' } },
    )
    expect(costs).toEqual([priced, unknown])
    expect(twice.equals(once)).toBe(true)
  })

  test('counts every unit that a span names', () => {
    const cache = {
      'gen_ai.usage.cache_write.input_tokens': 1_000,
      'spanwarden.usage.cache_write_1h.input_tokens': 400,
    }
    const claude = { ...chat, 'gen_ai.provider.name': 'anthropic', 'gen_ai.request.model': 'claude-sonnet-4-5' }
    const gemini = { ...chat, 'gen_ai.provider.name': 'gcp.gemini', 'gen_ai.request.model': 'gemini-2.5-flash' }
    const image = { ...chat, 'gen_ai.request.model': 'gpt-image-1', 'gen_ai.usage.output_tokens': 0 }
    const amounts = check(
      { attributes: { ...claude, ...cache, 'spanwarden.usage.web_searches': 2 } },
      { attributes: { ...claude, 'spanwarden.service_tier': 'batch' } },
      { attributes: { ...gemini, 'gen_ai.usage.audio.input_tokens': 500 } },
      { attributes: { ...image, 'gen_ai.usage.image.input_tokens': 500 } },
    ).costs.map((text) => Number(text.split(' ')[0]))
    expect(amounts).toEqual([
      (1_000 * 3 + 600 * 3.75 + 400 * 6 + 200 * 15) / 1e6 + 0.02,
      (2_000 * 3 + 200 * 15) / 2e6,
      (1_500 * 0.3 + 500 * 1 + 200 * 2.5) / 1e6,
      (1_500 * 5 + 500 * 10) / 1e6,
    ])
  })

  test('in a tier without an established price is unknown', () => {
    for (const key of ['openai.response.service_tier', 'spanwarden.service_tier'])
      expect(check({ attributes: { ...chat, [key]: 'scale' } }).costs).toEqual([unknown])
  })

  describe('by a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'spanwarden-prices-'))
    const fileOf = (text: string): string => {
      const path = join(folder, 'prices.json')
      writeFileSync(path, text)
      return path
    }

    test('comes before the table; for others the table counts', () => {
      const own = { model: 'our-*', usd_per_million: { input: 1, output: 2 } }
      const { costs, logged } = checkWith(
        fileOf(JSON.stringify({ version: '7', prices: [own] })),
        { attributes: { ...chat, 'gen_ai.request.model': 'our-model', 'spanwarden.cost.source': 'unknown' } },
        { attributes: chat },
      )
      expect(costs).toEqual(['0.0024 USD sidecar file-7', priced])
      expect(logged).toEqual([])
    })

    test.each([
      ['is missing', () => join(folder, 'nowhere.json'), "can't be read (ENOENT)"],
      ['is too large', () => fileOf(' '.repeat(PRICE_FILE_BYTES_MAX + 1)), 'is larger than 4194304 bytes'],
      ['is no JSON', () => fileOf('{ canary'), 'is no JSON'],
      ['has faults', () => fileOf('{"prices":[{"model":"m"}]}'), 'prices[0].usd_per_million is to be an object'],
    ])('that %s: the table counts, and a line says so', (_name, path, problem) => {
      const { costs, logged } = checkWith(path(), { attributes: chat })
      expect(costs).toEqual([priced])
      expect(logged.map(({ level }) => level)).toEqual(['error'])
      expect(JSON.stringify(logged)).toContain(problem)
      expect(JSON.stringify(logged)).not.toContain('canary')
    })
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
