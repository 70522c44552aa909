import { countOf, fieldsOf, isFields } from '../fields.ts'
import type { TokenUsage } from '../../model-usage.ts'

/** LangChain's own count of a message (`usage_metadata`). Cached tokens are within the input, reasoning within the output. */
export function usageMetadata(value: unknown): TokenUsage | undefined {
  if (!isFields(value)) return undefined
  const input = fieldsOf(value['input_token_details'])
  const output = fieldsOf(value['output_token_details'])
  const usage = {
    inputTokens: countOf(value['input_tokens']),
    outputTokens: countOf(value['output_tokens']),
    cacheReadTokens: countOf(input['cache_read']),
    cacheWriteTokens: countOf(input['cache_creation']),
    reasoningTokens: countOf(output['reasoning']),
    audioInputTokens: countOf(input['audio']),
    audioOutputTokens: countOf(output['audio']),
  }
  return usage.inputTokens === undefined && usage.outputTokens === undefined ? undefined : usage
}

/** The older count beside the generations (`llmOutput.tokenUsage`), which plain-text models and some chat models still give. */
export function tokenUsage(value: unknown): TokenUsage | undefined {
  if (!isFields(value)) return undefined
  const inputTokens = countOf(value['promptTokens'] ?? value['input_tokens'] ?? value['prompt_tokens'])
  const outputTokens = countOf(value['completionTokens'] ?? value['output_tokens'] ?? value['completion_tokens'])
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens: undefined,
    cacheWriteTokens: undefined,
    reasoningTokens: undefined,
  }
}

/** The chunks of a stream count what each of them adds: LangChain adds them up as well when it joins chunks. */
export const addUsage = (sum: TokenUsage | undefined, more: TokenUsage | undefined): TokenUsage | undefined =>
  join(sum, more, (before, added) => before + added)

/** Counts of the whole answer so far: the later ones are right, where they are given. */
export const laterUsage = (before: TokenUsage | undefined, later: TokenUsage | undefined): TokenUsage | undefined =>
  join(before, later, (_, count) => count)

function join(
  one: TokenUsage | undefined,
  other: TokenUsage | undefined,
  both: (one: number, other: number) => number,
): TokenUsage | undefined {
  if (one === undefined || other === undefined) return other ?? one
  const count = (key: CountName): number | undefined => {
    const first = one[key]
    const second = other[key]
    return first === undefined || second === undefined ? (second ?? first) : both(first, second)
  }
  return {
    inputTokens: count('inputTokens'),
    outputTokens: count('outputTokens'),
    cacheReadTokens: count('cacheReadTokens'),
    cacheWriteTokens: count('cacheWriteTokens'),
    reasoningTokens: count('reasoningTokens'),
    audioInputTokens: count('audioInputTokens'),
    audioOutputTokens: count('audioOutputTokens'),
  }
}

type CountName =
  | 'inputTokens'
  | 'outputTokens'
  | 'cacheReadTokens'
  | 'cacheWriteTokens'
  | 'reasoningTokens'
  | 'audioInputTokens'
  | 'audioOutputTokens'
