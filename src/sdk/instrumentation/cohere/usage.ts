import { countOf, fieldsOf } from '../fields.ts'
import type { TokenUsage } from '../../model-usage.ts'

/**
 * `usage` of v2, `meta` of v1. Cohere counts twice: `tokens` is what the model read and wrote, `billedUnits` what is paid. Older answers and
 * those of embed have only the second.
 */
export function cohereUsage(value: unknown): TokenUsage | undefined {
  const usage = fieldsOf(value)
  const tokens = fieldsOf(usage['tokens'])
  const billed = fieldsOf(usage['billedUnits'])
  const inputTokens = countOf(tokens['inputTokens']) ?? countOf(billed['inputTokens'])
  const outputTokens = countOf(tokens['outputTokens']) ?? countOf(billed['outputTokens'])
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  const billedInput = countOf(billed['inputTokens'])
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens: countOf(usage['cachedTokens']),
    cacheWriteTokens: undefined,
    reasoningTokens: undefined,
    billed:
      billedInput === undefined
        ? undefined
        : { inputTokens: billedInput, outputTokens: countOf(billed['outputTokens']) ?? 0 },
  }
}

/** A finish reason that says that the generation failed: ERROR, ERROR_TOXIC, ERROR_LIMIT, TIMEOUT. */
export const failureOf = (finishReason: string | undefined): string | undefined =>
  finishReason !== undefined && /^(ERROR|TIMEOUT)/.test(finishReason) ? finishReason : undefined
