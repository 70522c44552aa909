import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePriceFile, PRICE_FILE_ENTRIES_MAX } from './price-file.ts'
import { createPriceOf, type PricedCall } from './price-of.ts'
import { UNITS } from './units.ts'

const flat = { input: 1, output: 2 }
const timestampMs = Date.UTC(2026, 10, 21, 12)

/** Nano-USD of a call of 1,000 input and 100 output tokens with these prices in the file, and where the number is from. */
function cost(prices: readonly object[], call: Partial<PricedCall> = {}): [number, string] | undefined {
  const { file, problems } = parsePriceFile(JSON.stringify({ version: '7', prices }))
  expect(problems).toEqual([])
  const price = createPriceOf(file)({ model: 'm', inputTokens: 1_000, outputTokens: 100, timestampMs, ...call })
  return price && [price.nanoAmount, price.tableVersion]
}

/** What is wrong with a file, a line each. */
const problemsOf = (file: unknown): string[] =>
  parsePriceFile(typeof file === 'string' ? file : JSON.stringify(file)).problems.map(
    ({ path, message }) => `${path} ${message}`,
  )
const problemsOfEntry = (entry: object): string[] =>
  problemsOf({ prices: [{ model: 'm', usd_per_million: flat, ...entry }] })

describe('a price of the user', () => {
  test('comes before the table', () => {
    const call = { provider: 'openai', model: 'gpt-4o-mini' }
    expect(cost([{ model: 'gpt-4o-mini', usd_per_million: flat }], call)).toEqual([1_200_000, 'file-7'])
    expect(cost([{ model: 'gpt-4o', usd_per_million: flat }], call)?.[1]).toMatch(/^genai-prices/)
  })

  test.each([
    ['m', 'm', true],
    ['m', 'M ', true],
    ['m', 'mm', false],
    ['*', 'anything', true],
    ['acme-*', 'acme-7', true],
    ['acme-*', 'acme', false],
    ['*-pro', 'x-pro', true],
    ['a*a', 'a', false],
    ['a*b*c', 'a--b--c', true],
    ['a*b*c', 'a--c--b', false],
    ['a*bc*c', 'abc', false],
    ['a**c', 'ac', true],
  ])('for %s holds for %s: %s', (pattern, model, holds) => {
    expect(cost([{ model: pattern, usd_per_million: flat }], { model }) !== undefined).toBe(holds)
  })

  test('of a provider holds for that one, under all its names', () => {
    const prices = [{ provider: 'azure', model: 'm', usd_per_million: flat }]
    expect(cost(prices, { provider: 'azure.ai.openai' })).toBeDefined()
    expect(cost(prices, { provider: 'openai' })).toBeUndefined()
    expect(cost(prices)).toBeUndefined()
    const own = [{ provider: 'our-gpus', model: 'm', usd_per_million: flat }]
    expect(cost(own, { provider: 'our-gpus' })).toBeDefined()
  })

  test('holds from a day on and ends before another; the first that fits counts', () => {
    const prices = [
      { model: 'm', from: '2026-11-01', to: '2026-12-01', usd_per_million: { input: 5, output: 5 } },
      { model: 'm', from: '2026-01-01T00:00:00+01:00', usd_per_million: flat },
    ]
    const at = (iso: string): number | undefined => cost(prices, { timestampMs: Date.parse(iso) })?.[0]
    expect(at('2025-12-31T22:59:59Z')).toBeUndefined()
    expect(at('2025-12-31T23:00:00Z')).toBe(1_200_000)
    expect(at('2026-11-01T00:00:00Z')).toBe(5_500_000)
    expect(at('2026-11-30T23:59:59.999Z')).toBe(5_500_000)
    expect(at('2026-12-01T00:00:00Z')).toBe(1_200_000)
  })

  test('of a tier holds for that tier; without one for the standard tier, under all its names', () => {
    const openai = { provider: 'openai', model: 'gpt-5' }
    const standard = { model: 'gpt-5', usd_per_million: flat }
    const priority = { model: 'gpt-5', tier: 'priority', usd_per_million: { input: 4, output: 4 } }
    expect(cost([standard], { ...openai, serviceTier: 'default' })?.[0]).toBe(1_200_000)
    expect(cost([standard, priority], { ...openai, serviceTier: 'priority' })?.[0]).toBe(4_400_000)
    expect(cost([priority], openai)?.[1]).toMatch(/^genai-prices/)
    // The list price of a tier says nothing of a contract's.
    expect(cost([standard], { ...openai, serviceTier: 'priority' })).toBeUndefined()
  })

  test('has context tiers, every unit, and can be 0', () => {
    const tiered = { input: { base: 1, above: { 2000: 3, 500: 2 } }, output: { base: 0 } }
    expect(cost([{ model: 'm', usd_per_million: tiered }], { inputTokens: 500 })?.[0]).toBe(500_000)
    expect(cost([{ model: 'm', usd_per_million: tiered }])?.[0]).toBe(2_000_000)
    expect(cost([{ model: 'm', usd_per_million: tiered }], { inputTokens: 3_000 })?.[0]).toBe(9_000_000)
    expect(cost([{ model: 'm', usd_per_million: { input: 0, output: 0 } }])?.[0]).toBe(0)
    expect(cost([{ model: 'm', usd_per_million: { request: 5_000 } }])?.[0]).toBe(5_000_000)
    const every = Object.fromEntries(UNITS.map(({ name }) => [name, 7]))
    expect(cost([{ model: 'm', usd_per_million: every }], { cacheWrite1hTokens: 10, audioInputTokens: 10 })).toEqual([
      7 * (1_000 + 100 + 1) * 1_000,
      'file-7',
    ])
  })
})

