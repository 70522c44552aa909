import type { PriceBoundOf } from '../pricing/price-bound.ts'
import type { MediaKind } from './call-bound/content-size.ts'
import type { ModelRequest, RequestLimits } from './call-bound/model-request.ts'

/** Output of a call that says no limit, in tokens: it is put into the request. */
export const OUTPUT_TOKENS_DEFAULT = 8_192
/** Uses of a tool of the provider's in a call that says no limit: it is put into the request, where the format has a word for it. */
export const SERVER_TOOL_USES_DEFAULT = 5
/** Input that one use of such a tool brings, at most. No provider says it; one recorded search of DeepSeek's had 29,386 tokens. */
export const SERVER_TOOL_TOKENS_DEFAULT = 32_768
/** The dearest documented picture: gpt-4o-mini, two thousand pixels square, takes 48,169. */
export const IMAGE_TOKENS_DEFAULT = 50_000
/** What a provider puts around every request, and once more around tools and instructions, in tokens. */
export const OVERHEAD_TOKENS = 1_024

export interface CallBoundOptions {
  readonly priceBoundOf: PriceBoundOf
  /** Unix ms. */
  readonly atMs: number
  /** Tokens for each choice, put in where a request has no limit. */
  readonly outputTokensDefault?: number | undefined
  /** Tokens for each choice: a request that asks for more is clamped to it. */
  readonly outputTokensMax?: number | undefined
  /** Input tokens that one piece stands for. */
  readonly mediaTokens?: Readonly<Partial<Record<MediaKind, number>>> | undefined
  /** The most that a model takes in, in tokens. Needed for input that is not in the request. */
  readonly inputTokensMax?: ((provider: string, model: string) => number | undefined) | undefined
  readonly serverTools?: Readonly<Record<string, ServerToolTerms>> | undefined
  readonly serverToolUsesDefault?: number | undefined
  /** What a person says that one call of a model costs at most, in nano-USD; it stands for everything else here. */
  readonly callMax?: ((provider: string, model: string) => number | undefined) | undefined
}

/** What is known of a tool that the provider runs. */
export interface ServerToolTerms {
  readonly usesMax?: number
  /** Input that one use brings. */
  readonly tokensPerUse?: number
  /** Beside its tokens; absent = as the price table says. */
  readonly nanoUsdPerUse?: number
}

export type CallBound =
  | {
      readonly isKnown: true
      /** The call can't cost more, once the limits are in its request. */
      readonly nanoUsd: number
      readonly inputTokens: number
      readonly outputTokens: number
      /** What is to be changed in the request; undefined when it stays as it is. */
      readonly limits: RequestLimits | undefined
    }
  | { readonly isKnown: false; readonly code: 'UNKNOWN_PRICE'; readonly reason: UnknownReason }

/**
 * Why nobody knows what a call costs at most: its `request` is of no known format; no `price` for the model or the tier; `output` that nothing limits
 * (pictures, speech); `media` without a size in tokens; `stored_input` at the provider; `server_tools` whose uses or price nobody knows; an `open_ended` model,
 * which searches and thinks by itself for as long as it wants.
 */
export type UnknownReason = 'request' | 'price' | 'output' | 'media' | 'stored_input' | 'server_tools' | 'open_ended'

/**
 * The most that a call can cost, before it is sent. Byte-level tokenizers make at most one token of a byte, so the body bounds the input; every token is
 * taken at the dearest price that it may have. Reasoning is inside the limit of the output.
 */
export function callBound(request: ModelRequest | undefined, options: CallBoundOptions): CallBound {
  if (request === undefined) return unknown('request')
  const { outputTokensDefault = OUTPUT_TOKENS_DEFAULT, callMax } = options
  const output = outputOf(request, outputTokensDefault, options.outputTokensMax)
  let most = 0
  let tokens = { inputTokens: 0, outputTokens: 0 }
  let limits: RequestLimits | undefined
  for (const model of request.models) {
    const said = callMax?.(request.provider, model)
    const bound = said === undefined ? boundOf(request, model, output, options) : { nanoUsd: said, ...NO_TOKENS }
    if (typeof bound === 'string') return unknown(bound)
    most = Math.max(most, bound.nanoUsd)
    tokens = {
      inputTokens: Math.max(tokens.inputTokens, bound.inputTokens),
      outputTokens: Math.max(tokens.outputTokens, bound.outputTokens),
    }
    limits = bound.limits ?? limits
  }
  return { isKnown: true, nanoUsd: most, ...tokens, limits }
}

const NO_TOKENS = { inputTokens: 0, outputTokens: 0, limits: undefined }
const unknown = (reason: UnknownReason): CallBound => ({ isKnown: false, code: 'UNKNOWN_PRICE', reason })

interface Output {
  /** For each choice. */
  readonly tokens: number
  /** To be put into the request. */
  readonly limit: number | undefined
}

function outputOf({ output, maxOutputTokens, models }: ModelRequest, byDefault: number, max = Infinity): Output {
  if (output !== 'tokens') return { tokens: 0, limit: undefined }
  const asked = maxOutputTokens ?? Math.min(byDefault, ...models.map(modelOutputMax))
  const tokens = Math.min(asked, max)
  return { tokens, limit: tokens === maxOutputTokens ? undefined : tokens }
}

/** Models that refuse a request for more. */
const modelOutputMax = (model: string): number => SMALL_OUTPUT.find(([name]) => name.test(model))?.[1] ?? Infinity

