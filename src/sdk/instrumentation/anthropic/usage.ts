import { countOf, fieldsOf, listOf, nameOf } from '../fields.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { Fields } from '../fields.ts'

/**
 * Tokens as Anthropic counts them, in the conventions' way: cached ones, which Anthropic counts beside `input_tokens`, are part of the input.
 * What a compaction inside the call used is in no top-level count, but it was used and is paid. `partial`: more was to come.
 */
export function anthropicUsage(usage: Fields, partial: boolean): TokenUsage | undefined {
  const input = countOf(usage['input_tokens'])
  const output = countOf(usage['output_tokens'])
  if (input === undefined && output === undefined) return undefined
  const iterations = listOf(usage['iterations']).map(fieldsOf)
  const compactions = iterations.filter(({ type }) => type === 'compaction')
  const sum = (key: string): number | undefined => total([usage, ...compactions].map((counts) => countOf(counts[key])))
  const cacheReadTokens = sum('cache_read_input_tokens')
  const cacheWriteTokens = sum('cache_creation_input_tokens')
  return {
    inputTokens: total([sum('input_tokens'), cacheReadTokens, cacheWriteTokens]),
    outputTokens: sum('output_tokens'),
    cacheReadTokens,
    cacheWriteTokens,
    cacheWrite1hTokens: total([usage, ...compactions].map(hourCacheWrites)),
    reasoningTokens: countOf(fieldsOf(usage['output_tokens_details'])['thinking_tokens']),
    webSearches: countOf(fieldsOf(usage['server_tool_use'])['web_search_requests']),
    serviceTier: serviceTier(usage),
    otherModels: otherModels(iterations),
    partial: partial || undefined,
  }
}

const hourCacheWrites = (usage: Fields): number | undefined =>
  countOf(fieldsOf(usage['cache_creation'])['ephemeral_1h_input_tokens'])

const total = (counts: readonly (number | undefined)[]): number | undefined =>
  counts.reduce((sum, count) => (count === undefined ? sum : (sum ?? 0) + count), undefined)

/** What changes the price of all tokens: batch or priority, fast mode, and that the model had to run in the US. */
function serviceTier(usage: Fields): string | undefined {
  const tier = nameOf(usage['service_tier'])
  const words = [
    tier === 'standard' ? undefined : tier,
    usage['speed'] === 'fast' ? 'fast' : undefined,
    usage['inference_geo'] === 'us' ? 'us' : undefined,
  ].filter((word) => word !== undefined)
  return words.length === 0 ? undefined : words.join('+')
}

/** An advisor is another model, asked while the first one answers; its tokens are in the call's cost, not in the call's counts. */
function otherModels(iterations: readonly Fields[]): TokenUsage['otherModels'] {
  const others = iterations.flatMap((iteration) => {
    const model = nameOf(iteration['model'])
    const usage = anthropicUsage({ ...iteration, iterations: [] }, false)
    return iteration['type'] !== 'advisor_message' || model === undefined || usage === undefined
      ? []
      : [{ model, usage }]
  })
  return others.length === 0 ? undefined : others
}
