import { providerId, type Price, type PriceRow } from './price-table.ts'
import { isStandardTier } from './service-tiers.ts'
import { UNITS } from './units.ts'

/** Prices of a user, which come before the table's. */
export interface PriceFile {
  /** What `spanwarden.price_table.version` says of an amount out of the file. */
  readonly version: string
  /** The first that fits counts. */
  readonly entries: readonly PriceEntry[]
}

export interface PriceEntry {
  /** As providerId gives it; absent = any. */
  readonly provider: string | undefined
  /** Lower case; `*` stands for any characters. */
  readonly model: string
  /** Absent = the standard tier. */
  readonly tier: string | undefined
  readonly fromMs: number
  /** Exclusive. */
  readonly toMs: number
  readonly prices: PriceRow
}

/** One thing that is wrong in a price file: where, and what. Without values. */
export interface PriceFileProblem {
  readonly path: string
  readonly message: string
}

/** Largest price file that is read, in bytes. */
export const PRICE_FILE_BYTES_MAX = 4 * 1024 * 1024
/** Most entries of a price file. */
export const PRICE_FILE_ENTRIES_MAX = 10_000
/** Longest text in a price file, in characters. */
const TEXT_CHARACTERS_MAX = 256
/** A hundred thousand dollars per million: beyond it somebody wrote another unit. */
const USD_PER_MILLION_MAX = 100_000_000

/**
 * Reads a price file, with every problem at once:
 *
 * ```json
 * { "version": "contract-7",
 *   "prices": [{ "provider": "openai", "model": "gpt-5*", "tier": "priority", "from": "2026-01-01", "to": "2027-01-01",
 *                "usd_per_million": { "input": { "base": 2.5, "above": { "272000": 5 } }, "output": 20, "cache_read": 0.25, "request": 0 } }] }
 * ```
 * `model` and `usd_per_million` are required, in it `input` and `output`, or `request`. Units are those of UNITS; a unit without a price is paid as
 * the whole it is part of.
 */
export function parsePriceFile(text: string): { file: PriceFile | undefined; problems: readonly PriceFileProblem[] } {
  const problems: PriceFileProblem[] = []
  const report: Report = (path, message) => void problems.push({ path, message })
  const root = record(parsed(text, report), '', report, ['version', 'currency', 'prices'])
  if (root === undefined) return { file: undefined, problems }
  const version = root['version'] === undefined ? undefined : word(root['version'], 'version', report)
  if (version !== undefined && !/^[\w.:+-]{1,64}$/.test(version))
    report('version', 'is to be at most 64 letters, digits and . : + _ -')
  if (root['currency'] !== undefined && root['currency'] !== 'USD') report('currency', 'can only be USD')
  const entries = entriesOf(root['prices'], report)
  if (problems.length > 0) return { file: undefined, problems }
  return { file: { version: version === undefined ? 'file' : `file-${version}`, entries }, problems }
}

/** The first entry for a call, or undefined. `entries` are those of the model. */
export const entryAt = (
  entries: readonly PriceEntry[],
  tier: string | undefined,
  timestampMs: number,
): PriceEntry | undefined =>
  entries.find(
    (entry) =>
      (entry.tier === tier || (isStandardTier(entry.tier) && isStandardTier(tier))) &&
      timestampMs >= entry.fromMs &&
      timestampMs < entry.toMs,
  )

/** The entries for a model, in their order. */
export function entriesFor(file: PriceFile, provider: string | undefined, model: string): readonly PriceEntry[] {
  const name = model.toLowerCase().trim()
  const id = provider === undefined ? undefined : providerId(provider)
  return file.entries.filter(
    (entry) => (entry.provider === undefined || entry.provider === id) && fits(entry.model, name),
  )
}

/** `*` stands for any characters, none included. Takes linear time for every pattern. */
function fits(pattern: string, name: string): boolean {
  const parts = pattern.split('*')
  const [first = ''] = parts
  if (parts.length === 1) return first === name
  const last = parts.at(-1) ?? ''
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > name.length - last.length) return false
    at = found + part.length
  }
  return true
}

type Report = (path: string, message: string) => void
type Fields = Readonly<Record<string, unknown>>

function parsed(text: string, report: Report): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    // The parser's message quotes the text.
    const at = error instanceof Error ? /line \d+ column \d+|position \d+/.exec(error.message)?.[0] : undefined
    report('', at === undefined ? 'is no JSON' : `is no JSON at ${at}`)
    return undefined
  }
}

