import { describe, expect, test } from 'vitest'
import { type PricedCall, priceOf } from './price-of.ts'
import { tierRulesOf } from './service-tiers.ts'

const timestampMs = Date.UTC(2026, 10, 21, 12)

/** What the call costs in its tier, as a multiple of the standard tier; undefined when nobody knows. */
function multiple(call: Partial<PricedCall> & { model: string }): number | undefined {
  const full = { provider: 'openai', inputTokens: 100_000, outputTokens: 10_000, timestampMs, ...call }
  const standard = priceOf({ ...full, serviceTier: undefined })?.nanoAmount
  const price = priceOf(full)?.nanoAmount
  return standard === undefined || price === undefined ? undefined : Math.round((price / standard) * 1e6) / 1e6
}

describe('a service tier', () => {
  test.each([undefined, '', 'default', 'standard', 'on_demand'])('%s is the standard one', (serviceTier) => {
    expect(multiple({ model: 'gpt-5', serviceTier })).toBe(1)
  })

  test.each([
    ['openai', 'gpt-5', 'flex', 0.5],
    ['openai', 'o3', 'flex', 0.5],
    ['openai', 'gpt-5', 'priority', 2],
    ['openai', 'gpt-5', 'fast', 2],
    ['openai', 'gpt-5.1-codex', 'priority', 2],
    ['openai', 'gpt-5-2025-08-07', 'priority', 2],
    ['openai', 'gpt-5-mini', 'priority', 1.8],
    ['openai', 'gpt-5.5', 'priority', 2.5],
    ['openai', 'gpt-5.6-sol', 'fast', 2],
    ['openai', 'gpt-4.1', 'priority', 1.75],
    ['openai', 'gpt-4o', 'priority', 1.7],
    ['openai', 'gpt-4o-mini', 'priority', 1.666667],
    ['openai', 'o4-mini', 'priority', 1.818182],
    ['anthropic', 'claude-sonnet-4-5', 'batch', 0.5],
    ['anthropic', 'claude-opus-5', 'fast', 2],
    ['anthropic', 'claude-opus-5', 'us', 1.1],
    ['anthropic', 'claude-opus-4-7', 'fast', 6],
    ['gcp.gemini', 'gemini-2.5-flash', 'flex', 0.5],
    ['groq', 'llama-3.3-70b-versatile', 'flex', 1],
  ])('%s %s %s costs %d times the standard one', (provider, model, serviceTier, expected) => {
    expect(multiple({ provider, model, serviceTier })).toBe(expected)
  })

  test.each([
    ['a model that is not listed', { model: 'gpt-5-nano', serviceTier: 'priority' }],
    ['an old snapshot with other prices', { model: 'gpt-4o-2024-05-13', serviceTier: 'priority' }],
    ['a newer model of the family', { model: 'gpt-6-astra', serviceTier: 'fast' }],
    ['long context that the tier excludes', { model: 'gpt-5.5', serviceTier: 'priority', inputTokens: 300_000 }],
    ['cached tokens whose price is not established', { model: 'o4-mini', serviceTier: 'priority', cacheReadTokens: 9 }],
    ['capacity that was bought', { model: 'gpt-5', serviceTier: 'scale' }],
    ['what was asked instead of what was done', { model: 'gpt-5', serviceTier: 'auto' }],
    ['a word of nobody', { model: 'gpt-5', serviceTier: 'constructor' }],
    ['a reseller with other terms', { provider: 'azure.ai.openai', model: 'gpt-5', serviceTier: 'priority' }],
    ['two multipliers at once', { provider: 'anthropic', model: 'claude-opus-5', serviceTier: 'fast+us' }],
    ['capacity of Anthropic', { provider: 'anthropic', model: 'claude-sonnet-4-5', serviceTier: 'priority' }],
    ['Gemini: 75 to 100 % more', { provider: 'gcp.gemini', model: 'gemini-2.5-flash', serviceTier: 'priority' }],
    ['Claude from Google', { provider: 'gcp.vertex_ai', model: 'claude-sonnet-4-5', serviceTier: 'flex' }],
    ['Bedrock', { provider: 'aws.bedrock', model: 'amazon.nova-pro-v1:0', serviceTier: 'flex' }],
    ['a model without a provider', { provider: undefined, model: 'made-up', serviceTier: 'flex' }],
  ])('has no number for %s', (_name, call) => {
    expect(multiple(call)).toBeUndefined()
  })

  // The page's own table, read on 2026-11-21, USD per million: input, cached, output.
  test.each([
    ['gpt-5.6-sol', 100_000, 8, 0.8, 40],
    ['gpt-5.6-sol', 500_000, 16, 1.6, 60],
    ['gpt-5.6-terra', 100_000, 4, 0.4, 24],
    ['gpt-5.6-terra', 500_000, 8, 0.8, 36],
    ['gpt-5.6-luna', 100_000, 0.4, 0.04, 2.4],
    ['gpt-5.6-luna', 500_000, 0.8, 0.08, 3.6],
    ['gpt-5.5', 100_000, 12.5, 1.25, 75],
    ['gpt-5.4', 100_000, 5, 0.5, 30],
    ['gpt-5.4-mini', 100_000, 1.5, 0.15, 9],
    ['gpt-5.2', 100_000, 3.5, 0.35, 28],
    ['gpt-5.1', 100_000, 2.5, 0.25, 20],
    ['gpt-5', 100_000, 2.5, 0.25, 20],
    ['gpt-5-mini', 100_000, 0.45, 0.045, 3.6],
    ['gpt-4.1', 100_000, 3.5, 0.875, 14],
  ])('fast mode of %s, %d tokens, costs what OpenAI publishes', (model, inputTokens, input, cached, output) => {
    const usd = (inputTokens * 0.6 * input + inputTokens * 0.4 * cached + 10_000 * output) / 1e6
    const call = { provider: 'openai', model, serviceTier: 'fast', outputTokens: 10_000, timestampMs }
    expect(priceOf({ ...call, inputTokens, cacheReadTokens: inputTokens * 0.4 })?.amount).toBeCloseTo(usd, 9)
  })

  test('searches cost the same in every tier', () => {
    const call = { provider: 'openai', model: 'gpt-5', inputTokens: 0, outputTokens: 0, webSearches: 3, timestampMs }
    expect(priceOf(call)?.nanoAmount).toBe(30_000_000)
    expect(priceOf({ ...call, serviceTier: 'flex' })?.nanoAmount).toBe(30_000_000)
  })

  test('every rule says where it stands, and when that was read', () => {
    const rules = ['openai', 'anthropic', 'google', 'groq'].flatMap((provider) =>
      tierRulesOf(provider, provider === 'google' ? 'gemini-2.5-flash' : 'claude-opus-5'),
    )
    expect(rules.length).toBeGreaterThan(4)
    for (const { source } of rules) expect(source).toMatch(/^https:.*, \d{4}-\d\d-\d\d$/s)
  })
})
