import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { projectFolder } from '../../test/support/run-agent.ts'
import { priceOf } from '../pricing/price-of.ts'
import { tableModels } from '../pricing/price-table.ts'
import { main } from './main.ts'
import { exampleOf, priceCard } from './price-card.ts'

const entry = `${projectFolder}src/cli.ts`
const folder = mkdtempSync(join(tmpdir(), 'spanwarden-prices-'))
const fileOf = (content: unknown): string => {
  const path = join(folder, 'prices.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}
const own = { version: '7', prices: [{ model: 'our-*', usd_per_million: { input: 1, output: 2 } }] }

async function prices(argv: readonly string[], env: Record<string, string> = {}) {
  let stdout = ''
  let stderr = ''
  const write = (text: string | Uint8Array): void => void (stdout += String(text))
  const io = { stdout: { write }, stderr: { write: (text: string) => void (stderr += text) }, env, entry }
  return { code: await main(['prices', ...argv], io), stdout, stderr }
}

describe('spanwarden prices', () => {
  test('shows a model: every unit, tiers with their source, who says so', async () => {
    const { code, stdout, stderr } = await prices(['gpt-5.5', '--at', '2026-11-21'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toBe(`gpt-5.5 from openai, USD per million tokens
  genai-prices-0.1.8 (=gpt-5.5 | =gpt-5.5-2026-04-23 | =gpt-5.5-2026-04-24 | =gpt-5-5 | …)
    input        $5, $10 above 271999 input tokens
    output       $30, $45 above 271999 input tokens
    cache_read   $0.5, $1 above 271999 input tokens
    web_search   $10 per thousand
    file_search  $2.5 per thousand
  tier priority, fast: 2.5 times the price of tokens, for input, output, cache_read, up to 271999 input tokens
    https://openai.com/api-fast-mode, 2026-11-21
  tier flex: 0.5 times the price of tokens
    https://developers.openai.com/api/docs/guides/flex-processing ("priced at Batch API rates, with additional discounts from prompt caching"), 2026-11-21
`)
  })

  test('shows every period of a price, and which one holds', async () => {
    const holding = async (...at: string[]) => {
      const { stdout } = await prices(['--json', 'o3', ...at])
      const [card]: ReturnType<typeof priceCard>[] = JSON.parse(stdout)
      return card?.prices.map(({ when, holds, usd }) => [when, holds, usd['input']])
    }
    expect(await holding()).toEqual([
      ['since 2025-06-10', true, 2],
      ['', false, 10],
    ])
    expect(await holding('--at', '2025-06-09T23:59:59Z')).toEqual([
      ['since 2025-06-10', false, 2],
      ['', true, 10],
    ])
  })

  test('says which models have no price, by its exit code too', async () => {
    const { code, stdout } = await prices(['gpt-5', 'made-up', 'whisper-1'])
    expect(code).toBe(1)
    expect(stdout).toContain('made-up: no price is known; its calls get spanwarden.cost.source=unknown')
    expect(stdout).toContain('whisper-1 from openai: no price per token is known')
    expect(await prices(['--unpriced', 'gpt-5', 'made-up'])).toEqual({ code: 1, stdout: 'made-up\n', stderr: '' })
    expect(await prices(['--unpriced', 'gpt-5'])).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('reads models from standard input', () => {
    const argv = [entry, 'prices', '--unpriced', '-']
    const { status, stdout } = spawnSync(process.execPath, argv, { input: 'gpt-5\n\n made-up \n', encoding: 'utf8' })
    expect([status, stdout]).toEqual([1, 'made-up\n'])
  })

  test('without a model tells what there is, and the models of a provider', async () => {
    const { code, stdout } = await prices([])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Built-in prices: genai-prices-0\.1\.8, \d{4} models\. USD\.\n/)
    expect(stdout).toMatch(/\n {2}openrouter +\d+ models\n/)
    const google = await prices(['--provider', 'gcp.vertex_ai'])
    expect(google.stdout).toContain('gemini-2.5-flash: input $0.3, output $2.5, cache_read $0.03, ')
    expect(JSON.parse((await prices(['--json'])).stdout)).toMatchObject({ table: 'genai-prices-0.1.8' })
    expect(JSON.parse((await prices(['--json', '--provider', 'groq'])).stdout).length).toBeGreaterThan(10)
  })

  test.each([
    [['--provider', 'nobody'], 'the table has no provider nobody'],
    [['--unpriced'], '--unpriced needs models'],
    [['gpt-5', '--at', 'yesterday'], '--at: write it as 2026-11-21'],
    [['--wrong'], "Unknown option '--wrong'"],
  ])('%j is wrong usage', async (argv, message) => {
    const { code, stderr } = await prices(argv)
    expect([code, stderr.includes(message)]).toEqual([2, true])
  })
})

describe('spanwarden prices with a file', () => {
  test('shows what comes first, named by an option or by the environment', async () => {
    const path = fileOf(own)
    const shown = await prices(['our-model', '--file', path])
    expect(shown).toEqual({
      code: 0,
      stdout: 'our-model, USD per million tokens\n  file-7 (our-*)\n    input   $1\n    output  $2\n',
      stderr: '',
    })
    expect(await prices(['our-model'], { SPANWARDEN_PRICES_FILE: path })).toEqual(shown)
    expect((await prices([], { SPANWARDEN_PRICES_FILE: path })).stdout).toContain('come first: file-7, 1 prices.')
    const named = fileOf({ prices: [{ ...own.prices[0], model: 'gpt-5*', provider: 'openai' }] })
    expect((await prices(['gpt-5', '--file', named])).stdout).toContain('  file (gpt-5*)\n    input   $1\n')
    const both = await prices(['gpt-5', '--file', fileOf({ prices: [{ ...own.prices[0], model: 'gpt-5' }] })])
    expect(both.stdout).toMatch(/ {2}file \(gpt-5\)\n[^]*genai-prices-0\.1\.8 \(.*\), not now\n/)
    expect(both.stdout).not.toContain('tier flex')
  })

  test('--check prints every problem at once', async () => {
    expect(await prices(['--check', fileOf(own)])).toEqual({
      code: 0,
      stdout: `${join(folder, 'prices.json')} is valid: 1 prices, version file-7\n`,
      stderr: '',
    })
    const path = fileOf({ prices: [{ model: 'canary' }, { usd_per_million: { input: -1, output: 1 } }] })
    const { code, stdout, stderr } = await prices(['--check', path])
    expect([code, stdout]).toEqual([78, ''])
    expect(stderr.split('\n')).toEqual([
      `${path}: prices[0].usd_per_million: is to be an object`,
      `${path}: prices[1].model: is to be a text of 1 to 256 characters`,
      `${path}: prices[1].usd_per_million.input: is to be a number of USD per million, 0 or more`,
      '',
    ])
    const json = await prices(['--check', path, '--json'])
    expect([json.code, JSON.parse(json.stdout).problems.length]).toEqual([78, 3])
    expect((await prices(['--check', join(folder, 'nowhere.json')])).stderr).toContain("can't be read (ENOENT)")
  })

  test('with faults is refused', async () => {
    const { code, stderr } = await prices(['gpt-5', '--file', fileOf('{')])
    expect([code, stderr.includes('is no JSON')]).toEqual([78, true])
  })
})

test('what a card says is what a call costs', () => {
  const models = [...tableModels()].map(({ provider, match }) => ({ provider, model: exampleOf(match) }))
  const atMs = Date.UTC(2026, 10, 21, 12)
  fc.assert(
    fc.property(fc.constantFrom(...models), ({ provider, model }) => {
      const card = priceCard(model, provider, atMs, undefined)
      const call = { provider, model, inputTokens: 1_000_000, outputTokens: 0, timestampMs: atMs }
      const price = priceOf(call)
      expect(card.priced).toBe(price !== undefined)
      const usd = card.prices.find(({ holds }) => holds)?.usd
      if (price === undefined || usd?.['request'] !== undefined) return
      const input = usd?.['input'] ?? 0
      const last = typeof input === 'number' ? input : (Object.values(input.above).at(-1) ?? input.base)
      expect(price.amount).toBeCloseTo(last, 9)
    }),
    { numRuns: 500 },
  )
})
