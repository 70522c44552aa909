import { entriesFor, entryAt, type PriceEntry, type PriceFile } from './price-file.ts'
import { findModel, type Price, type PriceRow, pricesAt, type TableModel } from './price-table.ts'
import { PRICE_TABLE_VERSION } from './prices.gen.ts'
import { isStandardTier, type TierRule, tierRule } from './service-tiers.ts'
import { type CallUsage, isPartOf, isTokenUnit, UNITS, type UnitName } from './units.ts'

/** One model call. */
export interface PricedCall extends CallUsage {
  /** A value of `gen_ai.provider.name`; without it the model's name decides. */
  provider?: string | undefined
  model: string
  /** When the call was made, Unix ms: prices change over time. */
  timestampMs: number
  /** The tier that served the call, as the answer names it. */
  serviceTier?: string | undefined
}

/** What a call cost. */
export interface CallPrice {
  /** In the currency, exact to a billionth. */
  amount: number
  /** The same in whole billionths, for sums without rounding errors. */
  nanoAmount: number
  currency: 'USD'
  tableVersion: string
}

/**
 * What a model call costs, or undefined when the model or its tier has no known price (never 0 for these: a free model
 * is 0, an unknown one is not).
 */
export type PriceOf = (call: PricedCall) => CallPrice | undefined

/** Models whose prices are remembered; on reaching it all are forgotten. Counted in models. */
export const MEMO_MODELS_MAX = 1_000

/** Longest model name that is looked up, in characters; beyond it nothing is a model. */
const MODEL_CHARACTERS_MAX = 256

/**
 * Prices calls by a user's prices, else by the table, which is that of @pydantic/genai-prices. In picodollars inside. A user's price of a model stands
 * for its standard tier only: what another tier of that model costs is then unknown, unless the file says it too.
 */
export function createPriceOf(file?: PriceFile): PriceOf {
  const known = modelMemo(file)
  return (call) => {
    const { serviceTier: tier, timestampMs } = call
    const { entries, model } = known(call.provider, call.model)
    const entry = entryAt(entries, tier, timestampMs)
    if (entry !== undefined && file !== undefined) return callPrice(picodollars(entry.prices, call), file.version)
    const prices = model === undefined ? undefined : pricesAt(model.list, timestampMs)
    if (model === undefined || prices === undefined || !isPriced(prices)) return undefined
    if (isStandardTier(tier)) return callPrice(picodollars(prices, call), PRICE_TABLE_VERSION)
    if (entryAt(entries, undefined, timestampMs) !== undefined) return undefined
    const rule = tierRule(model.provider, call.model, tier ?? '')
    return rule && callPrice(picodollars(prices, call, rule), PRICE_TABLE_VERSION)
  }
}

/** By the table alone. */
export const priceOf: PriceOf = createPriceOf()

/** A model that is billed by the hour, page or message only has no price for a call of tokens. */
export const isPriced = (row: PriceRow): boolean => ANY_OF.some((unit) => has(row, unit))

const has = (row: PriceRow, unit: number): boolean => (row[unit] ?? null) !== null

function callPrice(pico: number | undefined, tableVersion: string): CallPrice | undefined {
  if (pico === undefined || !Number.isFinite(pico)) return undefined
  const nanoAmount = Math.round(pico / 1_000)
  return { amount: nanoAmount / 1e9, nanoAmount, currency: 'USD', tableVersion }
}

const positionOf = (name: UnitName): number => UNITS.findIndex((unit) => unit.name === name)
const ANY_OF = (['input', 'output', 'request'] as const).map(positionOf)

/** A unit that a row has a price for. */
interface PricedUnit {
  readonly name: UnitName
  readonly position: number
  readonly count: keyof CallUsage | undefined
  readonly isToken: boolean
  readonly price: Exclude<Price, null>
  /** Positions of its parts that have a price of their own in the row. */
  readonly parts: readonly number[]
}

/** What a row has prices for, the more specific units first: once per row, so that a call costs nanoseconds. */
const pricedUnits = new WeakMap<PriceRow, readonly PricedUnit[]>()

function pricedUnitsOf(row: PriceRow): readonly PricedUnit[] {
  const known = pricedUnits.get(row)
  if (known !== undefined) return known
  const units = UNITS.flatMap((unit, position) => {
    const price = row[position] ?? null
    if (price === null) return []
    const parts = UNITS.flatMap((part, index) => (isPartOf(part, unit) && has(row, index) ? [index] : []))
    return [{ name: unit.name, position, count: unit.count, isToken: isTokenUnit(unit), price, parts }]
  }).sort((one, other) => one.parts.length - other.parts.length)
  pricedUnits.set(row, units)
  return units
}

/** What was counted of each unit, and what of it is in no priced part of it. Used within one call of a function only. */
const counted = new Float64Array(UNITS.length)
const left = new Float64Array(UNITS.length)

