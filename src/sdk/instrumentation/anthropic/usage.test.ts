import { array, assert, integer, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costAttributes } from '../../model-usage.ts'
import { anthropicUsage } from './usage.ts'
import type { Fields } from '../fields.ts'

const tokens = integer({ min: 0, max: 1_000_000 })
const counts = record({
  input_tokens: tokens,
  output_tokens: tokens,
  cache_read_input_tokens: tokens,
  cache_creation_input_tokens: tokens,
})

const cost = (usage: Fields): unknown => {
  const read = anthropicUsage(usage, false)
  if (read === undefined) return undefined
  const call = { provider: 'anthropic', models: ['claude-opus-4-6'], usage: read, serviceTier: undefined }
  return costAttributes({ ...call, timestampMs: Date.UTC(2026, 10, 1) })['spanwarden.cost.amount']
}
const MILLION = { input_tokens: 1_000_000, output_tokens: 0 }

describe('anthropicUsage', () => {
  it('counts cached tokens within the input, and what compactions used, each once', () => {
    assert(
      property(counts, array(counts), (top, compactions) => {
        const iterations = [{ ...top, type: 'message' }, ...compactions.map((one) => ({ ...one, type: 'compaction' }))]
        const all = [top, ...compactions]
        const sum = (key: keyof typeof top): number => all.reduce((total, one) => total + one[key], 0)
        expect(anthropicUsage({ ...top, iterations }, false)).toMatchObject({
          inputTokens: sum('input_tokens') + sum('cache_read_input_tokens') + sum('cache_creation_input_tokens'),
          outputTokens: sum('output_tokens'),
          cacheReadTokens: sum('cache_read_input_tokens'),
          cacheWriteTokens: sum('cache_creation_input_tokens'),
          otherModels: undefined,
        })
      }),
    )
  })

  it('is unknown where nothing was counted, and says that more was to come', () => {
    expect(anthropicUsage({}, false)).toBeUndefined()
    expect(anthropicUsage({ input_tokens: 3, output_tokens: 1 }, true)).toMatchObject({ partial: true })
  })

  // Opus 4.6: 5 dollars for a million tokens of input, 25 of output; 10 for those written to a cache for an hour.
  it.each([
    ['plain input', MILLION, 5],
    ['standard tier, anywhere', { ...MILLION, service_tier: 'standard', inference_geo: 'global' }, 5],
    ['batch', { ...MILLION, service_tier: 'batch' }, 2.5],
    ['in the US', { ...MILLION, inference_geo: 'us' }, 5.5],
    ['priority: no price is published', { ...MILLION, service_tier: 'priority' }, undefined],
    ['batch in the US: nobody says', { ...MILLION, service_tier: 'batch', inference_geo: 'us' }, undefined],
    [
      'cache written for an hour',
      {
        input_tokens: 0,
        output_tokens: 0,
        cache_creation_input_tokens: 1_000_000,
        cache_creation: { ephemeral_1h_input_tokens: 1_000_000, ephemeral_5m_input_tokens: 0 },
      },
      10,
    ],
    ['a thousand searches', { input_tokens: 0, output_tokens: 0, server_tool_use: { web_search_requests: 1000 } }, 10],
    [
      'an advisor of 1 and 5 dollars',
      { ...MILLION, iterations: [{ ...MILLION, type: 'advisor_message', model: 'claude-haiku-4-5' }] },
      6,
    ],
    [
      'an advisor whose price nobody knows',
      { ...MILLION, iterations: [{ ...MILLION, type: 'advisor_message', model: 'claude-nobody' }] },
      undefined,
    ],
  ])('costs: %s', (_, usage, dollars) => {
    expect(cost(usage)).toBe(dollars)
  })
})
