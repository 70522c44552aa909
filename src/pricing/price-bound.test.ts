import { waitForUpdate } from '@pydantic/genai-prices'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPriceBoundOf, priceBoundOf } from './price-bound.ts'
import { parsePriceFile } from './price-file.ts'
import { createPriceOf, priceOf } from './price-of.ts'
import type { CallPrice } from './price-of.ts'
import { tierRulesOf } from './service-tiers.ts'
import type { PriceFile } from './price-file.ts'
import type { CallUsage } from './units.ts'

const models = ((await waitForUpdate()) ?? []).flatMap((provider) =>
  provider.models.map((model) => ({ provider: provider.id, model: model.id })),
)
const NOON = Date.UTC(2026, 10, 21, 12)
const HOUR = 3_600_000

/** Any use within so many tokens, of which some were cached, heard, seen or thought; what is cached may be heard too. */
const usages = fc
  .record({
    inputTokens: fc.oneof(fc.nat(3_000), fc.nat(1_200_000), fc.constantFrom(200_000, 200_001, 272_000, 272_001)),
    outputTokens: fc.nat(100_000),
    shares: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 11, maxLength: 11 }),
    searches: fc.nat(5),
    hasMedia: fc.boolean(),
    told: fc.boolean(),
    beside: fc.boolean(),
  })
  .map(({ inputTokens, outputTokens, shares, searches, hasMedia, told, beside }) => {
    const part = (whole: number, index: number): number => Math.floor(whole * (shares[index] ?? 0))
    const cacheReadTokens = part(inputTokens, 0)
    const cacheWriteTokens = part(inputTokens - cacheReadTokens, 1)
    const cached = cacheReadTokens + cacheWriteTokens
    const audioInputTokens = hasMedia ? part(inputTokens, 2) : 0
    const imageInputTokens = hasMedia ? part(inputTokens - audioInputTokens, 3) : 0
    const videoInputTokens = hasMedia ? part(inputTokens - audioInputTokens - imageInputTokens, 4) : 0
    const audioCacheReadTokens = Math.min(audioInputTokens, part(cacheReadTokens, 5))
    const reasoningTokens = part(outputTokens, 6)
    const audioOutputTokens = part(outputTokens - reasoningTokens, 7)
    const usage: CallUsage = {
      // Some libraries count what is cached beside the input.
      inputTokens: beside && cached > inputTokens - cached ? inputTokens - cached : inputTokens,
      outputTokens,
      cacheReadTokens,
      cacheWriteTokens,
      cacheWrite1hTokens: part(cacheWriteTokens, 8),
      reasoningTokens,
      audioInputTokens,
      imageInputTokens,
      videoInputTokens,
      audioOutputTokens,
      imageOutputTokens: part(outputTokens - reasoningTokens - audioOutputTokens, 9),
      ...(told && {
        audioCacheReadTokens,
        imageCacheReadTokens: Math.min(imageInputTokens, cacheReadTokens - audioCacheReadTokens),
      }),
      webSearches: searches,
      fileSearches: searches,
    }
    return { usage, most: { inputTokens, outputTokens, hasMedia, webSearches: searches, fileSearches: searches } }
  })

/** `isNeeded`: what has a price must have a bound. */
const isBelow = (bound: number | undefined, price: CallPrice | undefined, isNeeded: boolean): boolean =>
  price !== undefined && (bound === undefined ? isNeeded : bound < price.nanoAmount)

const withoutSearches = { webSearches: 0, fileSearches: 0 }

