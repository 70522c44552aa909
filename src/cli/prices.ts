import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type PriceFile, parsePriceFile, PRICE_FILE_BYTES_MAX } from '../pricing/price-file.ts'
import { providerId, tableModels } from '../pricing/price-table.ts'
import { PRICE_TABLE_VERSION } from '../pricing/prices.gen.ts'
import { isTokenUnit, UNITS } from '../pricing/units.ts'
import { ConfigError, problemLine, type ConfigProblem } from '../sidecar/config/problem.ts'
import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { jsonOption, pricesOptions } from './options.ts'
import { exampleOf, type PriceCard, priceCard, type PriceLine, type UsdPrice, usdOf } from './price-card.ts'

/**
 * Shows what models cost, who says so and since when; without a model, what the table has. Exit code 1 when a model that was named has no price, 78
 * when the price file has faults.
 */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const options = { ...pricesOptions, ...jsonOption }
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true })
  const { provider, unpriced = false, json = false } = values
  if (values.check !== undefined) return check(values.check, json, io)
  const path = values.file ?? io.env['SPANWARDEN_PRICES_FILE']
  const file = path === undefined || path === '' ? undefined : readFile(path)
  const atMs = momentOf(values.at)
  const models = positionals.flatMap((name) => (name === '-' ? linesOf(readFileSync(STDIN, 'utf8')) : [name]))
  if (models.length === 0) {
    if (unpriced) throw new UsageError('--unpriced needs models, or - for a list on standard input')
    return list(provider, file, json, io)
  }
  const cards = models.map((model) => priceCard(model, provider, atMs, file))
  const shown = unpriced ? cards.filter(({ priced }) => !priced) : cards
  if (json) io.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`)
  else io.stdout.write(unpriced ? shown.map(({ model }) => `${model}\n`).join('') : shown.map(cardText).join('\n'))
  return cards.every(({ priced }) => priced) ? EXIT_OK : EXIT_FAILED
}

const STDIN = 0
const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

function momentOf(text: string | undefined): number {
  if (text === undefined) return Date.now()
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) throw new UsageError('--at: write it as 2026-11-21 or 2026-11-21T10:00:00Z')
  return ms
}

function check(path: string, json: boolean, io: CommandIo): number {
  const { problems, file } = parsed(path)
  if (json) io.stdout.write(`${JSON.stringify({ problems, entries: file?.entries.length ?? 0 }, undefined, 2)}\n`)
  else if (file !== undefined)
    io.stdout.write(`${path} is valid: ${file.entries.length} prices, version ${file.version}\n`)
  else for (const problem of problems) io.stderr.write(`${path}: ${problemLine(problem)}\n`)
  return problems.length === 0 ? EXIT_OK : EXIT_CONFIG
}

function readFile(path: string): PriceFile | undefined {
  const { file, problems } = parsed(path)
  if (problems.length > 0)
    throw new ConfigError(
      problems.map(({ path: where, message }) => ({ path: where === '' ? path : `${path}: ${where}`, message })),
    )
  return file
}

function parsed(path: string): { file: PriceFile | undefined; problems: readonly ConfigProblem[] } {
  try {
    const bytes = readFileSync(path)
    if (bytes.length <= PRICE_FILE_BYTES_MAX) return parsePriceFile(bytes.toString('utf8'))
    return { file: undefined, problems: [{ path: '', message: `is larger than ${PRICE_FILE_BYTES_MAX} bytes` }] }
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    return { file: undefined, problems: [{ path: '', message: `can't be read (${reason})` }] }
  }
}

