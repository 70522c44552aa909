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
  SPANWARDEN_COST_CURRENCY_VALUE_USD,
  SPANWARDEN_COST_SOURCE_VALUE_LOCAL,
  SPANWARDEN_COST_SOURCE_VALUE_PROVIDER,
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
