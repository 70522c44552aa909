import { countOf, fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { Fields } from '../fields.ts'

/**
 * Usage of Converse and of Nova's own API, which names cached tokens differently. Bedrock counts them beside `inputTokens`, the conventions
 * count them within.
 */
export function converseUsage(value: unknown, serviceTier?: unknown): TokenUsage | undefined {
  const usage = fieldsOf(value)
  return usageOf({
    input: usage['inputTokens'],
    output: usage['outputTokens'],
    cacheRead: usage['cacheReadInputTokens'] ?? usage['cacheReadInputTokenCount'],
    cacheWrite: usage['cacheWriteInputTokens'] ?? usage['cacheWriteInputTokenCount'],
    cacheWrite1h: hourly(usage['cacheDetails']),
    serviceTier: nameOf(fieldsOf(serviceTier)['type'] ?? serviceTier),
  })
}

/** `amazon-bedrock-invocationMetrics`, which the last event of a model's own stream carries. */
export function metricsUsage(value: unknown): TokenUsage | undefined {
  const metrics = fieldsOf(value)
  return usageOf({
    input: metrics['inputTokenCount'],
    output: metrics['outputTokenCount'],
    cacheRead: metrics['cacheReadInputTokenCount'],
    cacheWrite: metrics['cacheWriteInputTokenCount'],
  })
}

/** The headers of an answer of InvokeModel. */
export function headerUsage(headers: Fields): TokenUsage | undefined {
  const count = (name: string): number | undefined => {
    const header = textOf(headers[`x-amzn-bedrock-${name}-token-count`])
    return header === undefined ? undefined : Number(header)
  }
  return usageOf({
    input: count('input'),
    output: count('output'),
    cacheRead: count('cache-read-input'),
    cacheWrite: count('cache-write-input'),
  })
}

interface Counts {
  readonly input: unknown
  readonly output: unknown
  readonly cacheRead: unknown
  readonly cacheWrite: unknown
  readonly cacheWrite1h?: number | undefined
  readonly serviceTier?: string | undefined
}

function usageOf(counts: Counts): TokenUsage | undefined {
  const input = countOf(counts.input)
  const outputTokens = countOf(counts.output)
  if (input === undefined && outputTokens === undefined) return undefined
  const cacheReadTokens = countOf(counts.cacheRead)
  const cacheWriteTokens = countOf(counts.cacheWrite)
  return {
    inputTokens: input === undefined ? undefined : input + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0),
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    cacheWrite1hTokens: counts.cacheWrite1h,
    reasoningTokens: undefined,
    serviceTier: counts.serviceTier === 'default' ? undefined : counts.serviceTier,
  }
}

/** Tokens of cache writes that stay for an hour. */
function hourly(details: unknown): number | undefined {
  const hours = listOf(details)
    .map(fieldsOf)
    .filter(({ ttl }) => ttl === '1h')
  return hours.length === 0 ? undefined : hours.reduce((sum, { inputTokens }) => sum + (countOf(inputTokens) ?? 0), 0)
}
