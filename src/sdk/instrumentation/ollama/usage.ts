import { countOf } from '../fields.ts'
import type { Fields } from '../fields.ts'
import type { TokenUsage } from '../../model-usage.ts'

/** The counts of an answer. A prompt that was cached whole is not counted by older servers; an answer under way has no counts at all. */
export function ollamaUsage(answer: Fields): TokenUsage | undefined {
  const inputTokens = countOf(answer['prompt_eval_count'])
  const outputTokens = countOf(answer['eval_count'])
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens: undefined,
    cacheWriteTokens: undefined,
    reasoningTokens: undefined,
  }
}