function entriesOf(value: unknown, report: Report): readonly PriceEntry[] {
  if (!Array.isArray(value)) {
    report('prices', 'is to be a list')
    return []
  }
  if (value.length > PRICE_FILE_ENTRIES_MAX) {
    report('prices', `has more than ${PRICE_FILE_ENTRIES_MAX} entries`)
    return []
  }
  const seen = new Map<string, number>()
  return value.flatMap((item: unknown, index) => {
    const path = `prices[${index}]`
    const entry = entryOf(item, path, report)
    if (entry === undefined) return []
    const key = JSON.stringify([entry.provider, entry.model, entry.tier, entry.fromMs, entry.toMs])
    const earlier = seen.get(key)
    if (earlier !== undefined) report(path, `repeats prices[${earlier}]`)
    seen.set(key, index)
    return [entry]
  })
}

const ENTRY_FIELDS = ['provider', 'model', 'tier', 'from', 'to', 'usd_per_million']

function entryOf(value: unknown, path: string, report: Report): PriceEntry | undefined {
  const fields = record(value, path, report, ENTRY_FIELDS)
  if (fields === undefined) return undefined
  const optional = (key: string): string | undefined =>
    fields[key] === undefined ? undefined : word(fields[key], `${path}.${key}`, report)
  const provider = optional('provider')
  const model = word(fields['model'], `${path}.model`, report)
  const fromMs = dateOf(optional('from'), `${path}.from`, report) ?? -Infinity
  const toMs = dateOf(optional('to'), `${path}.to`, report) ?? Infinity
  if (fromMs >= toMs) report(path, '`to` is not after `from`')
  const prices = rowOf(fields['usd_per_million'], `${path}.usd_per_million`, report)
  if (model === undefined || prices === undefined) return undefined
  return {
    provider: provider === undefined ? undefined : providerId(provider),
    model: model.toLowerCase(),
    tier: optional('tier'),
    fromMs,
    toMs,
    prices,
  }
}

function rowOf(value: unknown, path: string, report: Report): PriceRow | undefined {
  const fields = record(
    value,
    path,
    report,
    UNITS.map(({ name }) => name),
  )
  if (fields === undefined) return undefined
  const has = (name: string): boolean => fields[name] !== undefined
  if (!has('request') && !(has('input') && has('output'))) report(path, 'needs `input` and `output`, or `request`')
  return UNITS.map(({ name }) => (has(name) ? priceOf(fields[name], `${path}.${name}`, report) : null))
}

function priceOf(value: unknown, path: string, report: Report): Price {
  if (typeof value === 'number') return picodollars(value, path, report)
  const fields = record(value, path, report, ['base', 'above'], 'a number, or an object with `base` and `above`')
  if (fields === undefined) return null
  const above = fields['above'] === undefined ? {} : record(fields['above'], `${path}.above`, report)
  const steps = Object.entries(above ?? {}).map(([tokens, price]) => {
    if (!/^\d{1,9}$/.test(tokens)) report(`${path}.above`, 'its names are to be numbers of input tokens')
    return [Number(tokens), picodollars(price, `${path}.above.${tokens.slice(0, 9)}`, report)] as const
  })
  steps.sort(([a], [b]) => a - b)
  return [picodollars(fields['base'], `${path}.base`, report), ...steps.flat()]
}

function picodollars(value: unknown, path: string, report: Report): number {
  if (typeof value === 'number' && value >= 0 && value <= USD_PER_MILLION_MAX) return Math.round(value * 1e6)
  report(path, 'is to be a number of USD per million, 0 or more')
  return 0
}

/** `2026-11-21`, midnight UTC, or a moment with its zone. */
function dateOf(text: string | undefined, path: string, report: Report): number | undefined {
  if (text === undefined) return undefined
  const known = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.exec(text)
  const ms = known === null ? Number.NaN : Date.parse(text)
  // Date.parse takes the 31st of every month.
  const day = known?.[1] ?? ''
  if (!Number.isNaN(ms) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)) return ms
  report(path, 'is to be a date (2026-11-21) or a moment with its zone (2026-11-21T10:00:00Z)')
  return undefined
}

function word(value: unknown, path: string, report: Report): string | undefined {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= TEXT_CHARACTERS_MAX) return value.trim()
  report(path, `is to be a text of 1 to ${TEXT_CHARACTERS_MAX} characters`)
  return undefined
}

/** The fields of an object; `known` names what it may have. */
function record(
  value: unknown,
  path: string,
  report: Report,
  known?: readonly string[],
  what = 'an object',
): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    // Text that is no JSON was reported before.
    if (path !== '' || value !== undefined) report(path, `is to be ${what}`)
    return undefined
  }
  const fields: Fields = Object.fromEntries(Object.entries(value))
  for (const key of Object.keys(fields)) {
    if (known === undefined || known.includes(key)) continue
    // A long or odd name is a value that slipped out of its place.
    const name = /^\w{1,40}$/.test(key) ? `\`${key}\`` : 'a name'
    report(path, `has ${name} that is not known; known are ${known.join(', ')}`)
  }
  return fields
}
