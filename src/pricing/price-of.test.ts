import { type MatchLogic, type ModelInfo, calcPrice, waitForUpdate } from '@pydantic/genai-prices'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRegistry } from '../../conventions/registry.ts'
import { MEMO_MODELS_MAX, type PricedCall, priceOf } from './price-of.ts'
import { findPriceList } from './price-table.ts'

const providers = (await waitForUpdate()) ?? []
const noon = Date.UTC(2026, 10, 21, 12)

/** Model names that a provider's table matches: the id and every operand of the match, with a date behind. */
const namesOf = (model: ModelInfo): string[] => {
  const operands = (match: MatchLogic): string[] =>
    'or' in match
      ? match.or.flatMap(operands)
      : 'and' in match
        ? match.and.flatMap(operands)
        : Object.entries(match).flatMap(([kind, text]) => (kind === 'regex' ? [] : [String(text)]))
  return [model.id, ...operands(model.match)].flatMap((name) => [
    name,
    `${name}-2026-01-01`,
    `${name}-20260101`,
    `us.${name}`,
  ])
}

const cases = providers.flatMap((provider) =>
  provider.models.flatMap((model) => namesOf(model).map((name) => ({ provider: provider.id, name }))),
)

/** What genai-prices itself says, in nanodollars; undefined when it knows no price per token or request. */
function reference(call: PricedCall, provider: string | undefined): number | undefined {
  const usage = {
    input_tokens: call.inputTokens,
    output_tokens: call.outputTokens,
    cache_read_tokens: call.cacheReadTokens,
    cache_write_tokens: call.cacheWriteTokens,
    output_reasoning_tokens: call.reasoningTokens,
  }
  const options = {
    timestamp: new Date(call.timestampMs),
    ...(provider === undefined ? {} : { providerId: provider }),
  }
  const price = calcPrice(usage, call.model, options)
  if (price === null) return undefined
  const keys = Object.keys(price.model_price)
  const free = keys.length === 0 && /free|moderation/.test(price.model.id)
  const billed = free || ['input_mtok', 'output_mtok', 'requests_kcount'].some((key) => keys.includes(key))
  return billed ? price.total_price * 1e9 : undefined
}

/** Where the two differ by more than a nanodollar, in words; undefined when they agree. */
function disagreement(call: PricedCall, provider: string | undefined): string | undefined {
  const expected = reference(call, provider)
  const actual = priceOf(call)?.nanoAmount
  const same = expected === undefined || actual === undefined ? expected === actual : Math.abs(actual - expected) <= 1
  return same ? undefined : `${provider ?? 'any'} ${call.model}: ${actual} instead of ${expected}`
}

const usages = fc
  .record({
    inputTokens: fc.oneof(fc.nat(2_000), fc.nat(1_000_000), fc.constantFrom(200_000, 200_001, 272_000, 272_001)),
    outputTokens: fc.nat(100_000),
    read: fc.double({ min: 0, max: 0.5, noNaN: true }),
    write: fc.double({ min: 0, max: 0.5, noNaN: true }),
    reasoning: fc.double({ min: 0, max: 1, noNaN: true }),
    timestampMs: fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2027, 11, 31) }),
  })
  .map(({ inputTokens, outputTokens, read, write, reasoning, timestampMs }) => ({
    inputTokens,
    outputTokens,
    cacheReadTokens: Math.floor(inputTokens * read),
    cacheWriteTokens: Math.floor(inputTokens * write),
    reasoningTokens: Math.floor(outputTokens * reasoning),
    timestampMs,
  }))

