import { describe, expect, test } from 'vitest'
import { costAttributes, type CostedCall, type TokenUsage, usageAttributes } from './model-usage.ts'

const usage: TokenUsage = {
  inputTokens: 2_000,
  outputTokens: 200,
  cacheReadTokens: undefined,
  cacheWriteTokens: undefined,
  reasoningTokens: undefined,
}

/** The cost attributes of a call as `amount currency source version`. */
function cost(more: Partial<TokenUsage>, call: Partial<CostedCall> = {}): string {
  const timestampMs = Date.UTC(2026, 10, 21)
  const standard = { provider: 'openai', models: ['gpt-4o-mini'], serviceTier: undefined, timestampMs }
  const attributes = costAttributes({ ...standard, usage: { ...usage, ...more }, ...call })
  const keys = ['cost.amount', 'cost.currency', 'cost.source', 'price_table.version']
  expect(Object.keys(attributes).filter((key) => !keys.includes(key.replace('spanwarden.', '')))).toEqual([])
  return keys.map((key) => attributes[`spanwarden.${key}`] ?? '-').join(' ')
}
const priced = (amount: number): string => `${amount} USD local genai-prices-0.1.8`
const unknown = '- - unknown -'

describe('the cost of a call', () => {
  test('is the provider’s own where it tells one', () => {
    expect(cost({ costUsd: 0.7 })).toBe('0.7 USD provider -')
    expect(cost({ costUsd: 0.7 }, { models: ['made-up'] })).toBe('0.7 USD provider -')
    expect(cost({ costUsd: 0 })).toBe('0 USD provider -')
    // A gateway that lies must not refill a budget, nor make a sum infinite.
    for (const costUsd of [-1e300, -0.01, 1.7e308]) expect(cost({ costUsd })).toBe(cost({}))
  })

  test('is that of the model that answered, else of the one asked for', () => {
    expect(cost({}, { models: ['gpt-4o-mini', 'gpt-5'] })).toBe(priced(0.00042))
    expect(cost({}, { models: ['our-deployment', 'gpt-4o-mini'] })).toBe(priced(0.00042))
    expect(cost({}, { models: [undefined, 'gpt-4o-mini'] })).toBe(priced(0.00042))
  })

  test.each([
    ['a model that nobody knows', {}, { models: ['made-up', 'made-up'] }],
    ['no model', {}, { models: [undefined] }],
    ['a tier without an established price', {}, { serviceTier: 'scale' }],
    [
      'a tier that only the usage names',
      { serviceTier: 'priority' },
      { provider: 'anthropic', models: ['claude-opus-5'] },
    ],
    ['no count of tokens', { inputTokens: undefined }, {}],
  ])('is unknown, without an amount, for %s', (_name, more, call) => {
    expect(cost(more, call)).toBe(unknown)
  })

  test('counts every unit that the provider tells', () => {
    const claude = { provider: 'anthropic', models: ['claude-sonnet-4-5'] }
    expect(cost({ cacheWriteTokens: 1_000, cacheWrite1hTokens: 400, webSearches: 2 }, claude)).toBe(
      priced((1_000 * 3 + 600 * 3.75 + 400 * 6 + 200 * 15) / 1e6 + 0.02),
    )
    expect(cost({ serviceTier: 'batch' }, claude)).toBe(priced((2_000 * 3 + 200 * 15) / 2e6))
    expect(cost({ audioInputTokens: 500 }, { provider: 'gcp.gemini', models: ['gemini-2.5-flash'] })).toBe(
      priced((1_500 * 0.3 + 500 + 200 * 2.5) / 1e6),
    )
  })
})

describe('usage attributes', () => {
  test('are those of the conventions, and nothing for what is not there', () => {
    expect(usageAttributes({ ...usage, audioInputTokens: 0, serviceTier: 'standard' })).toEqual({
      'gen_ai.usage.input_tokens': 2_000,
      'gen_ai.usage.output_tokens': 200,
    })
    const more = { imageInputTokens: 5, textOutputTokens: 6, cacheWrite1hTokens: 7, webSearches: 8, fileSearches: 9 }
    expect(usageAttributes({ ...usage, ...more, serviceTier: 'batch' })).toEqual({
      'gen_ai.usage.input_tokens': 2_000,
      'gen_ai.usage.output_tokens': 200,
      'gen_ai.usage.image.input_tokens': 5,
      'gen_ai.usage.text.output_tokens': 6,
      'spanwarden.usage.cache_write_1h.input_tokens': 7,
      'spanwarden.usage.web_searches': 8,
      'spanwarden.usage.file_searches': 9,
      'spanwarden.service_tier': 'batch',
    })
  })

  test('that no audio came from the cache is told where both are there: only then can another price the span', () => {
    const both = usageAttributes({ ...usage, cacheReadTokens: 9, audioInputTokens: 5, audioCacheReadTokens: 0 })
    expect(both['gen_ai.usage.audio.cache_read.input_tokens']).toBe(0)
    const none = usageAttributes({ ...usage, cacheReadTokens: 9, audioCacheReadTokens: 0 })
    expect(none['gen_ai.usage.audio.cache_read.input_tokens']).toBeUndefined()
  })
})
