import { type Price, type PriceList, type Prices, findPriceList, pricesAt } from './price-table.ts'
import { PRICE_TABLE_VERSION } from './prices.gen.ts'

/** One model call. Token counts follow the GenAI conventions: cache tokens are parts of input, reasoning of output. */
export interface PricedCall {
  /** A value of `gen_ai.provider.name`; without it the model's name decides. */
  provider?: string | undefined
  model: string
  inputTokens: number
  outputTokens: number
  cacheReadTokens?: number | undefined
  cacheWriteTokens?: number | undefined
  reasoningTokens?: number | undefined
  /** When the call was made, Unix ms: prices change over time. */
  timestampMs: number
  /** The tier that served the call, as `openai.response.service_tier` has it. */
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

/** Models whose prices are remembered; on reaching it all are forgotten. Counted in models. */
export const MEMO_MODELS_MAX = 1_000

/** Longest model name that is looked up, in characters; beyond it nothing is a model. */
const MODEL_CHARACTERS_MAX = 256

/**
 * What a model call costs, or undefined when the model or its tier has no known price (never 0 for these: a free model
 * is 0, an unknown one is not). Prices are those of @pydantic/genai-prices, in picodollars inside.
 *
 * Some libraries count cached tokens beside the input instead of within it. Where the parts exceed the whole, they
 * are taken as beside it.
 */
export function priceOf(call: PricedCall): CallPrice | undefined {
  const list = priceListOf(call.provider, call.model)
  const prices = list === undefined ? undefined : pricesAt(list, call.timestampMs)
  if (prices === undefined || !isPriced(prices)) return undefined
  const multiplier = tierMultiplier(call.serviceTier, call.provider, call.model)
  if (multiplier === undefined) return undefined
  const nanoAmount = Math.round((picodollars(prices, call) * multiplier) / 1_000)
  if (!Number.isFinite(nanoAmount)) return undefined
  return { amount: nanoAmount / 1e9, nanoAmount, currency: 'USD', tableVersion: PRICE_TABLE_VERSION }
}

function picodollars(prices: Prices, call: PricedCall): number {
  const { input, output, cacheRead, cacheWrite, reasoning, request } = prices
  const readTokens = count(call.cacheReadTokens)
  const writeTokens = count(call.cacheWriteTokens)
  const beside = readTokens + writeTokens > count(call.inputTokens)
  const inputTokens = count(call.inputTokens) + (beside ? readTokens + writeTokens : 0)
  const reasoningTokens = Math.min(count(call.reasoningTokens), count(call.outputTokens))
  const plainInput =
    inputTokens - (cacheRead === undefined ? 0 : readTokens) - (cacheWrite === undefined ? 0 : writeTokens)
  const plainOutput = count(call.outputTokens) - (reasoning === undefined ? 0 : reasoningTokens)
  return (
    unitPrice(input, inputTokens) * plainInput +
    unitPrice(output, inputTokens) * plainOutput +
    unitPrice(cacheRead, inputTokens) * readTokens +
    unitPrice(cacheWrite, inputTokens) * writeTokens +
    unitPrice(reasoning, inputTokens) * reasoningTokens +
    unitPrice(request, inputTokens)
  )
}

/** Tiers are chosen by the size of the whole input and then hold for every token of the call. */
function unitPrice(price: Price, inputTokens: number): number {
  if (price === undefined || typeof price === 'number') return price ?? 0
  let chosen = price[0] ?? 0
  for (let index = 1; index + 1 < price.length; index += 2) {
    if (inputTokens > (price[index] ?? Infinity)) chosen = price[index + 1] ?? chosen
  }
  return chosen
}

const count = (tokens: number | undefined): number => (tokens !== undefined && tokens > 0 ? tokens : 0)

/** A model that is billed by the hour, page or picture only has no price for a call of tokens. */
const isPriced = ({ input, output, request }: Prices): boolean =>
  input !== undefined || output !== undefined || request !== undefined

/**
 * Service tiers are not in the table. OpenAI: flex and batch cost half; priority costs double from GPT-5 on, for older
 * models the factor differs per model. Anthropic and Google: batch costs half.
 */
function tierMultiplier(tier: string | undefined, provider: string | undefined, model: string): number | undefined {
  switch (tier) {
    case 'flex':
    case 'batch':
      return 0.5
    case 'priority':
      if (provider?.includes('openai') !== true) return 1
      return /^gpt-[5-9]/.test(model) ? 2 : undefined
    default:
      return 1
  }
}

/** By provider, then by model: no key has to be put together. */
const memo = new Map<string, Map<string, PriceList | null>>()
let memoModels = 0

function priceListOf(provider: string | undefined, model: string): PriceList | undefined {
  if (model.length > MODEL_CHARACTERS_MAX) return undefined
  const known = memo.get(provider ?? '')?.get(model)
  if (known !== undefined) return known ?? undefined
  if (memoModels >= MEMO_MODELS_MAX) {
    memo.clear()
    memoModels = 0
  }
  const found = findPriceList(provider, model)
  const models = memo.get(provider ?? '') ?? new Map<string, PriceList | null>()
  memo.set(provider ?? '', models.set(model, found ?? null))
  memoModels++
  return found
}
