import { countOf, fieldsOf, isFields, numberOf } from '../fields.ts'
import type { TokenUsage } from '../../model-usage.ts'

/**
 * Usage in OpenAI's format, as OpenAI and those who copied it send it. Cached tokens are within the input. Where they differ:
 * DeepSeek says `prompt_cache_hit_tokens`, Together `cached_tokens`, Perplexity and xAI `reasoning_tokens` at the top;
 * xAI's chat API counts reasoning beside `completion_tokens`, which its total shows.
 * Transcriptions say `input_token_details`, Mistral in some answers `prompt_token_details` or `num_cached_tokens`.
 */
export function openAiUsage(value: unknown): TokenUsage | undefined {
  if (!isFields(value)) return undefined
  const input = fieldsOf(
    value['input_tokens_details'] ??
      value['prompt_tokens_details'] ??
      value['input_token_details'] ??
      value['prompt_token_details'],
  )
  const cached = fieldsOf(input['cached_tokens_details'])
  const output = fieldsOf(value['output_tokens_details'] ?? value['completion_tokens_details'])
  const inputTokens = countOf(value['input_tokens'] ?? value['prompt_tokens'])
  const outputTokens = countOf(value['output_tokens'] ?? value['completion_tokens'])
  const reasoningTokens = countOf(output['reasoning_tokens'] ?? value['reasoning_tokens'])
  const beside = (inputTokens ?? 0) + (outputTokens ?? 0) + (reasoningTokens ?? 0) === countOf(value['total_tokens'])
  return {
    inputTokens,
    outputTokens: outputTokens === undefined ? undefined : outputTokens + (beside ? (reasoningTokens ?? 0) : 0),
    cacheReadTokens: countOf(
      input['cached_tokens'] ??
        value['prompt_cache_hit_tokens'] ??
        value['cached_tokens'] ??
        value['num_cached_tokens'],
    ),
    cacheWriteTokens: countOf(input['cache_write_tokens']),
    reasoningTokens,
    audioInputTokens: countOf(input['audio_tokens']),
    audioOutputTokens: countOf(output['audio_tokens']),
    textInputTokens: countOf(input['text_tokens']),
    imageInputTokens: countOf(input['image_tokens']),
    textOutputTokens: countOf(output['text_tokens']),
    imageOutputTokens: countOf(output['image_tokens']),
    textCacheReadTokens: countOf(cached['text_tokens']),
    imageCacheReadTokens: countOf(cached['image_tokens']),
    audioCacheReadTokens: countOf(cached['audio_tokens']),
    costUsd: costUsd(value),
  }
}

/** OpenRouter's `cost` is what it bills (with the user's own key it bills a fee only); Perplexity gives a sum with its parts. */
function costUsd(usage: Readonly<Record<string, unknown>>): number | undefined {
  if (usage['is_byok'] === true) return undefined
  return usage['is_byok'] === false ? numberOf(usage['cost']) : numberOf(fieldsOf(usage['cost'])['total_cost'])
}