/**
 * The sum over the units that have a price of their own: every token is paid once, at its most specific price. Undefined where the counts do not say
 * which price a token has, or the tier's price is not known.
 */
function picodollars(row: PriceRow, call: PricedCall, rule?: TierRule): number | undefined {
  const units = pricedUnitsOf(row)
  const inputTokens = countUnits(units, call)
  if (rule?.inputTokensMax !== undefined && inputTokens > rule.inputTokensMax) return undefined
  if (overlapIsUnknown(row, call) || hourIsUnknown(row, call)) return undefined
  let tokens = 0
  let others = 0
  for (const { position, isToken, parts, name, price } of units) {
    let rest = at(position)
    for (const part of parts) rest -= left[part] ?? 0
    left[position] = rest = Math.max(rest, 0)
    if (rest === 0) continue
    if (rule?.units !== undefined && !rule.units.includes(name)) return undefined
    const cost = unitPrice(price, inputTokens) * rest
    if (isToken) tokens += cost
    else others += cost
  }
  return tokens * (rule?.factor ?? 1) + others
}

/**
 * Fills `counted`; gives the size of the whole input. Some libraries count cached tokens beside the input instead of within it: where the parts exceed
 * the whole, they are taken as beside it.
 */
function countUnits(units: readonly PricedUnit[], call: PricedCall): number {
  for (const { position, count } of units) counted[position] = count === undefined ? 1 : pieces(call[count])
  const cachedParts = pieces(call.audioCacheReadTokens) + pieces(call.imageCacheReadTokens)
  const read = Math.max(pieces(call.cacheReadTokens), cachedParts)
  const write = Math.max(pieces(call.cacheWriteTokens), pieces(call.cacheWrite1hTokens))
  const within = pieces(call.inputTokens)
  const input = within + (read + write > within ? read + write : 0)
  counted[INPUT] = input
  counted[CACHE_READ] = read
  counted[CACHE_WRITE] = write
  counted[REASONING] = Math.min(pieces(call.reasoningTokens), pieces(call.outputTokens))
  return input
}

/** Cached tokens and audio tokens, and nobody says how many are both: where that has a price of its own there is no right one. */
const overlapIsUnknown = (row: PriceRow, call: PricedCall): boolean =>
  at(CACHE_READ) > 0 &&
  ((call.audioCacheReadTokens === undefined && pieces(call.audioInputTokens) > 0 && has(row, AUDIO_READ)) ||
    (call.imageCacheReadTokens === undefined && pieces(call.imageInputTokens) > 0 && has(row, IMAGE_READ)))

/** Where a cache has a price, an hour in it has another one; the table does not know it for every reseller. */
const hourIsUnknown = (row: PriceRow, call: PricedCall): boolean =>
  pieces(call.cacheWrite1hTokens) > 0 && has(row, CACHE_WRITE) && !has(row, CACHE_WRITE_1H)

/** Context tiers are chosen by the size of the whole input and then hold for every token of the call. */
function unitPrice(price: Exclude<Price, null>, inputTokens: number): number {
  if (typeof price === 'number') return price
  let chosen = price[0] ?? 0
  for (let index = 1; index + 1 < price.length; index += 2) {
    if (inputTokens > (price[index] ?? Infinity)) chosen = price[index + 1] ?? chosen
  }
  return chosen
}

const at = (position: number): number => counted[position] ?? 0
const pieces = (count: number | undefined): number => (count !== undefined && !(count <= 0) ? count : 0)

const INPUT = positionOf('input')
const CACHE_READ = positionOf('cache_read')
const CACHE_WRITE = positionOf('cache_write')
const CACHE_WRITE_1H = positionOf('cache_write_1h')
const AUDIO_READ = positionOf('audio_cache_read')
const IMAGE_READ = positionOf('image_cache_read')
const REASONING = positionOf('reasoning')

/** What is known of a model: the entries of the user's file, and the model of the table. */
export interface KnownModel {
  readonly entries: readonly PriceEntry[]
  readonly model: TableModel | undefined
}

/** Finds what is known of a model, and remembers it. By provider, then by model: no key has to be put together. */
export function modelMemo(file: PriceFile | undefined): (provider: string | undefined, model: string) => KnownModel {
  const memo = new Map<string, Map<string, KnownModel>>()
  let models = 0
  return (provider = '', model) => {
    if (model.length > MODEL_CHARACTERS_MAX) return NOTHING
    const known = memo.get(provider)?.get(model)
    if (known !== undefined) return known
    if (models >= MEMO_MODELS_MAX) {
      memo.clear()
      models = 0
    }
    const owner = provider === '' ? undefined : provider
    const found: KnownModel = {
      entries: file === undefined ? [] : entriesFor(file, owner, model),
      model: findModel(owner, model),
    }
    const ofProvider = memo.get(provider) ?? new Map<string, KnownModel>()
    memo.set(provider, ofProvider.set(model, found))
    models++
    return found
  }
}

const NOTHING: KnownModel = { entries: [], model: undefined }
