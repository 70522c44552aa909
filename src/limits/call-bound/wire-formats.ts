import { countOf, fieldsOf, isFields, listOf, snakeCased, textOf, valueAt } from './fields.ts'
import {
  anthropicServerTools,
  chatServerTools,
  cohereServerTools,
  converseServerTools,
  geminiServerTools,
  responsesServerTools,
} from './server-tools.ts'
import type { Fields } from './fields.ts'
import type { ServerTool } from './server-tools.ts'

/** What comes out: tokens that a field of the request limits, nothing (embeddings), or what no field limits (pictures, speech). */
export type OutputKind = 'tokens' | 'none' | 'unlimited'

/** How requests of one API say what the bound needs. */
export interface WireFormat {
  readonly name: string
  /** Of the URL, without its query. */
  readonly path: RegExp
  /** Whose format it is, for a host that does not tell. */
  readonly provider: string
  readonly output: OutputKind
  /** Where the limit of the output stands; several may be there, the highest counts. Absent where they depend on the body. */
  readonly limits?: readonly (readonly string[])[]
  readonly choices?: (body: Fields) => number
  readonly serverTools?: (body: Fields) => readonly ServerTool[]
  /** Whether some of the input is stored at the provider. */
  readonly hasStoredInput?: (body: Fields) => boolean
  readonly stream?: (path: string, body: Fields) => boolean
  /** The limit holds for all that a call with tools of the provider's puts out, however often the model is asked in between. */
  readonly isLimitOfWhole?: boolean
}

/** The format of requests to a path: the first that fits. */
export function wireFormatOf(path: string): WireFormat | undefined {
  const [bare = ''] = path.split('?', 1)
  return FORMATS.find((format) => format.path.test(bare))
}

/** Where the limit of the output stands, the one to set first. */
export function outputLimitsOf(format: WireFormat, provider: string, model: string): readonly (readonly string[])[] {
  if (format.name === 'bedrock.invoke') return invokeLimits(model)
  if (format.name !== 'openai.chat') return format.limits ?? []
  const isOpenAi = provider === 'openai' || provider.startsWith('azure')
  return isOpenAi ? [...(format.limits ?? [])].reverse() : (format.limits ?? [])
}

/** Each maker's models have a format of their own. */
function invokeLimits(model: string): readonly (readonly string[])[] {
  if (/\bmeta\.llama/.test(model)) return [['max_gen_len']]
  if (/amazon\.titan-(?!embed)/.test(model)) return [['textGenerationConfig', 'maxTokenCount']]
  if (/amazon\.nova/.test(model))
    return [
      ['inferenceConfig', 'maxTokens'],
      ['inferenceConfig', 'max_new_tokens'],
    ]
  if (/anthropic\.claude-(v\d|instant)/.test(model)) return [['max_tokens_to_sample'], ['max_tokens']]
  if (/anthropic\.|mistral\.|cohere\.command|deepseek\.|openai\./.test(model))
    return [['max_tokens'], ['max_completion_tokens']]
  return []
}

const has = (body: Fields, ...keys: readonly string[]): boolean =>
  keys.some((key) => body[key] !== undefined && body[key] !== null)
const count = (value: unknown): number => countOf(value) ?? 1
const nChoices = (body: Fields): number => Math.max(count(body['n']), count(body['best_of']))
const streams = (_path: string, body: Fields): boolean => body['stream'] === true
const streamsUnlessTold = (_path: string, body: Fields): boolean => body['stream'] !== false
const streamsByPath = (path: string): boolean => /:stream|-stream$/.test(path.split('?', 1)[0] ?? '')

/** A list of texts is so many prompts; a list of numbers is one. */
function promptsOf(body: Fields): number {
  const { prompt } = body
  return Array.isArray(prompt) && prompt.some((one) => typeof one !== 'number') ? prompt.length : 1
}

/** Google's servers read both spellings of a field, at each level. */
const eitherSpelling = (outer: string, inner: string): readonly (readonly string[])[] =>
  [outer, snakeCased(outer)].flatMap((first) => [inner, snakeCased(inner)].map((second) => [first, second]))

/** NaN where both spellings of one thing are there: nobody says which one counts. */
function geminiChoices(body: Fields): number {
  if (has(body, 'generationConfig') && has(body, 'generation_config')) return Number.NaN
  const config = fieldsOf(body['generationConfig'] ?? body['generation_config'])
  for (const name of ['maxOutputTokens', 'candidateCount'])
    if (has(config, name) && has(config, snakeCased(name))) return Number.NaN
  return count(config['candidateCount'] ?? config['candidate_count'])
}

const openAi = (name: string, path: RegExp, more: Partial<WireFormat>): WireFormat => ({
  name: `openai.${name}`,
  path,
  provider: 'openai',
  output: 'tokens',
  stream: streams,
  ...more,
})
const gemini = (name: string, path: RegExp, more: Partial<WireFormat>): WireFormat => ({
  name: `google.${name}`,
  path,
  provider: 'gcp.gemini',
  output: 'tokens',
  stream: streamsByPath,
  ...more,
})
const ollama = (path: RegExp, more: Partial<WireFormat>): WireFormat => ({
  name: 'ollama',
  path,
  provider: 'ollama',
  output: 'tokens',
  limits: [['options', 'num_predict']],
  stream: streamsUnlessTold,
  hasStoredInput: (body) => has(body, 'context'),
  ...more,
})
const cohere = (path: RegExp, more: Partial<WireFormat>): WireFormat => ({
  name: 'cohere',
  path,
  provider: 'cohere',
  output: 'tokens',
  limits: [['max_tokens']],
  stream: streams,
  ...more,
})
const bedrock = (name: string, path: RegExp, more: Partial<WireFormat>): WireFormat => ({
  name: `bedrock.${name}`,
  path,
  provider: 'aws.bedrock',
  output: 'tokens',
  stream: streamsByPath,
  ...more,
})

