import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PRICE_FILE_BYTES_MAX } from '../pricing/price-file.ts'
import { priceOf, usePricesFile } from './prices.ts'

const path = join(mkdtempSync(join(tmpdir(), 'spanwarden-prices-')), 'prices.json')
const call = { model: 'gpt-4o-mini', inputTokens: 1_000, outputTokens: 100, timestampMs: Date.UTC(2026, 10, 21) }

/** Amounts of a few calls with that file, and what was said of it. */
function check(content: string | undefined) {
  if (content === undefined) rmSync(path, { force: true })
  else writeFileSync(path, content)
  const lines: string[] = []
  usePricesFile(path, (line) => lines.push(line))
  const amounts = [priceOf(call), priceOf({ ...call, model: 'ours' }), priceOf(call)].map((price) => price?.nanoAmount)
  return { amounts, lines }
}

test('the prices of a user come before the table', () => {
  const ours = { prices: [{ model: 'ours', usd_per_million: { input: 1, output: 1 } }] }
  expect(check(JSON.stringify(ours))).toEqual({ amounts: [210_000, 1_100_000, 210_000], lines: [] })
})

test('the file is read when the first call is priced, once', () => {
  usePricesFile(path, () => undefined)
  writeFileSync(path, JSON.stringify({ prices: [{ model: '*', usd_per_million: { input: 5, output: 5 } }] }))
  expect(priceOf(call)?.nanoAmount).toBe(5_500_000)
  writeFileSync(path, JSON.stringify({ prices: [] }))
  expect(priceOf(call)?.nanoAmount).toBe(5_500_000)
})

test.each([
  ['is missing', undefined, "can't be read (ENOENT)"],
  ['is no JSON', '{ "canary', 'is no JSON at position 9'],
  ['has a fault', '{"prices":[{"model":"canary"}]}', 'prices[0].usd_per_million is to be an object'],
  [
    'has several',
    '{"prices":[{"model":"canary"},7]}',
    'prices[0].usd_per_million is to be an object (and 1 more: spanwarden prices --check shows them)',
  ],
  ['is too large', ' '.repeat(PRICE_FILE_BYTES_MAX + 1), 'is larger than 4194304 bytes'],
])('a file that %s: one line says so, and the table counts', (_name, content, problem) => {
  expect(check(content)).toEqual({
    amounts: [210_000, undefined, 210_000],
    lines: [`SPANWARDEN_PRICES_FILE ${path}: ${problem}; the built-in prices are used`],
  })
})
