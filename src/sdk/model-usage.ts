import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_AUDIO_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_IMAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_TEXT_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_TEXT_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_TEXT_OUTPUT_TOKENS,
  ATTR_SPANWARDEN_COST_AMOUNT,
  ATTR_SPANWARDEN_COST_CURRENCY,
  ATTR_SPANWARDEN_COST_SOURCE,
  ATTR_SPANWARDEN_PRICE_TABLE_VERSION,
  ATTR_SPANWARDEN_SERVICE_TIER,
  ATTR_SPANWARDEN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS,
  ATTR_SPANWARDEN_USAGE_ESTIMATE_INPUT_TOKENS,
  ATTR_SPANWARDEN_USAGE_ESTIMATE_OUTPUT_TOKENS,
  ATTR_SPANWARDEN_USAGE_FILE_SEARCHES,
  ATTR_SPANWARDEN_USAGE_SOURCE,
  ATTR_SPANWARDEN_USAGE_WEB_SEARCHES,
  SPANWARDEN_COST_CURRENCY_VALUE_USD,
  SPANWARDEN_COST_SOURCE_VALUE_LOCAL,
  SPANWARDEN_COST_SOURCE_VALUE_PROVIDER,
  SPANWARDEN_COST_SOURCE_VALUE_UNKNOWN,
  SPANWARDEN_USAGE_SOURCE_VALUE_PARTIAL,
  SPANWARDEN_USAGE_SOURCE_VALUE_UNKNOWN,
} from '../conventions.ts'
import type { CallPrice } from '../pricing/price-of.ts'
import { isStandardTier } from '../pricing/service-tiers.ts'
import { priceOf } from './prices.ts'

/** Tokens of one call as the conventions count them: cached ones are part of the input, reasoning is part of the output. */
export interface TokenUsage {
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
  readonly cacheReadTokens: number | undefined
  readonly cacheWriteTokens: number | undefined
  readonly reasoningTokens: number | undefined
  /** Those of `cacheWriteTokens` that stay for an hour: they cost more. */
  readonly cacheWrite1hTokens?: number | undefined
  readonly textInputTokens?: number | undefined
  readonly imageInputTokens?: number | undefined
  readonly audioInputTokens?: number | undefined
  /** Priced, but of no name in the conventions. */
  readonly videoInputTokens?: number | undefined
  readonly textOutputTokens?: number | undefined
  readonly imageOutputTokens?: number | undefined
  readonly audioOutputTokens?: number | undefined
  /** Parts of `cacheReadTokens`. Say 0 where the provider tells them and there are none: absent = nobody knows. */
  readonly textCacheReadTokens?: number | undefined
  readonly imageCacheReadTokens?: number | undefined
  readonly audioCacheReadTokens?: number | undefined
  /** What is paid, where that is not what the model read and wrote: Cohere charges neither its own prompts nor what it had cached. */
  readonly billed?: { readonly inputTokens: number; readonly outputTokens: number } | undefined
  /** Searches that the provider made for the call and bills by the piece. */
  readonly webSearches?: number | undefined
  readonly fileSearches?: number | undefined
  /** The tier that served the call as the answer names it, where `openai.response.service_tier` does not: `batch`, `flex`, `fast`. */
  readonly serviceTier?: string | undefined
  /** What other models used that the provider asked for this answer (an advisor): part of its cost, not of its counts. */
  readonly otherModels?: readonly { readonly model: string; readonly usage: TokenUsage }[] | undefined
  /** The answer broke off: these are the counts that had been sent by then, the real ones are at least as high. */
  readonly partial?: boolean | undefined
  /** What the provider says that the call cost, in USD. */
  readonly costUsd?: number | undefined
}

export interface CostedCall {
  readonly provider: string
  /** The model that answered, then the one that was asked for: a deployment or a router can answer with a name that no price list has. */
  readonly models: readonly (string | undefined)[]
  readonly usage: TokenUsage
  /** As the answer names it: batch and flex cost less, priority more. */
  readonly serviceTier: string | undefined
  readonly timestampMs: number
}

/** The usage attributes of what is known; nothing for what the provider did not send. */
export function usageAttributes(usage: TokenUsage): Attributes {
  const attributes: Attributes = {}
  const set = (key: string, tokens: number | undefined): void => {
    if (tokens !== undefined) attributes[key] = tokens
  }
  set(ATTR_GEN_AI_USAGE_INPUT_TOKENS, usage.inputTokens)
  set(ATTR_GEN_AI_USAGE_OUTPUT_TOKENS, usage.outputTokens)
  set(ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, usage.cacheReadTokens)
  set(ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, usage.cacheWriteTokens)
  set(ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, usage.reasoningTokens)
  set(ATTR_SPANWARDEN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS, usage.cacheWrite1hTokens || undefined)
  set(ATTR_SPANWARDEN_USAGE_WEB_SEARCHES, usage.webSearches || undefined)
  set(ATTR_SPANWARDEN_USAGE_FILE_SEARCHES, usage.fileSearches || undefined)
  set(ATTR_GEN_AI_USAGE_TEXT_INPUT_TOKENS, usage.textInputTokens || undefined)
  set(ATTR_GEN_AI_USAGE_IMAGE_INPUT_TOKENS, usage.imageInputTokens || undefined)
  set(ATTR_GEN_AI_USAGE_AUDIO_INPUT_TOKENS, usage.audioInputTokens || undefined)
  set(ATTR_GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, usage.textOutputTokens || undefined)
  set(ATTR_GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS, usage.imageOutputTokens || undefined)
  set(ATTR_GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, usage.audioOutputTokens || undefined)
  setCachedModalities(usage, set)
  if (!isStandardTier(usage.serviceTier)) attributes[ATTR_SPANWARDEN_SERVICE_TIER] = usage.serviceTier
  return attributes
}

