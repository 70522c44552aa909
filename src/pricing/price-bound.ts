import type { PriceEntry, PriceFile } from './price-file.ts'
import { isPriced, modelMemo } from './price-of.ts'
import type { Price, PriceList, PriceRow } from './price-table.ts'
import { isStandardTier, tierRule } from './service-tiers.ts'
import { isPartOf, UNITS } from './units.ts'
import type { Unit, UnitName } from './units.ts'

/** What a call that is not made yet can use at most. */
export interface UsageBound {
  /** A value of `gen_ai.provider.name`; without it the model's name decides. */
  readonly provider?: string | undefined
  readonly model: string
  /** Now, Unix ms: prices of a day before and after count too, so that no clock and no midnight makes the bound wrong. */
  readonly atMs: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Whether the input can be other than text: audio has prices of its own. What comes out can be anything that the model has a price for. */
  readonly hasMedia?: boolean
  /** Whether some of it may be written to a cache for an hour, which has to be asked for. Default: yes. */
  readonly isCachedForAnHour?: boolean
  readonly webSearches?: number
  readonly fileSearches?: number
  /** Tiers that are asked for; all of them together, where there are several (speed and place). */
  readonly tiers?: readonly string[]
  /** Tiers of which the provider may choose one without being asked, such as one that a project is set to. Those without a known price are passed over. */
  readonly mayServe?: readonly string[]
}

/** The most that the call can cost in nano-USD; undefined when a price is not known that may apply. */
export type PriceBoundOf = (usage: UsageBound) => number | undefined

/** How far from now a call may be priced. */
const WINDOW_MS = 86_400_000

/**
 * Bounds the price that `createPriceOf` with the same file gives to any use within the bound: every token at the dearest of the prices that it may
 * have, as read from or written to a cache for five minutes or an hour, in short or long context, at any hour of the day, in every tier that may serve it.
 */
export function createPriceBoundOf(file?: PriceFile): PriceBoundOf {
  const known = modelMemo(file)
  return (usage) => {
    const { provider, model: name, atMs, tiers = [], mayServe = [] } = usage
    const { entries, model } = known(provider, name)
    const asked = tiers.filter((tier) => !isStandardTier(tier))
    const standard = fileRows(entries, undefined, atMs)
    const rows = standard.isWhole ? standard.rows : [...standard.rows, ...tableRows(model?.list, atMs)]
    if (rows.length === 0 || !rows.every(isPriced)) return undefined
    let factor = 1
    for (const tier of asked) {
      const own = fileRows(entries, tier, atMs)
      rows.push(...own.rows)
      if (own.isWhole) continue
      const rule = model === undefined || standard.rows.length > 0 ? undefined : tierRule(model.provider, name, tier)
      if (rule === undefined) return undefined
      // A provider may fall back to the standard tier.
      factor *= Math.max(1, rule.factor)
    }
    let served = 1
    for (const tier of mayServe) {
      rows.push(...fileRows(entries, tier, atMs).rows)
      served = Math.max(served, (model && tierRule(model.provider, name, tier)?.factor) ?? 1)
    }
    factor *= served
    const most = rows.map((row) => mostOf(row, usage, factor))
    return most.includes(undefined) ? undefined : Math.ceil(Math.max(...most.map(Number)) / 1_000)
  }
}

/** By the table alone. */
export const priceBoundOf: PriceBoundOf = createPriceBoundOf()

/** Picodollars; undefined where there may be something without a price. */
function mostOf(row: PriceRow, usage: UsageBound, factor: number): number | undefined {
  const {
    inputTokens,
    outputTokens,
    hasMedia = false,
    isCachedForAnHour = true,
    webSearches = 0,
    fileSearches = 0,
  } = usage
  const at = (name: UnitName): number => dearest(row[POSITIONS[name]] ?? null, inputTokens)
  const cached = Math.max(at('cache_write'), isCachedForAnHour ? at('cache_write_1h') : 0, at('cache_read'))
  let input = Math.max(at('input'), cached)
  if (hasMedia)
    for (const unit of UNITS)
      // A token that is media and cached, where nobody has a price for both, is paid twice.
      if (MEDIA.has(unit.name) && at(unit.name) > 0) input = Math.max(input, at(unit.name) + cached)
  const output = Math.max(...OUTPUTS.map(at))
  const searches = [
    [webSearches, row[POSITIONS.web_search]],
    [fileSearches, row[POSITIONS.file_search]],
  ] as const
  let others = at('request')
  for (const [count, price] of searches) {
    if (count === 0) continue
    if (price === undefined || price === null) return undefined
    others += count * dearest(price, inputTokens)
  }
  // Factors such as 5/3 are not exact.
  const tokens = (inputTokens * input + outputTokens * output) * factor
  const most = (factor === 1 ? tokens : tokens * (1 + 1e-12)) + others
  return Number.isFinite(most) ? most : undefined
}

/** A tier of context counts when the input can reach it. */
function dearest(price: Price, inputTokens: number): number {
  if (price === null) return 0
  if (typeof price === 'number') return price
  let most = price[0] ?? 0
  for (let i = 1; i + 1 < price.length; i += 2)
    if (inputTokens > (price[i] ?? Infinity)) most = Math.max(most, price[i + 1] ?? 0)
  return most
}

/** The rows of the file that a call around now may be priced by; `isWhole` when the table has no say in it. */
function fileRows(entries: readonly PriceEntry[], tier: string | undefined, atMs: number): FileRows {
  const rows: PriceRow[] = []
  for (const entry of entries) {
    const isOf = entry.tier === tier || (isStandardTier(entry.tier) && isStandardTier(tier))
    if (!isOf || entry.fromMs > atMs + WINDOW_MS || entry.toMs <= atMs - WINDOW_MS) continue
    rows.push(entry.prices)
    if (entry.fromMs <= atMs - WINDOW_MS && entry.toMs > atMs + WINDOW_MS) return { rows, isWhole: true }
  }
  return { rows, isWhole: false }
}

interface FileRows {
  readonly rows: PriceRow[]
  readonly isWhole: boolean
}

/** The last entry that holds counts: those before one that held a day ago and holds since are over. */
function tableRows(list: PriceList | undefined, atMs: number): PriceRow[] {
  const rows: PriceRow[] = []
  for (const { from, prices } of list ?? []) {
    if (typeof from === 'number') {
      if (from > atMs + WINDOW_MS) continue
      if (from <= atMs - WINDOW_MS) rows.length = 0
    }
    rows.push(prices)
  }
  return rows.length > 0 || list?.[0] === undefined ? rows : [list[0].prices]
}

const whole = (name: UnitName): Unit | undefined => UNITS.find((unit) => unit.name === name)
const partsOf = (name: UnitName): UnitName[] => {
  const of = whole(name)
  return UNITS.filter((unit) => of !== undefined && isPartOf(unit, of)).map((unit) => unit.name)
}

const CACHES: ReadonlySet<UnitName> = new Set(['cache_read', 'cache_write', 'cache_write_1h'])
const MEDIA: ReadonlySet<UnitName> = new Set(partsOf('input').filter((name) => !CACHES.has(name)))
const OUTPUTS: readonly UnitName[] = ['output', ...partsOf('output')]
const POSITIONS = Object.fromEntries(UNITS.map(({ name }, position) => [name, position])) as Record<UnitName, number>
