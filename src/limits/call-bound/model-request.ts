import { contentSizeOf } from './content-size.ts'
import { countOf, fieldsOf, isFields, listOf, snakeCased, textOf, valueAt, withValueAt } from './fields.ts'
import { withServerToolUses } from './server-tools.ts'
import { hasInstructions, outputLimitsOf, tiersOf, wireFormatOf } from './wire-formats.ts'
import type { MediaKind } from './content-size.ts'
import type { Fields } from './fields.ts'
import type { ServerTool } from './server-tools.ts'
import type { OutputKind, WireFormat } from './wire-formats.ts'

/** What a request to a model says about what it can cost. No content. */
export interface ModelRequest {
  /** `openai.chat`, `anthropic.messages`, …. */
  readonly format: string
  readonly provider: string
  /** The model that is asked, then those that may answer in its place. */
  readonly models: readonly string[]
  readonly output: OutputKind
  /** Tokens, for each choice; undefined when nothing limits it. */
  readonly maxOutputTokens: number | undefined
  /** Answers that are asked for, each of so many tokens. */
  readonly choices: number
  /** Of the limit, what is for thinking: an answer comes on top. */
  readonly thinkingTokens: number
  /** UTF-8 of the body, without media. */
  readonly bytes: number
  /** Output that is paid though the model did not choose it: a prediction, or the prompt that is given back. In tokens. */
  readonly extraOutputTokens: number
  readonly media: Readonly<Record<MediaKind, number>>
  readonly hasInstructions: boolean
  readonly hasStoredInput: boolean
  readonly isCachedForAnHour: boolean
  readonly serverTools: readonly ServerTool[]
  readonly isLimitOfWhole: boolean
  readonly tiers: readonly string[]
  readonly mayServe: readonly string[]
  readonly stream: boolean
}

export interface RequestTarget {
  /** Path of the URL, with or without its query; for a client library that of the API that it calls. */
  readonly path: string
  /** `gen_ai.provider.name`, where the host tells. */
  readonly provider?: string | undefined
}

/** Reads a request, as bytes of JSON or as the object that a client library is given. Undefined when it is none of a known format: nobody knows what it costs. */
export function readModelRequest(target: RequestTarget, body: unknown): ModelRequest | undefined {
  const format = wireFormatOf(target.path)
  const fields = format && parsed(body)
  const size = contentSizeOf(fields)
  if (format === undefined || fields === undefined || size === undefined) return undefined
  const provider = target.provider ?? format.provider
  const models = modelsOf(target.path, fields)
  const limits = limitsIn(format, fields, provider, models)
  const choices = format.choices?.(fields) ?? 1
  const serverTools = format.serverTools?.(fields) ?? []
  const numbers = [...limits, choices, ...serverTools.map(({ usesMax }) => usesMax ?? 0)]
  if (models.length === 0 || numbers.some(Number.isNaN)) return undefined
  const tiers = tiersOf(fields, provider)
  return {
    format: format.name,
    provider,
    models,
    output: format.output,
    maxOutputTokens: limits.length === 0 ? undefined : Math.max(...limits),
    choices,
    thinkingTokens: thinkingTokensIn(fields),
    bytes: size.bytes,
    extraOutputTokens: fields['prediction'] || fields['echo'] ? size.bytes : 0,
    media: size.media,
    hasInstructions: hasInstructions(fields),
    hasStoredInput: format.hasStoredInput?.(fields) ?? false,
    isCachedForAnHour: size.isCachedForAnHour,
    serverTools,
    isLimitOfWhole: format.isLimitOfWhole ?? false,
    tiers: tiers.asked,
    mayServe: tiers.mayServe,
    stream: format.stream?.(target.path, fields) ?? false,
  }
}

/** What is to be changed in a request so that its bound holds. */
export interface RequestLimits {
  /** Tokens for each choice: set where nothing is, lowered where more is. */
  readonly maxOutputTokens?: number | undefined
  /** Uses of the provider's tools, where nobody says how many. */
  readonly serverToolUses?: number | undefined
}

/** A copy of the body with the limits in it, which shares with the original what is not changed. Undefined where the format has no place for a limit. */
export function limitRequest(target: RequestTarget, body: unknown, limits: RequestLimits): Fields | undefined {
  const format = wireFormatOf(target.path)
  let fields = format && parsed(body)
  if (format === undefined || fields === undefined) return undefined
  const { maxOutputTokens, serverToolUses } = limits
  if (maxOutputTokens !== undefined) {
    const [model = ''] = modelsOf(target.path, fields)
    const paths = outputLimitsOf(format, target.provider ?? format.provider, model)
    const first = paths.find((path) => isSpelledAs(fields, path, paths[0])) ?? paths[0]
    if (first === undefined) return undefined
    const present = paths.filter((path) => limitAt(fields, path) !== undefined)
    for (const path of present.length === 0 ? [first] : present)
      if ((limitAt(fields, path) ?? Infinity) > maxOutputTokens) fields = withValueAt(fields, path, maxOutputTokens)
  }
  return serverToolUses === undefined ? fields : withServerToolUses(format.name, fields, serverToolUses)
}

/** The object that the limit belongs into is there, in another spelling. */
const isSpelledAs = (body: unknown, path: readonly string[], first: readonly string[] = []): boolean =>
  path.length > 1 &&
  path.map(snakeCased).join() === first.map(snakeCased).join() &&
  fieldsOf(body)[path[0] ?? ''] != null

function limitsIn(format: WireFormat, body: Fields, provider: string, models: readonly string[]): number[] {
  const paths = outputLimitsOf(format, provider, models[0] ?? '')
  return paths.map((path) => limitAt(body, path)).filter((limit) => limit !== undefined)
}

/** Anthropic's models refuse a limit that their thinking alone may use up. */
function thinkingTokensIn(body: Fields): number {
  const places = [body['thinking'], fieldsOf(body['additionalModelRequestFields'])['thinking']]
  return Math.max(0, ...places.map((place) => countOf(fieldsOf(place)['budget_tokens']) || 0))
}

/** Some servers take -1 for no limit. */
function limitAt(body: unknown, path: readonly string[]): number | undefined {
  const value = valueAt(body, path)
  return typeof value === 'number' && value < 0 ? undefined : countOf(value)
}

function parsed(body: unknown): Fields | undefined {
  if (!(body instanceof Uint8Array) && typeof body !== 'string') return isRecord(body) ? body : undefined
  try {
    const text = typeof body === 'string' ? body : new TextDecoder().decode(body)
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Fields => isFields(value) && !Array.isArray(value)

/** In the body, with those that a router may take instead; Azure, Google and AWS name it in the path. */
function modelsOf(path: string, body: Fields): string[] {
  const segment = /\/(?:models|deployments|model)\/([^/?]+)/.exec(path)?.[1]
  const inPath = segment === undefined ? undefined : decoded(segment.split(':', 1)[0] ?? '')
  const named = textOf(body['model']) ?? textOf(body['modelId']) ?? inPath
  const others = [...listOf(body['models']), ...listOf(body['fallbacks']).map((one) => fieldsOf(one)['model'] ?? one)]
  return [...new Set([named, ...others.map(textOf)])].filter((model) => model !== undefined)
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
