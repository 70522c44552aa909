import { type MatchLogic, type ModelInfo, calcPrice, waitForUpdate } from '@pydantic/genai-prices'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRegistry } from '../../conventions/registry.ts'
import { MEMO_MODELS_MAX, type PricedCall, priceOf } from './price-of.ts'
import { findModel } from './price-table.ts'
import { UNITS } from './units.ts'

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

/** `input_audio_mtok` → `input_audio_tokens`, `web_searches_kcount` → `web_searches`. */
const usageKey = (priceKey: string): string => priceKey.replace(/_mtok$/, '_tokens').replace(/_kcount$/, '')

/** What genai-prices itself says, in nanodollars; undefined when it knows no price per token or request. */
function reference(call: PricedCall, provider: string | undefined): number | undefined {
  const usage = Object.fromEntries(
    UNITS.flatMap(({ count, key }) => (count === undefined ? [] : [[usageKey(key), call[count]]])),
  )
  const options = {
    timestamp: new Date(call.timestampMs),
    ...(provider === undefined ? {} : { providerId: provider }),
  }
  const price = calcPrice(usage, call.model, options)
  if (price === null) {
    const [, vendor, rest] = /^([^/]+)\/([^/]+)$/.exec(call.model) ?? []
    const named = provider === undefined && vendor !== undefined && rest !== undefined
    return named ? reference({ ...call, model: rest }, vendor) : undefined
  }
  const keys = Object.keys(price.model_price)
  const free = keys.length === 0 && /free|moderation/.test(price.model.id)
  // Stricter than genai-prices, which takes the price of five minutes in a cache for that of an hour.
  if ((call.cacheWrite1hTokens ?? 0) > 0 && keys.includes('cache_write_mtok') && !keys.includes('cache_write_1h_mtok'))
    return undefined
  const billed = free || ['input_mtok', 'output_mtok', 'requests_kcount'].some((key) => keys.includes(key))
  return billed ? price.total_price * 1e9 : undefined
}

/** Where the two differ by more than a nanodollar, in words; undefined when they agree. */
function disagreement(call: PricedCall, provider: string | undefined): string | undefined {
  const expected = reference(call, provider)
  const actual = priceOf(call)?.nanoAmount
  const same =
    expected === undefined || actual === undefined
      ? expected === actual
      : Math.abs(actual - expected) <= 0.5 + 1e-9 * expected
  return same ? undefined : `${provider ?? 'any'} ${call.model}: ${actual} instead of ${expected}`
}

const share = fc.double({ min: 0, max: 0.25, noNaN: true })

/** Usage as a provider counts it: parts are inside their whole and do not overlap but where it is said. */
const usages = fc
  .record({
    inputTokens: fc.oneof(fc.nat(2_000), fc.nat(1_000_000), fc.constantFrom(200_000, 200_001, 272_000, 272_001)),
    outputTokens: fc.nat(100_000),
    shares: fc.array(share, { minLength: 12, maxLength: 12 }),
    searches: fc.nat(9),
    detailed: fc.boolean(),
    timestampMs: fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2027, 11, 31) }),
  })
  .map(({ inputTokens, outputTokens, shares, searches, detailed, timestampMs }) => {
    const part = (whole: number, index: number): number => Math.floor(whole * (shares[index] ?? 0))
    const cacheReadTokens = part(inputTokens, 0)
    const cacheWriteTokens = part(inputTokens, 1)
    const plain = { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, timestampMs }
    const reasoningTokens = part(outputTokens, 2)
    if (!detailed) return { ...plain, reasoningTokens }
    const audioCacheReadTokens = part(cacheReadTokens, 3)
    const imageCacheReadTokens = part(cacheReadTokens, 4)
    return {
      ...plain,
      reasoningTokens,
      cacheWrite1hTokens: part(cacheWriteTokens, 5),
      audioCacheReadTokens,
      imageCacheReadTokens,
      audioInputTokens: audioCacheReadTokens + part(inputTokens / 2, 6),
      imageInputTokens: imageCacheReadTokens + part(inputTokens / 2, 7),
      videoInputTokens: part(inputTokens / 2, 8),
      audioOutputTokens: part(outputTokens, 9),
      imageOutputTokens: part(outputTokens, 10),
      citationTokens: part(outputTokens, 11),
      webSearches: searches,
      fileSearches: searches,
    }
  })

describe('priceOf equals genai-prices', () => {
  test('for every model and name, once', () => {
    const usage = {
      inputTokens: 210_000,
      outputTokens: 1_000,
      cacheReadTokens: 5_000,
      cacheWriteTokens: 700,
      cacheWrite1hTokens: 400,
      reasoningTokens: 300,
      audioInputTokens: 2_000,
      audioCacheReadTokens: 500,
      imageInputTokens: 1_000,
      imageCacheReadTokens: 100,
      videoInputTokens: 100,
      audioOutputTokens: 100,
      imageOutputTokens: 200,
      videoOutputTokens: 100,
      citationTokens: 50,
      webSearches: 2,
      fileSearches: 1,
    }
    let priced = 0
    for (const { provider, name } of cases) {
      const call = { ...usage, provider, model: name, timestampMs: noon }
      expect(disagreement(call, provider)).toBeUndefined()
      const fiveMinutes = { ...call, cacheWrite1hTokens: 0 }
      expect(disagreement(fiveMinutes, provider)).toBeUndefined()
      if (priceOf(fiveMinutes) !== undefined) priced += 1
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

  test.each([
    ['five minutes', { cacheWriteTokens: 500 }, 500 * 3_750],
    ['an hour', { cacheWriteTokens: 500, cacheWrite1hTokens: 500 }, 500 * 6_000],
    ['both', { cacheWriteTokens: 500, cacheWrite1hTokens: 200 }, 300 * 3_750 + 200 * 6_000],
    ['an hour, and no sum of both', { cacheWrite1hTokens: 200 }, 200 * 6_000 + 300 * 3_000],
  ])('tokens in a cache for %s', (_time, tokens, nano) => {
    const call = { provider: 'anthropic', model: 'claude-sonnet-4-5', inputTokens: 1_000, outputTokens: 0, ...tokens }
    expect(cost(call)).toBe(nano + 500 * 3_000)
  })

  test('is undefined where the counts or the table do not say which price a token has', () => {
    const flash = { provider: 'gcp.gemini', model: 'gemini-2.5-flash' }
    const overlap = { ...flash, cacheReadTokens: 500, audioInputTokens: 500 }
    expect(cost(overlap)).toBeUndefined()
    expect(cost({ ...overlap, audioCacheReadTokens: 100 })).toBeGreaterThan(0)
    expect(cost({ ...overlap, cacheReadTokens: 0 })).toBeGreaterThan(0)
    const bedrock = { provider: 'aws.bedrock', model: 'global.anthropic.claude-sonnet-4-5-20250929-v1:0' }
    expect(cost({ ...bedrock, cacheWriteTokens: 10 })).toBeGreaterThan(0)
    expect(cost({ ...bedrock, cacheWriteTokens: 10, cacheWrite1hTokens: 10 })).toBeUndefined()
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
    expect(findModel('openai', name)).toEqual(findModel('openai', 'gpt-4o-mini'))
})
