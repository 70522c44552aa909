import { countOf, fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { Fields } from '../fields.ts'

/** Counts of one kind of tokens: all of them, and how many are of which modality. */
interface Counts {
  readonly total: number | undefined
  /** Undefined where the answer says nothing of modalities. */
  readonly of: ((modality: 'text' | 'image' | 'audio' | 'video') => number) | undefined
}

/**
 * `usageMetadata` in the conventions' way: thoughts, which Google counts beside the answer's tokens, are part of the output, and what tools
 * of the provider's gave the model is part of the input, as cached tokens are already. `headers` of the answer name its service tier.
 */
export function contentUsage(metadata: Fields, headers: Fields, partial: boolean): TokenUsage | undefined {
  const usage = tokenUsage(
    [counts(metadata, 'promptToken'), counts(metadata, 'toolUsePromptToken')],
    counts(metadata, 'candidatesToken'),
    countOf(metadata['thoughtsTokenCount']),
    { total: countOf(metadata['cachedContentTokenCount']), of: modalities(metadata['cacheTokensDetails']) },
  )
  const serviceTier = nameOf(headers['x-gemini-service-tier']) ?? trafficTier(textOf(metadata['trafficType']))
  return usage && { ...usage, serviceTier, partial: partial || undefined }
}

/** The usage of an interaction, which says the same in other words. */
export function interactionUsage(usage: Fields, serviceTier: string | undefined): TokenUsage | undefined {
  const of = (kind: string): Counts => ({
    total: countOf(usage[`total_${kind}_tokens`]),
    of: modalities(usage[`${kind}_tokens_by_modality`]),
  })
  const read = tokenUsage(
    [of('input'), of('tool_use')],
    of('output'),
    countOf(usage['total_thought_tokens']),
    of('cached'),
  )
  return read && { ...read, serviceTier }
}

function tokenUsage(
  inputs: readonly Counts[],
  output: Counts,
  thoughts: number | undefined,
  cached: Counts,
): TokenUsage | undefined {
  const inputTokens = sum(inputs.map(({ total }) => total))
  const outputTokens = sum([output.total, thoughts])
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  const input = (modality: 'text' | 'image' | 'audio' | 'video'): number | undefined =>
    sum(inputs.map(({ of }) => of?.(modality)))
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens: cached.total,
    cacheWriteTokens: undefined,
    reasoningTokens: thoughts,
    textInputTokens: input('text'),
    imageInputTokens: input('image'),
    audioInputTokens: input('audio'),
    videoInputTokens: input('video'),
    // Thoughts are text.
    textOutputTokens: output.of && output.of('text') + (thoughts ?? 0),
    imageOutputTokens: output.of?.('image'),
    audioOutputTokens: output.of?.('audio'),
    textCacheReadTokens: cached.of?.('text'),
    imageCacheReadTokens: cached.of?.('image'),
    audioCacheReadTokens: cached.of?.('audio'),
  }
}

const sum = (values: readonly (number | undefined)[]): number | undefined =>
  values.reduce((total, value) => (value === undefined ? total : (total ?? 0) + value), undefined)

const counts = (metadata: Fields, kind: string): Counts => ({
  total: countOf(metadata[`${kind}Count`]),
  of: modalities(metadata[`${kind}sDetails`]),
})

/** Documents are read as images of their pages: the details of cached tokens say so themselves. */
const MODALITIES: Readonly<Record<string, 'text' | 'image' | 'audio' | 'video'>> = {
  text: 'text',
  modality_unspecified: 'text',
  image: 'image',
  document: 'image',
  audio: 'audio',
  video: 'video',
}

function modalities(details: unknown): Counts['of'] {
  const list = listOf(details).map(fieldsOf)
  if (list.length === 0) return undefined
  return (wanted) =>
    list
      .filter(({ modality }) => MODALITIES[textOf(modality)?.toLowerCase() ?? 'text'] === wanted)
      .reduce((total, { tokenCount, tokens }) => total + (countOf(tokenCount) ?? countOf(tokens) ?? 0), 0)
}

/** How Vertex names the tiers: ON_DEMAND, ON_DEMAND_FLEX, ON_DEMAND_PRIORITY, PROVISIONED_THROUGHPUT. */
function trafficTier(trafficType: string | undefined): string | undefined {
  if (trafficType === undefined || trafficType === 'TRAFFIC_TYPE_UNSPECIFIED') return undefined
  return trafficType.replace(/^ON_DEMAND_/, '').toLowerCase()
}