const SMALL_OUTPUT: readonly (readonly [RegExp, number])[] = [
  [/gpt-3\.5|gpt-4-turbo|gpt-4-\d|gpt-4o-2024-05-13|claude-3-(opus|sonnet|haiku)|command-(r|a|light)|command$/, 4_096],
  [/gpt-4$|claude-(v?2|instant)|titan-text-premier/, 3_072],
  [/nova-(micro|lite|pro)-v1/, 5_000],
  [/meta\.llama/, 2_048],
]

interface ModelBound {
  readonly nanoUsd: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly limits: RequestLimits | undefined
}

function boundOf(
  request: ModelRequest,
  model: string,
  output: Output,
  options: CallBoundOptions,
): ModelBound | UnknownReason {
  if (request.output === 'unlimited') return 'output'
  if (OPEN_ENDED.test(model)) return 'open_ended'
  const max = options.inputTokensMax?.(request.provider, model)
  const media = mediaTokens(request, options, max)
  if (media === undefined) return 'media'
  if (request.hasStoredInput && max === undefined) return 'stored_input'
  const tools = toolUse(request, options)
  if (tools === undefined) return 'server_tools'
  const once = Math.min(
    max ?? Infinity,
    request.bytes + media + OVERHEAD_TOKENS * (request.hasInstructions || tools.uses > 0 ? 2 : 1),
  )
  const first = request.hasStoredInput ? (max ?? Infinity) : once
  // Each use asks the model once more, with all that it has found and written before.
  const asked = tools.uses + 1
  const found = ((asked * tools.uses) / 2) * (tools.tokensPerUse + output.tokens)
  const inputTokens = Math.min(asked * first + found, asked * (max ?? Infinity))
  const written = request.isLimitOfWhole ? 1 : asked
  const outputTokens = output.tokens * request.choices * written + request.extraOutputTokens
  const nanoUsd = options.priceBoundOf({
    provider: request.provider,
    model,
    atMs: options.atMs,
    inputTokens,
    outputTokens,
    hasMedia: media > 0 || request.hasStoredInput || tools.uses > 0,
    isCachedForAnHour: request.isCachedForAnHour || request.hasStoredInput,
    webSearches: tools.webSearches,
    fileSearches: tools.fileSearches,
    tiers: request.tiers,
    mayServe: request.mayServe,
  })
  if (nanoUsd === undefined) return 'price'
  const limits = limitsOf(output.limit, tools.limit)
  return { nanoUsd: nanoUsd + tools.nanoUsd, inputTokens, outputTokens, limits }
}

/** Research, and routers that choose tools or models: the request does not limit them. */
const OPEN_ENDED = /deep-research|(^|\/)compound|sonar-pro-search|model-router|(^|\/)auto$/

const limitsOf = (maxOutputTokens?: number, serverToolUses?: number): RequestLimits | undefined =>
  maxOutputTokens === undefined && serverToolUses === undefined ? undefined : { maxOutputTokens, serverToolUses }

function mediaTokens({ media }: ModelRequest, options: CallBoundOptions, max: number | undefined): number | undefined {
  const perPiece: Partial<Record<MediaKind, number>> = { image: IMAGE_TOKENS_DEFAULT, ...options.mediaTokens }
  let sum = 0
  for (const [kind, pieces] of Object.entries(media)) {
    if (pieces === 0) continue
    const tokens = KINDS.find((known) => known === kind && perPiece[known] !== undefined)
    if (tokens === undefined) return max
    sum += pieces * (perPiece[tokens] ?? 0)
  }
  return sum
}

const KINDS: readonly MediaKind[] = ['image', 'audio', 'video', 'file']

interface ToolUse {
  readonly uses: number
  readonly tokensPerUse: number
  readonly webSearches: number
  readonly fileSearches: number
  readonly nanoUsd: number
  readonly limit: number | undefined
}

/** Undefined when the uses, or the price of one, are not known. */
function toolUse({ format, serverTools }: ModelRequest, options: CallBoundOptions): ToolUse | undefined {
  const { serverTools: terms = {}, serverToolUsesDefault = SERVER_TOOL_USES_DEFAULT } = options
  const sum = { uses: 0, tokensPerUse: 0, webSearches: 0, fileSearches: 0, nanoUsd: 0 }
  let limit: number | undefined
  for (const { name, usesMax } of serverTools) {
    const known = terms[name] ?? {}
    let uses = usesMax ?? known.usesMax
    if (uses === undefined && canLimit(format, name)) uses = limit = serverToolUsesDefault
    if (uses === undefined) return undefined
    if (known.nanoUsdPerUse !== undefined) sum.nanoUsd += uses * known.nanoUsdPerUse
    else if (name === 'web_search') sum.webSearches += uses
    else if (name === 'file_search') sum.fileSearches += uses
    else if (!FREE.has(name)) return undefined
    sum.uses += uses
    sum.tokensPerUse = Math.max(sum.tokensPerUse, known.tokensPerUse ?? SERVER_TOOL_TOKENS_DEFAULT)
  }
  return { ...sum, limit }
}

/** Where a limit can be put into the request. */
const canLimit = (format: string, name: string): boolean =>
  format === 'openai.responses' || (format === 'anthropic.messages' && (name === 'web_search' || name === 'web_fetch'))

/** Their tokens are all that they cost. */
const FREE: ReadonlySet<string> = new Set([
  'web_fetch',
  'mcp',
  'tool_search',
  'tool_search_tool_bm25',
  'tool_search_tool_regex',
  'url_context',
])
