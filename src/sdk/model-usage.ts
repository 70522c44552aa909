import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_USAGE_AUDIO_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
  ATTR_SPANWARDEN_COST_AMOUNT,
  ATTR_SPANWARDEN_COST_CURRENCY,
  ATTR_SPANWARDEN_COST_SOURCE,
  ATTR_SPANWARDEN_PRICE_TABLE_VERSION,
  ATTR_SPANWARDEN_USAGE_ESTIMATE_INPUT_TOKENS,
  ATTR_SPANWARDEN_USAGE_ESTIMATE_OUTPUT_TOKENS,
  ATTR_SPANWARDEN_USAGE_SOURCE,
  SPANWARDEN_COST_CURRENCY_VALUE_USD,
  SPANWARDEN_COST_SOURCE_VALUE_LOCAL,
  SPANWARDEN_COST_SOURCE_VALUE_PROVIDER,
  SPANWARDEN_USAGE_SOURCE_VALUE_PARTIAL,
  SPANWARDEN_USAGE_SOURCE_VALUE_UNKNOWN,
} from '../conventions.ts'
import { priceOf } from '../pricing/price-of.ts'

/** Tokens of one call as the conventions count them: cached ones are part of the input, reasoning is part of the output. */
export interface TokenUsage {
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
  readonly cacheReadTokens: number | undefined
  readonly cacheWriteTokens: number | undefined
  readonly reasoningTokens: number | undefined
  readonly audioInputTokens?: number | undefined
  readonly audioOutputTokens?: number | undefined
  /** The answer broke off: these are the counts that had been sent by then, the real ones are at least as high. */
  readonly partial?: boolean | undefined
  /** What the provider says that the call cost, in USD. */
  readonly costUsd?: number | undefined
}

export interface CostedCall {
  readonly provider: string
  readonly model: string | undefined
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
  set(ATTR_GEN_AI_USAGE_AUDIO_INPUT_TOKENS, usage.audioInputTokens || undefined)
  set(ATTR_GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, usage.audioOutputTokens || undefined)
  return attributes
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

/** The cost attributes: the provider's own amount, else the price table's; undefined when neither knows. Never a guess. */
export function costAttributes(call: CostedCall): Attributes | undefined {
  const { usage, model } = call
  if (usage.costUsd !== undefined) {
    return {
      [ATTR_SPANWARDEN_COST_AMOUNT]: usage.costUsd,
      [ATTR_SPANWARDEN_COST_CURRENCY]: SPANWARDEN_COST_CURRENCY_VALUE_USD,
      [ATTR_SPANWARDEN_COST_SOURCE]: SPANWARDEN_COST_SOURCE_VALUE_PROVIDER,
    }
  }
  if (model === undefined || usage.inputTokens === undefined) return undefined
  const price = priceOf({
    provider: call.provider,
    model,
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens ?? 0,
    cacheReadTokens: usage.cacheReadTokens,
    cacheWriteTokens: usage.cacheWriteTokens,
    reasoningTokens: usage.reasoningTokens,
    serviceTier: call.serviceTier,
    timestampMs: call.timestampMs,
  })
  if (price === undefined) return undefined
  return {
    [ATTR_SPANWARDEN_COST_AMOUNT]: price.amount,
    [ATTR_SPANWARDEN_COST_CURRENCY]: price.currency,
    [ATTR_SPANWARDEN_COST_SOURCE]: SPANWARDEN_COST_SOURCE_VALUE_LOCAL,
    [ATTR_SPANWARDEN_PRICE_TABLE_VERSION]: price.tableVersion,
  }
}
