import type { UnitName } from './units.ts'

/** What a service tier changes, for the models of one provider. */
export interface TierRule {
  /** Id of the provider in the price table. */
  readonly provider: string
  readonly tiers: readonly string[]
  /** The models it was established for; absent = all that are offered in that tier. */
  readonly models?: RegExp
  /** Times the standard price of every unit of tokens. Searches and requests cost the same in every tier. */
  readonly factor: number
  /** The units that it was established for; absent = all. A call with tokens of another one has no known price. */
  readonly units?: readonly UnitName[]
  /** The tier ends there: a longer call has no known price. */
  readonly inputTokensMax?: number
  /** Where it stands, and when that was read. */
  readonly source: string
}

/** Tiers that are the standard one under other names: OpenAI and Azure, Anthropic and Google, Groq. */
export const isStandardTier = (tier: string | undefined): boolean =>
  tier === undefined || tier === '' || tier === 'default' || tier === 'standard' || tier === 'on_demand'

/**
 * The rule for a tier, or undefined when nobody established one: then the call has no price. Not here because no price is published: Anthropic's
 * `priority`, OpenAI's `scale` and Groq's `performance` (sold as capacity), Bedrock's `flex`, `priority` and `reserved`, Gemini's `priority`
 * ("75 to 100 % more", ai.google.dev/gemini-api/docs/optimization), Azure's `priority`.
 */
export function tierRule(provider: string, model: string, tier: string): TierRule | undefined {
  const name = model.toLowerCase().trim()
  return tierRules.find(
    (rule) =>
      rule.provider === provider && rule.tiers.includes(tier) && (rule.models === undefined || rule.models.test(name)),
  )
}

/** Rules for a model, one per tier. */
export const tierRulesOf = (provider: string, model: string): readonly TierRule[] =>
  [...new Set(tierRules.flatMap(({ tiers }) => tiers))]
    .map((tier) => tierRule(provider, model, tier))
    .filter((rule, index, all): rule is TierRule => rule !== undefined && all.indexOf(rule) === index)

const LONG_CONTEXT = 271_999
const PLAIN: readonly UnitName[] = ['input', 'output', 'request', 'web_search', 'file_search']
const PLAIN_AND_CACHED: readonly UnitName[] = [...PLAIN, 'cache_read']
const FAST_MODE = 'https://openai.com/api-fast-mode, 2026-11-21'
const AI_GATEWAY = 'https://vercel.com/ai-gateway/models (…-fast: prices of OpenAI), 2026-11-21'

/** Priority processing of OpenAI, renamed fast mode on 2026-07-30: the API takes and reports both words. */
const openaiFast = (models: RegExp, factor: number, more: Partial<TierRule> = {}): TierRule => ({
  provider: 'openai',
  tiers: ['priority', 'fast'],
  models,
  factor,
  units: PLAIN_AND_CACHED,
  source: FAST_MODE,
  ...more,
})

const tierRules: readonly TierRule[] = [
  // In short and in long context. Cache writes stand in https://developers.openai.com/api/docs/pricing, as public price tables quote it.
  openaiFast(/^gpt-5[.-]6(-(sol|terra|luna))?$/, 2, { units: [...PLAIN_AND_CACHED, 'cache_write'] }),
  openaiFast(/^gpt-5[.-]5(-\d{4}-\d\d-\d\d)?$/, 2.5, { inputTokensMax: LONG_CONTEXT }),
  openaiFast(/^gpt-5[.-]4(-mini)?(-\d{4}-\d\d-\d\d)?$/, 2, { inputTokensMax: LONG_CONTEXT }),
  openaiFast(/^gpt-5([.-][12])?(-\d{4}-\d\d-\d\d)?$/, 2),
  openaiFast(/^gpt-5([.-]1)?-codex$/, 2),
  openaiFast(/^gpt-5-mini(-\d{4}-\d\d-\d\d)?$/, 1.8),
  openaiFast(/^gpt-4\.1(-\d{4}-\d\d-\d\d)?$/, 1.75, {
    source: 'https://openai.com/api-priority-processing, 2026-11-21',
  }),
  openaiFast(/^gpt-4\.1-mini(-\d{4}-\d\d-\d\d)?$/, 1.75, { units: PLAIN, source: AI_GATEWAY }),
  openaiFast(/^gpt-4o(-2024-08-06|-2024-11-20)?$/, 1.7, { units: PLAIN, source: AI_GATEWAY }),
  openaiFast(/^gpt-4o-mini(-\d{4}-\d\d-\d\d)?$/, 5 / 3, { units: PLAIN, source: AI_GATEWAY }),
  openaiFast(/^o4-mini(-\d{4}-\d\d-\d\d)?$/, 20 / 11, { units: PLAIN, source: AI_GATEWAY }),
  {
    provider: 'openai',
    tiers: ['flex'],
    factor: 0.5,
    source:
      'https://developers.openai.com/api/docs/guides/flex-processing ("priced at Batch API rates, with additional discounts from prompt caching"), 2026-11-21',
  },
  {
    provider: 'anthropic',
    tiers: ['batch'],
    factor: 0.5,
    source:
      'https://platform.claude.com/docs/en/build-with-claude/batch-processing ("50% … on all usage"), as quoted by dev.to/neverpaytwice, 2026-11-21',
  },
  // `inference_geo: "us"`, which models older than Opus 4.6 refuse. How it multiplies with batch and fast mode is not said.
  {
    provider: 'anthropic',
    tiers: ['us'],
    factor: 1.1,
    source: 'https://docs.aws.amazon.com/claude-platform/latest/userguide/data-residency.md, 2026-11-21',
  },
  // `speed: "fast"`: "a multiplier on standard rates across the full context window".
  {
    provider: 'anthropic',
    tiers: ['fast'],
    models: /^claude-opus-(5|4-8)(-\d{8})?$/,
    factor: 2,
    units: PLAIN,
    source:
      'https://platform.claude.com/docs/build-with-claude/fast-mode; https://openrouter.ai/anthropic/claude-opus-5-fast, 2026-11-21',
  },
  {
    provider: 'anthropic',
    tiers: ['fast'],
    models: /^claude-opus-4-[67](-\d{8})?$/,
    factor: 6,
    units: PLAIN,
    source: 'https://openrouter.ai/anthropic/claude-opus-4.7-fast and …-4.6-fast, 2026-11-21',
  },
  {
    provider: 'google',
    tiers: ['flex', 'batch'],
    models: /gemini/,
    factor: 0.5,
    // Whether the discount is given on cached tokens too is not said.
    units: [...PLAIN, 'audio_input', 'image_input', 'video_input', 'audio_output', 'image_output', 'video_output'],
    source: 'https://ai.google.dev/gemini-api/docs/optimization, 2026-11-21',
  },
  {
    provider: 'groq',
    tiers: ['flex'],
    factor: 1,
    source: 'https://console.groq.com/docs/flex-processing ("Pricing matches the on-demand tier"), 2026-11-21',
  },
]
