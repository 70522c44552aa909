import { entriesFor, type PriceEntry, type PriceFile } from '../pricing/price-file.ts'
import { isPriced } from '../pricing/price-of.ts'
import { type Condition, findModel, type Match, type Price, type PriceRow, pricesAt } from '../pricing/price-table.ts'
import { PRICE_TABLE_VERSION } from '../pricing/prices.gen.ts'
import { tierRulesOf } from '../pricing/service-tiers.ts'
import { isTokenUnit, UNITS } from '../pricing/units.ts'

/** What is known of the price of one model. */
export interface PriceCard {
  readonly model: string
  /** Who sells it, as the price table names it. */
  readonly provider: string | undefined
  /** False: a call of it gets no amount now. */
  readonly priced: boolean
  /** One after the other as they are looked at: the first that holds counts. */
  readonly prices: readonly PriceLine[]
  readonly tiers: readonly TierLine[]
}

export interface PriceLine {
  /** Version of the table or file it stands in. */
  readonly source: string
  /** What the table compared the name with. */
  readonly match: string | undefined
  readonly tier: string | undefined
  readonly when: string
  /** This is the one that counts at the moment that was asked for. */
  readonly holds: boolean
  /** By unit: USD per million tokens, or per thousand searches or requests. */
  readonly usd: Readonly<Record<string, UsdPrice>>
}
export type UsdPrice = number | { readonly base: number; readonly above: Readonly<Record<string, number>> }

export interface TierLine {
  readonly tiers: readonly string[]
  readonly factor: number
  readonly units: readonly string[] | undefined
  readonly inputTokensMax: number | undefined
  readonly source: string
}

/** The card of a model under a provider (or whichever its name says), with a user's prices before the table's. */
export function priceCard(
  model: string,
  provider: string | undefined,
  atMs: number,
  file: PriceFile | undefined,
): PriceCard {
  const found = findModel(provider, model)
  // A model that was named without its provider is looked up under the one that sells it, as its calls are.
  const entries = file === undefined ? [] : entriesFor(file, provider ?? found?.provider, model)
  const own = entries.find((entry) => entry.tier === undefined && atMs >= entry.fromMs && atMs < entry.toMs)
  const now = found && pricesAt(found.list, atMs)
  const table = (found?.list ?? []).toReversed().map(({ from, prices }) => ({
    source: PRICE_TABLE_VERSION,
    match: matchText(found?.match ?? ''),
    tier: undefined,
    when: conditionText(from),
    holds: own === undefined && prices === now,
    usd: usdOf(prices),
  }))
  return {
    model,
    provider: found?.provider ?? own?.provider,
    priced: own !== undefined || (now !== undefined && isPriced(now)),
    prices: [...entries.map((entry) => entryLine(entry, atMs, file?.version ?? 'file')), ...table],
    tiers:
      found === undefined || now === undefined || !isPriced(now) || own !== undefined
        ? []
        : tierRulesOf(found.provider, model).map(tierLine),
  }
}

/** Rows as people write them. */
export const usdOf = (row: PriceRow): Record<string, UsdPrice> =>
  Object.fromEntries(
    UNITS.flatMap((unit, position) => {
      const price = row[position]
      return price === null || price === undefined ? [] : [[unit.name, usd(price, isTokenUnit(unit) ? 1e6 : 1e9)]]
    }),
  )

/** `=gpt-4o`, `^gpt-4o-`, or several with `|` between them. */
export function matchText(match: Match): string {
  if (typeof match === 'string') return match
  const [kind, ...parts] = match
  return parts.map(matchText).join(kind === '|' ? ' | ' : ' & ')
}

/** A name that the match takes. */
export function exampleOf(match: Match): string {
  const parts = matchText(match).split(/ [|&] /)
  return (parts.find((part) => part.startsWith('=')) ?? parts[0] ?? '').slice(1)
}

const tierLine = ({
  tiers,
  factor,
  units,
  inputTokensMax,
  source,
}: ReturnType<typeof tierRulesOf>[number]): TierLine => ({
  tiers,
  factor,
  units,
  inputTokensMax,
  source,
})

const entryLine = (entry: PriceEntry, atMs: number, source: string): PriceLine => ({
  source,
  match: entry.model,
  tier: entry.tier,
  when: [
    Number.isFinite(entry.fromMs) ? `since ${dateText(entry.fromMs)}` : undefined,
    Number.isFinite(entry.toMs) ? `until ${dateText(entry.toMs)}` : undefined,
  ]
    .filter(Boolean)
    .join(' '),
  holds: atMs >= entry.fromMs && atMs < entry.toMs,
  usd: usdOf(entry.prices),
})

function usd(price: Exclude<Price, null>, picoPerUsd: number): UsdPrice {
  const amount = (pico: number | undefined): number => Number(((pico ?? 0) / picoPerUsd).toPrecision(12))
  if (typeof price === 'number') return amount(price)
  const steps = price.slice(1)
  const above = steps.flatMap((tokens, index) => (index % 2 === 0 ? [[String(tokens), amount(steps[index + 1])]] : []))
  return { base: amount(price[0]), above: Object.fromEntries(above) }
}

function conditionText(from: Condition): string {
  if (from === 0) return ''
  if (typeof from === 'number') return `since ${dateText(from)}`
  return `${timeText(from[0])} to ${timeText(from[1])} UTC`
}

const dateText = (ms: number): string => new Date(ms).toISOString().replace('T00:00:00.000Z', '')
const timeText = (second: number): string => new Date(second * 1_000).toISOString().slice(11, 16)
