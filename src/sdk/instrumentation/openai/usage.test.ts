import { expect, it } from 'vitest'
import { openAiUsage } from './usage.ts'

const none = {
  cacheReadTokens: undefined,
  cacheWriteTokens: undefined,
  reasoningTokens: undefined,
  audioInputTokens: undefined,
  audioOutputTokens: undefined,
  costUsd: undefined,
}

it.each([
  ['nothing', undefined, undefined],
  ['chat', { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 }, { ...none, inputTokens: 5, outputTokens: 3 }],
  ['responses', { input_tokens: 5, output_tokens: 3 }, { ...none, inputTokens: 5, outputTokens: 3 }],
  ['embeddings', { prompt_tokens: 5, total_tokens: 5 }, { ...none, inputTokens: 5, outputTokens: undefined }],
  [
    'DeepSeek',
    { prompt_tokens: 5, completion_tokens: 3, prompt_cache_hit_tokens: 4 },
    { ...none, inputTokens: 5, outputTokens: 3, cacheReadTokens: 4 },
  ],
  [
    'Together',
    { prompt_tokens: 5, completion_tokens: 3, cached_tokens: 2 },
    { ...none, inputTokens: 5, outputTokens: 3, cacheReadTokens: 2 },
  ],
  [
    'cache writes',
    { input_tokens: 5, output_tokens: 3, input_tokens_details: { cached_tokens: 0, cache_write_tokens: 4 } },
    { ...none, inputTokens: 5, outputTokens: 3, cacheReadTokens: 0, cacheWriteTokens: 4 },
  ],
  [
    'reasoning within the output',
    { prompt_tokens: 5, completion_tokens: 30, total_tokens: 35, completion_tokens_details: { reasoning_tokens: 20 } },
    { ...none, inputTokens: 5, outputTokens: 30, reasoningTokens: 20 },
  ],
  [
    'reasoning beside the output, as the total shows (xAI)',
    { prompt_tokens: 5, completion_tokens: 30, total_tokens: 55, completion_tokens_details: { reasoning_tokens: 20 } },
    { ...none, inputTokens: 5, outputTokens: 50, reasoningTokens: 20 },
  ],
  [
    'OpenRouter',
    { prompt_tokens: 5, completion_tokens: 3, cost: 0.01, is_byok: false },
    { ...none, inputTokens: 5, outputTokens: 3, costUsd: 0.01 },
  ],
  [
    "OpenRouter with the user's key",
    { prompt_tokens: 5, completion_tokens: 3, cost: 0.0005, is_byok: true },
    { ...none, inputTokens: 5, outputTokens: 3 },
  ],
  [
    'Perplexity',
    { prompt_tokens: 5, completion_tokens: 3, cost: { total_cost: 0.006 } },
    { ...none, inputTokens: 5, outputTokens: 3, costUsd: 0.006 },
  ],
  [
    'a transcription',
    { input_tokens: 14, output_tokens: 4, input_token_details: { audio_tokens: 12, text_tokens: 2 } },
    { ...none, inputTokens: 14, outputTokens: 4, audioInputTokens: 12, textInputTokens: 2 },
  ],
  [
    'images',
    {
      input_tokens: 30,
      output_tokens: 40,
      input_tokens_details: { image_tokens: 10, text_tokens: 20, cached_tokens_details: { image_tokens: 3 } },
      output_tokens_details: { image_tokens: 39, text_tokens: 1 },
    },
    {
      ...none,
      inputTokens: 30,
      outputTokens: 40,
      imageInputTokens: 10,
      textInputTokens: 20,
      imageOutputTokens: 39,
      textOutputTokens: 1,
      imageCacheReadTokens: 3,
    },
  ],
  [
    'numbers that are none',
    { prompt_tokens: '5', completion_tokens: -1, total_tokens: NaN },
    { ...none, inputTokens: undefined, outputTokens: undefined },
  ],
])('reads usage: %s', (_name, usage, expected) => {
  expect(openAiUsage(usage)).toEqual(expected)
})