/** The providers of the table, or the models of one. */
function list(provider: string | undefined, file: PriceFile | undefined, json: boolean, io: CommandIo): number {
  const byProvider = Map.groupBy(tableModels(), (model) => model.provider)
  if (provider === undefined) {
    const providers = Object.fromEntries([...byProvider].map(([id, models]) => [id, models.length]))
    const overview = {
      table: PRICE_TABLE_VERSION,
      file: file && { version: file.version, entries: file.entries.length },
      providers,
    }
    io.stdout.write(json ? `${JSON.stringify(overview, undefined, 2)}\n` : overviewText(overview))
    return EXIT_OK
  }
  const models = byProvider.get(providerId(provider))
  if (models === undefined) throw new UsageError(`the table has no provider ${provider}; spanwarden prices lists them`)
  const rows = models.map(({ match, list }) => ({ model: exampleOf(match), usd: usdOf(list.at(-1)?.prices ?? []) }))
  if (json) io.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`)
  else io.stdout.write(rows.map(({ model, usd }) => `${model}: ${usdText(usd)}\n`).join(''))
  return EXIT_OK
}

interface Overview {
  readonly table: string
  readonly file: { readonly version: string; readonly entries: number } | undefined
  readonly providers: Readonly<Record<string, number>>
}

function overviewText({ table, file, providers }: Overview): string {
  const counts = Object.entries(providers)
  const width = Math.max(...counts.map(([id]) => id.length)) + 2
  return [
    `Built-in prices: ${table}, ${counts.reduce((sum, [, n]) => sum + n, 0)} models. USD.`,
    file === undefined
      ? 'Prices of yours: none (SPANWARDEN_PRICES_FILE).'
      : `Prices of yours, which come first: ${file.version}, ${file.entries} prices.`,
    '',
    ...counts.map(([id, models]) => `  ${id.padEnd(width)}${models} models`),
    '',
    'spanwarden prices <model> shows one, spanwarden prices --provider <name> those of a provider.',
    '',
  ].join('\n')
}

function cardText(card: PriceCard): string {
  const by = card.provider === undefined ? '' : ` from ${card.provider}`
  if (card.prices.length === 0)
    return `${card.model}: no price is known; its calls get spanwarden.cost.source=unknown\n`
  const lines = [`${card.model}${by}${card.priced ? ', USD per million tokens' : ': no price per token is known'}`]
  for (const price of card.prices) lines.push(`  ${priceTitle(price)}`, ...unitLines(price.usd))
  for (const { tiers, factor, units, inputTokensMax, source } of card.tiers) {
    const only = units === undefined ? '' : `, for ${units.filter(isTokenName).join(', ')}`
    const max = inputTokensMax === undefined ? '' : `, up to ${inputTokensMax} input tokens`
    lines.push(
      `  tier ${tiers.join(', ')}: ${Number(factor.toFixed(4))} times the price of tokens${only}${max}`,
      `    ${source}`,
    )
  }
  return `${lines.join('\n')}\n`
}

const tokenUnits = new Set<string>(UNITS.filter(isTokenUnit).map(({ name }) => name))
const isTokenName = (name: string): boolean => tokenUnits.has(name)

const priceTitle = ({ source, match, tier, when, holds }: PriceLine): string =>
  [
    `${source}${match === undefined ? '' : ` (${shortened(match)})`}`,
    tier === undefined ? undefined : `tier ${tier}`,
    when === '' ? undefined : when,
    holds ? undefined : 'not now',
  ]
    .filter(Boolean)
    .join(', ')

/** Some models have twenty names. */
function shortened(match: string): string {
  const names = match.split(' | ')
  return names.length <= NAMES_SHOWN_MAX ? match : `${names.slice(0, NAMES_SHOWN_MAX).join(' | ')} | …`
}
const NAMES_SHOWN_MAX = 4

function unitLines(usd: Readonly<Record<string, UsdPrice>>): string[] {
  const entries = Object.entries(usd)
  if (entries.length === 0) return ['    none per token']
  const width = Math.max(...entries.map(([name]) => name.length)) + 2
  return entries.map(([name, price]) => `    ${name.padEnd(width)}${priceText(name, price)}`)
}

const usdText = (usd: Readonly<Record<string, UsdPrice>>): string =>
  Object.entries(usd)
    .map(([name, price]) => `${name} ${priceText(name, price)}`)
    .join(', ') || 'none per token'

function priceText(name: string, price: UsdPrice): string {
  const per = isTokenName(name) ? '' : ' per thousand'
  if (typeof price === 'number') return `$${price}${per}`
  const above = Object.entries(price.above).map(([tokens, usd]) => `$${usd} above ${tokens} input tokens`)
  return [`$${price.base}`, ...above].join(', ') + per
}