describe('the bound of a price', () => {
  test('is never below the price of what is used, for every priced model of the table', () => {
    let priced = 0
    const violations: unknown[] = []
    for (const [index, { provider, model }] of models.entries())
      for (const { usage, most } of fc.sample(usages, { numRuns: 6, seed: index })) {
        const timestampMs = NOON - 6 * HOUR + index * 60_000
        const price = priceOf({ ...usage, provider, model, timestampMs })
        const searchless = priceOf({ ...usage, ...withoutSearches, provider, model, timestampMs })
        const bound = priceBoundOf({ ...most, ...withoutSearches, provider, model, atMs: NOON })
        if (searchless !== undefined) priced += 1
        if (isBelow(bound, searchless, true)) violations.push({ provider, model, bound, searchless, usage })
        const withSearches = priceBoundOf({ ...most, provider, model, atMs: NOON })
        if (isBelow(withSearches, price, false)) violations.push({ provider, model, withSearches, price, usage })
      }
    expect(violations).toEqual([])
    expect(priced).toBeGreaterThan(5_000)
  })

  test('holds in every tier, and at every time within a day', () => {
    const tiered = models.filter(({ provider }) => ['openai', 'anthropic', 'google', 'groq'].includes(provider))
    const times = fc.integer({ min: -24 * HOUR + 1, max: 24 * HOUR - 1 })
    const epochs = fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2027, 11, 31) })
    fc.assert(
      fc.property(
        fc.constantFrom(...tiered),
        usages,
        epochs,
        times,
        fc.nat(5),
        ({ provider, model }, used, atMs, offset, index) => {
          const rule = tierRulesOf(provider, model)[index]
          const serviceTier = rule?.tiers[0]
          const call = { ...used.usage, ...withoutSearches, provider, model, serviceTier, timestampMs: atMs + offset }
          const price = priceOf(call)
          const most = { ...used.most, ...withoutSearches, provider, model, atMs }
          const tiers = serviceTier === undefined ? [] : [serviceTier]
          expect(isBelow(priceBoundOf({ ...most, tiers }), price, true)).toBe(false)
          expect(isBelow(priceBoundOf({ ...most, mayServe: tiers }), price, true)).toBe(false)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test.each([
    ['short context', { inputTokens: 1_000 }, 1_000 * 6_000 + 100 * 15_000],
    ['long context', { inputTokens: 200_001 }, 200_001 * 12_000 + 100 * 22_500],
    ['searches', { inputTokens: 1_000, webSearches: 3 }, 1_000 * 6_000 + 100 * 15_000 + 3 * 10_000_000],
    ['in one country', { inputTokens: 1_000, mayServe: ['us'] }, 8_250_001],
    ['a tier without a price', { inputTokens: 1_000, tiers: ['priority'] }, undefined],
    ['a tier that may serve, without a price', { inputTokens: 1_000, mayServe: ['x'] }, 1_000 * 6_000 + 100 * 15_000],
    ['a cheaper tier', { inputTokens: 1_000, tiers: ['batch'] }, 1_000 * 6_000 + 100 * 15_000],
    ['files, which have no price', { inputTokens: 1_000, fileSearches: 1 }, undefined],
  ])('%s', (_name, most, nano) => {
    const bound = priceBoundOf({
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
      atMs: NOON,
      outputTokens: 100,
      ...most,
    })
    expect(bound).toBe(nano)
  })

  test('of tiers that may serve only one does', () => {
    const call = { provider: 'openai', model: 'gpt-5', atMs: NOON, inputTokens: 1_000, outputTokens: 1_000 }
    const standard = priceBoundOf(call) ?? Number.NaN
    expect(priceBoundOf({ ...call, mayServe: ['priority', 'fast'] })).toBe(2 * standard + 1)
    expect(priceBoundOf({ ...call, tiers: ['priority'], mayServe: ['fast'] })).toBe(4 * standard + 1)
  })

  test.each(['no-such-model', ''])('no price, no bound: %j', (model) => {
    expect(priceBoundOf({ provider: 'openai', model, atMs: NOON, inputTokens: 1, outputTokens: 1 })).toBeUndefined()
  })
})

describe('prices of a file', () => {
  const fileOf = (prices: unknown): PriceFile => {
    const { file } = parsePriceFile(JSON.stringify({ prices }))
    if (file === undefined) throw new Error('the test has no price file')
    return file
  }
  const call = { provider: 'openai', model: 'gpt-5', atMs: NOON, inputTokens: 1_000, outputTokens: 1_000 }

  test('stand for the table, whose prices count where the file ends', () => {
    const half = { input: 0.5, output: 0.5 }
    const always = createPriceBoundOf(fileOf([{ model: 'gpt-5', usd_per_million: half }]))
    expect(always(call)).toBe(1_000_000)
    const soon = createPriceBoundOf(fileOf([{ model: 'gpt-5', to: '2026-11-22', usd_per_million: half }]))
    expect(soon(call)).toBe(priceBoundOf(call))
    expect(soon({ ...call, atMs: NOON - 48 * HOUR })).toBe(1_000_000)
    const unknown = createPriceBoundOf(fileOf([{ model: 'mine*', usd_per_million: half }]))
    expect(unknown({ ...call, model: 'mine-2' })).toBe(1_000_000)
  })

  test('bound every price that they give', () => {
    const dollars = fc.double({ min: 0, max: 100, noNaN: true })
    const dates = fc.constantFrom(undefined, '2026-11-20', '2026-11-21', '2026-11-22', '2026-12-01')
    const entry = fc.record({
      tier: fc.constantFrom(undefined, 'priority', 'gold'),
      from: dates,
      input: dollars,
      output: dollars,
    })
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 5 }),
        fc.constantFrom(undefined, 'priority', 'gold'),
        fc.integer({ min: -24 * HOUR + 1, max: 24 * HOUR - 1 }),
        (entries, serviceTier, offset) => {
          const { file } = parsePriceFile(
            JSON.stringify({
              prices: entries.map(({ tier, from, input, output }) => ({
                model: 'gpt-5',
                tier,
                from,
                usd_per_million: { input, output },
              })),
            }),
          )
          if (file === undefined) return
          const { inputTokens, outputTokens, provider, model } = call
          const timestampMs = NOON + offset
          const price = createPriceOf(file)({ provider, model, inputTokens, outputTokens, serviceTier, timestampMs })
          const bound = createPriceBoundOf(file)({ ...call, tiers: serviceTier === undefined ? [] : [serviceTier] })
          expect(isBelow(bound, price, offset === 0)).toBe(false)
        },
      ),
      { numRuns: 500 },
    )
  })
})