describe('priceOf equals genai-prices', () => {
  test('for every model and name, once', () => {
    const usage = {
      inputTokens: 210_000,
      outputTokens: 1_000,
      cacheReadTokens: 5_000,
      cacheWriteTokens: 700,
      reasoningTokens: 300,
    }
    let priced = 0
    for (const { provider, name } of cases) {
      const call = { ...usage, provider, model: name, timestampMs: noon }
      expect(disagreement(call, provider)).toBeUndefined()
      if (priceOf(call) !== undefined) priced += 1
    }
    expect(priced).toBeGreaterThan(5_000)
  })

  test('for any model and usage at any time', () => {
    fc.assert(
      fc.property(fc.constantFrom(...cases), usages, ({ provider, name }, usage) => {
        expect(disagreement({ ...usage, provider, model: name }, provider)).toBeUndefined()
      }),
      { numRuns: 3_000 },
    )
  })

  test('for prices that change with date or hour', () => {
    const changing = providers.flatMap((provider) =>
      provider.models
        .filter((model) => Array.isArray(model.prices))
        .map((model) => ({ provider: provider.id, model: model.id })),
    )
    expect(changing.length).toBeGreaterThan(5)
    fc.assert(
      fc.property(fc.constantFrom(...changing), usages, ({ provider, model }, usage) => {
        expect(disagreement({ ...usage, provider, model }, provider)).toBeUndefined()
      }),
      { numRuns: 1_000 },
    )
  })

  test('without a provider', () => {
    fc.assert(
      fc.property(fc.constantFrom(...cases), usages, ({ name }, usage) => {
        expect(disagreement({ ...usage, model: name }, undefined)).toBeUndefined()
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('priceOf', () => {
  const usage = { inputTokens: 1_000, outputTokens: 100, timestampMs: noon }
  const cost = (call: Partial<PricedCall>): number | undefined =>
    priceOf({ model: 'gpt-4o-mini', ...usage, ...call })?.nanoAmount

  test('gives exact money, without float noise', () => {
    expect(
      priceOf({ provider: 'openai', model: 'gpt-4o-mini', inputTokens: 2_000, outputTokens: 200, timestampMs: noon }),
    ).toEqual({
      amount: 0.00042,
      nanoAmount: 420_000,
      currency: 'USD',
      tableVersion: expect.stringMatching(/^genai-prices-\d+\.\d+\.\d+$/),
    })
  })

  test.each([
    { provider: 'openai', model: 'no-such-model' },
    { provider: 'openai', model: '' },
    { provider: 'openai', model: 'x'.repeat(100_000) },
    { provider: 'no-such-provider', model: 'gpt-4o-mini' },
    { provider: 'ollama', model: 'llama3' },
    { provider: 'openai', model: 'whisper-1' },
    { provider: 'openai', model: 'gpt-4o-mini', inputTokens: Number.NaN, outputTokens: Infinity },
  ])('is undefined, not 0, for what it does not know: $provider $model', (call) => {
    expect(cost(call)).toBeUndefined()
  })

  test('knows a free model from an unknown one', () => {
    const free = providers.find(({ id }) => id === 'openrouter')?.models.find(({ id }) => id.endsWith(':free'))
    expect(cost({ provider: 'openrouter', model: free?.id ?? '' })).toBe(0)
  })

  test('cached tokens that are counted beside the input cost the same as within it', () => {
    const within = cost({ model: 'claude-sonnet-4-5', inputTokens: 1_100, cacheReadTokens: 900, cacheWriteTokens: 100 })
    const beside = cost({ model: 'claude-sonnet-4-5', inputTokens: 100, cacheReadTokens: 900, cacheWriteTokens: 100 })
    expect(beside).toBe(within)
    expect(within).toBeGreaterThan(0)
  })

  test('flex and batch cost half, priority is known for new OpenAI models only', () => {
    const standard = cost({ provider: 'openai', model: 'gpt-5' }) ?? 0
    expect(cost({ provider: 'openai', model: 'gpt-5', serviceTier: 'default' })).toBe(standard)
    expect(cost({ provider: 'openai', model: 'gpt-5', serviceTier: 'flex' })).toBe(standard / 2)
    expect(cost({ provider: 'openai', model: 'gpt-5', serviceTier: 'priority' })).toBe(standard * 2)
    expect(cost({ provider: 'openai', model: 'gpt-4o', serviceTier: 'priority' })).toBeUndefined()
  })

  test('every provider of the conventions has a table, but for IBM', () => {
    const names =
      readRegistry('conventions').attributes.find(({ key }) => key === 'gen_ai.provider.name')?.members ?? []
    const models: Record<string, string> = {
      anthropic: 'claude-sonnet-4-5',
      'aws.bedrock': 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      cohere: 'command-r-plus',
      deepseek: 'deepseek-chat',
      groq: 'llama-3.3-70b-versatile',
      mistral_ai: 'mistral-large-latest',
      moonshot_ai: 'kimi-k2-0905-preview',
      perplexity: 'sonar',
      x_ai: 'grok-4',
      'gcp.gemini': 'gemini-2.5-flash',
      'gcp.gen_ai': 'gemini-2.5-flash',
      'gcp.vertex_ai': 'gemini-2.5-flash',
      openai: 'gpt-5',
      'azure.ai.openai': 'gpt-5',
      'azure.ai.inference': 'gpt-5',
    }
    const unpriced = names.filter((provider) => cost({ provider, model: models[provider] ?? 'none' }) === undefined)
    expect(unpriced).toEqual(['ibm.watsonx.ai'])
  })

  test('an untrusted stream of model names does not change what is answered', () => {
    const before = cost({ provider: 'openai' })
    for (let index = 0; index <= MEMO_MODELS_MAX * 2; index += 1)
      cost({ provider: 'openai', model: `made-up-${index}` })
    expect(cost({ provider: 'openai' })).toBe(before)
  })
})

test('a price list is found by name however it is written', () => {
  for (const name of ['GPT-4O-mini', ' gpt-4o-mini ', 'gpt-4o-mini-2024-07-18', 'gpt-4o-mini-20240718'])
    expect(findPriceList('openai', name)).toEqual(findPriceList('openai', 'gpt-4o-mini'))
})