/** A 0 is told where there is something it can be confused with: who prices the span later must know that the parts do not overlap. */
function setCachedModalities(usage: TokenUsage, set: (key: string, tokens: number | undefined) => void): void {
  if (!usage.cacheReadTokens) return
  const told = (cached: number | undefined, all: number | undefined): number | undefined =>
    all ? cached : cached || undefined
  set(ATTR_GEN_AI_USAGE_TEXT_CACHE_READ_INPUT_TOKENS, usage.textCacheReadTokens || undefined)
  set(ATTR_GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS, told(usage.imageCacheReadTokens, usage.imageInputTokens))
  set(ATTR_GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS, told(usage.audioCacheReadTokens, usage.audioInputTokens))
}

/**
 * What is said of a call whose provider did not count its tokens, or not to the end; undefined when it did. Estimates stand beside the
 * counts, never in their place.
 */
export function usageEstimate(
  usage: TokenUsage | undefined,
  inputCharacters: (() => number) | undefined,
  outputCharacters: number | undefined,
): Attributes | undefined {
  if (usage !== undefined && usage.partial !== true && usage.inputTokens !== undefined) return undefined
  const attributes: Attributes = {
    [ATTR_SPANWARDEN_USAGE_SOURCE]:
      usage?.partial === true ? SPANWARDEN_USAGE_SOURCE_VALUE_PARTIAL : SPANWARDEN_USAGE_SOURCE_VALUE_UNKNOWN,
  }
  if (usage?.inputTokens === undefined && inputCharacters !== undefined)
    attributes[ATTR_SPANWARDEN_USAGE_ESTIMATE_INPUT_TOKENS] = tokensOf(inputCharacters())
  if (outputCharacters !== undefined)
    attributes[ATTR_SPANWARDEN_USAGE_ESTIMATE_OUTPUT_TOKENS] = tokensOf(outputCharacters)
  return attributes
}

/** The rule of thumb of all providers' documentation for English text. */
const CHARACTERS_PER_TOKEN = 4

const tokensOf = (characters: number): number => Math.ceil(characters / CHARACTERS_PER_TOKEN)

/** The cost attributes: the provider's own amount, else that of the prices; `unknown` and no amount when neither knows. Never a guess. */
export function costAttributes(call: CostedCall): Attributes {
  const { costUsd } = call.usage
  if (costUsd !== undefined && costUsd >= 0 && costUsd <= COST_USD_MAX) {
    return {
      [ATTR_SPANWARDEN_COST_AMOUNT]: costUsd,
      [ATTR_SPANWARDEN_COST_CURRENCY]: SPANWARDEN_COST_CURRENCY_VALUE_USD,
      [ATTR_SPANWARDEN_COST_SOURCE]: SPANWARDEN_COST_SOURCE_VALUE_PROVIDER,
    }
  }
  const price = priceOfCall(call)
  if (price === undefined) return { [ATTR_SPANWARDEN_COST_SOURCE]: SPANWARDEN_COST_SOURCE_VALUE_UNKNOWN }
  return {
    [ATTR_SPANWARDEN_COST_AMOUNT]: price.amount,
    [ATTR_SPANWARDEN_COST_CURRENCY]: price.currency,
    [ATTR_SPANWARDEN_COST_SOURCE]: SPANWARDEN_COST_SOURCE_VALUE_LOCAL,
    [ATTR_SPANWARDEN_PRICE_TABLE_VERSION]: price.tableVersion,
  }
}

/** What cost attributes say, in whole nano-USD, rounded up; undefined when they say that nobody knows. */
export function nanoCostOf({ [ATTR_SPANWARDEN_COST_AMOUNT]: amount }: Attributes): number | undefined {
  // An amount was a whole number of them before: a floating point's last bit is no nano-USD more.
  return typeof amount === 'number' ? Math.ceil(amount * 1e9 - 1e-3) : undefined
}

/** What a provider may say that one call cost. More, or less than nothing, is not believed: sums and limits of spending are made of it. */
const COST_USD_MAX = 100_000

/** The price of a call is that of all models which took part; unknown when one of these is. */
function priceOfCall(call: CostedCall): CallPrice | undefined {
  let price = priceOfModel(call)
  for (const { model, usage } of call.usage.otherModels ?? []) {
    const other = price && priceOfModel({ ...call, models: [model], usage })
    price = price && other && sumOf(price, other)
  }
  return price
}

const sumOf = (price: CallPrice, other: CallPrice): CallPrice => {
  const nanoAmount = price.nanoAmount + other.nanoAmount
  return { ...price, nanoAmount, amount: nanoAmount / 1e9 }
}

function priceOfModel({ provider, models, usage, serviceTier, timestampMs }: CostedCall): CallPrice | undefined {
  const { inputTokens, outputTokens = 0, billed } = usage
  if (inputTokens === undefined) return undefined
  const tier = serviceTier ?? usage.serviceTier
  for (const model of new Set(models)) {
    if (model === undefined) continue
    const paid = billed ?? { ...usage, inputTokens, outputTokens }
    const price = priceOf({ ...paid, provider, model, serviceTier: tier, timestampMs })
    if (price !== undefined) return price
  }
  return undefined
}