const FORMATS: readonly WireFormat[] = [
  ollama(/\/api\/(chat|generate)$/, {}),
  ollama(/\/api\/embed(dings)?$/, { output: 'none' }),
  openAi('chat', /\/chat\/completions$/, {
    limits: [['max_tokens'], ['max_completion_tokens']],
    choices: nChoices,
    serverTools: chatServerTools,
  }),
  // Mistral's agents: the model is not named.
  openAi('chat', /\/agents\/completions$/, { provider: 'mistral_ai', hasStoredInput: () => true }),
  openAi('completions', /\/(fim\/)?completions$/, {
    limits: [['max_tokens']],
    choices: (body) => nChoices(body) * promptsOf(body),
  }),
  openAi('responses', /\/responses$/, {
    limits: [['max_output_tokens']],
    serverTools: responsesServerTools,
    hasStoredInput: (body) => has(body, 'previous_response_id', 'conversation', 'prompt'),
    isLimitOfWhole: true,
  }),
  openAi('embeddings', /\/embeddings$/, { output: 'none' }),
  openAi('moderations', /\/moderations$/, { output: 'none' }),
  openAi('rerank', /\/v\d\/rerank$/, { output: 'none' }),
  openAi('images', /\/images\/(generations|edits|variations)$/, { output: 'unlimited' }),
  openAi('audio', /\/audio\/(speech|transcriptions|translations)$/, { output: 'unlimited' }),
  cohere(/\/v[12]\/chat$/, {
    serverTools: cohereServerTools,
    hasStoredInput: (body) => has(body, 'conversation_id'),
  }),
  cohere(/\/v[12]\/embed$/, { output: 'none' }),
  bedrock('converse', /\/model\/[^/]+\/converse(-stream)?$/, {
    limits: [
      ['inferenceConfig', 'maxTokens'],
      ['additionalModelRequestFields', 'max_tokens'],
    ],
    serverTools: converseServerTools,
    hasStoredInput: (body) => has(body, 'promptVariables'),
  }),
  bedrock('invoke', /\/model\/[^/]*embed[^/]*\/invoke$/, { output: 'none' }),
  bedrock('invoke', /\/model\/[^/]+\/invoke(-with-response-stream)?$/, {
    choices: (body) => count(body['num_generations']),
    serverTools: (body) => (has(body, 'anthropic_version') ? anthropicServerTools(body) : converseServerTools(body)),
  }),
  {
    name: 'anthropic.messages',
    path: /\/v1\/messages$/,
    provider: 'anthropic',
    output: 'tokens',
    limits: [['max_tokens']],
    serverTools: anthropicServerTools,
    hasStoredInput: (body) => has(body, 'container'),
    stream: streams,
  },
  gemini('generateContent', /\/models\/[^/]+:(streamG|g)enerateContent$/, {
    limits: eitherSpelling('generationConfig', 'maxOutputTokens'),
    choices: geminiChoices,
    serverTools: geminiServerTools,
    hasStoredInput: (body) => has(body, 'cachedContent', 'cached_content'),
  }),
  gemini('interactions', /\/interactions$/, {
    limits: [['generation_config', 'max_output_tokens']],
    serverTools: (body) => (has(body, 'agent') ? [{ name: 'agent', usesMax: undefined }] : chatServerTools(body)),
    hasStoredInput: (body) => has(body, 'previous_interaction_id'),
    stream: streams,
  }),
  gemini('embedContent', /\/models\/[^/]+:(e|batchE)mbedContents?$/, { output: 'none' }),
]

/** Tiers that the request asks for, and those that the provider may choose. */
export function tiersOf(body: Fields, provider: string): { asked: string[]; mayServe: string[] } {
  const asked: string[] = []
  const mayServe: string[] = []
  const tier = body['service_tier'] ?? body['serviceTier']
  const name = textOf(tier) ?? textOf(fieldsOf(tier)['type'])
  const isOpenAi = provider === 'openai' || provider === 'openrouter'
  // What is not said is decided by the settings of a project.
  if (name === undefined || name === 'auto') mayServe.push(...(isOpenAi ? ['priority', 'fast'] : []))
  else if (!CHEAPER.has(name)) asked.push(name)
  if (tier !== undefined && tier !== null && name === undefined) asked.push('unknown')
  if (textOf(body['speed']) === 'fast') asked.push('fast')
  const geo = textOf(body['inference_geo'])
  if (provider === 'anthropic' && geo !== 'global') mayServe.push('us')
  const latency = textOf(valueAt(body, ['performanceConfig', 'latency']))
  if (latency !== undefined && latency !== 'standard') asked.push(latency)
  return { asked, mayServe }
}

/** Never dearer than the standard tier. */
const CHEAPER: ReadonlySet<string> = new Set(['flex', 'batch', 'standard_only'])

/** Instructions and tools: providers put words of their own around them. */
export const hasInstructions = (body: Fields): boolean =>
  has(body, ...INSTRUCTIONS) || [...listOf(body['messages']), ...listOf(body['input'])].some(isInstruction)

const INSTRUCTIONS = [
  'tools',
  'functions',
  'toolConfig',
  'tool_config',
  'system',
  'systemInstruction',
  'system_instruction',
  'instructions',
  'preamble',
  'documents',
]
const isInstruction = (message: unknown): boolean =>
  isFields(message) && (message['role'] === 'system' || message['role'] === 'developer')