test('the example of the README is valid and names every unit', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const example = /```json\n(\{\n {2}"version"[^]*?)```/.exec(readme)?.[1] ?? ''
  expect(parsePriceFile(example)).toMatchObject({ file: { version: 'file-contract-7' }, problems: [] })
  for (const { name } of UNITS) expect(readme).toMatch(new RegExp(`["\`]${name}["\`]`))
})

describe('a price file with faults', () => {
  test.each([
    ['{', 'is no JSON'],
    ['[]', ' is to be an object'],
    ['null', ' is to be an object'],
    [{}, 'prices is to be a list'],
    [{ prices: [], version: 'a b' }, 'version is to be'],
    [{ prices: [], version: 7 }, 'version is to be a text'],
    [{ prices: [], currency: 'EUR' }, 'currency can only be USD'],
    [{ prices: [], models: [] }, 'has `models` that is not known'],
    [{ prices: [7] }, 'prices[0] is to be an object'],
  ])('%j: %s', (file, problem) => {
    expect(problemsOf(file).join('\n')).toContain(problem)
  })

  test.each([
    [{ model: undefined }, 'prices[0].model is to be a text'],
    [{ model: '' }, 'prices[0].model is to be a text'],
    [{ model: 'x'.repeat(300) }, 'prices[0].model is to be a text'],
    [{ provider: 7 }, 'prices[0].provider is to be a text'],
    [{ from: '21.11.2026' }, 'prices[0].from is to be a date'],
    [{ from: '2026-02-31' }, 'prices[0].from is to be a date'],
    [{ from: '2026-11-21T10:00' }, 'prices[0].from is to be a date'],
    [{ from: '2026-02-01', to: '2026-02-01' }, 'prices[0] `to` is not after `from`'],
    [{ usd_per_million: {} }, 'needs `input` and `output`, or `request`'],
    [{ usd_per_million: { input: 1 } }, 'needs `input` and `output`, or `request`'],
    [{ usd_per_million: { ...flat, imput: 1 } }, 'has `imput` that is not known; known are input, output'],
    [{ usd_per_million: { ...flat, input: -1 } }, 'prices[0].usd_per_million.input is to be a number of USD'],
    [{ usd_per_million: { ...flat, input: '1' } }, 'prices[0].usd_per_million.input is to be a number, or'],
    [{ usd_per_million: { ...flat, input: 1e300 } }, 'input is to be a number of USD per million'],
    [{ usd_per_million: { ...flat, input: { above: {} } } }, 'input.base is to be a number of USD'],
    [{ usd_per_million: { ...flat, input: { base: 1, above: { x: 1 } } } }, 'its names are to be numbers'],
    [{ usd_per_million: { ...flat, input: { base: 1, above: { 9: null } } } }, 'input.above.9 is to be a number'],
  ])('%j: %s', (entry, problem) => {
    expect(problemsOfEntry(entry).join('\n')).toContain(problem)
  })

  test('is told all of them at once', () => {
    const entry = { model: '', from: 'x', usd_per_million: { input: -1, output: 'x' } }
    expect(problemsOf({ version: '!', prices: [entry, { model: 'm', usd_per_million: flat }, entry] })).toHaveLength(9)
  })

  test('is told of an entry that never counts', () => {
    const entry = { model: 'm', usd_per_million: flat }
    expect(problemsOf({ prices: [entry, { ...entry, model: 'M' }] })).toEqual(['prices[1] repeats prices[0]'])
  })

  test('has a limit', () => {
    const prices = Array.from({ length: PRICE_FILE_ENTRIES_MAX + 1 }, () => 0)
    expect(problemsOf({ prices })).toEqual([`prices has more than ${PRICE_FILE_ENTRIES_MAX} entries`])
  })

  test('whatever stands in it, no value is told and nothing is thrown', () => {
    const canary = 'canary-5b1f'
    const leaf = fc.oneof(fc.constant(canary), fc.double(), fc.constant(null), fc.boolean())
    const entry = fc.dictionary(fc.constantFrom('provider', 'model', 'tier', 'from', 'to', 'usd_per_million'), leaf)
    const file = fc.record({ version: leaf, currency: leaf, prices: fc.oneof(leaf, fc.array(fc.oneof(leaf, entry))) })
    const text = fc.oneof(
      file.map((value) => JSON.stringify(value)),
      fc.json({ maxDepth: 4 }),
      fc.constant(`{"prices": ${canary}`),
    )
    fc.assert(
      fc.property(text, (content) => {
        expect(problemsOf(content).join()).not.toContain(canary)
      }),
    )
  })
})
