import { countOf, fieldsOf } from '../fields.ts'
import type { TokenUsage } from '../../model-usage.ts'

/**
 * Usage as the client gives it. Its schema knows no details: they stay in the provider's snake case (`prompt_tokens_details`, in some
 * answers `prompt_token_details` or `num_cached_tokens`), which 1.x collects in `additionalProperties`. Counts that were not sent are 0 there, so nothing but zeros is no usage.
 */
export function mistralUsage(value: unknown): TokenUsage | undefined {
  const usage = fieldsOf(value)
  const inputTokens = countOf(usage['promptTokens'])
  const outputTokens = countOf(usage['completionTokens'])
  if ((inputTokens ?? 0) === 0 && (outputTokens ?? 0) === 0) return undefined
  const more = usage['additionalProperties'] === undefined ? usage : fieldsOf(usage['additionalProperties'])
  const input = fieldsOf(more['prompt_tokens_details'] ?? more['prompt_token_details'])
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens: countOf(input['cached_tokens']) ?? countOf(more['num_cached_tokens']),
    cacheWriteTokens: undefined,
    reasoningTokens: countOf(fieldsOf(more['completion_tokens_details'])['reasoning_tokens']),
  }
}
