import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_STOP_SEQUENCES,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_K,
  ATTR_GEN_AI_REQUEST_TOP_P,
  GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
  GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC,
  GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK,
  GEN_AI_PROVIDER_NAME_VALUE_COHERE,
  GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI,
  GEN_AI_PROVIDER_NAME_VALUE_OPENAI,
} from '../../../conventions.ts'
import { contentJson } from '../../content.ts'
import { messages } from '../anthropic/messages.ts'
import { cohereChatV1 } from '../cohere/chat-v1.ts'
import { cohereChatV2 } from '../cohere/chat-v2.ts'
import { cohereEmbed } from '../cohere/embed.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, nameOf, numberOf, textsOf } from '../fields.ts'
import { contentMessages } from '../google-genai/content-parts.ts'
import { ContentReader } from '../google-genai/content-reader.ts'
import { EmbeddingReader } from '../google-genai/embedding-reader.ts'
import { embeddings as ollamaEmbeddings } from '../ollama/embeddings.ts'
import { chat, generate } from '../ollama/generation.ts'
import { speech, transcription } from '../openai/audio.ts'
import { chatCompletions } from '../openai/chat.ts'
import { completions } from '../openai/completions.ts'
import { embeddings } from '../openai/embeddings.ts'
import { images } from '../openai/images.ts'
import { moderations } from '../openai/moderations.ts'
import { responses } from '../openai/responses.ts'
import { present } from '../present.ts'
import { rerank } from '../together/rerank.ts'
import { cohereApi, converseApi, unreadApi } from './other-apis.ts'
import type { Attributes } from '@opentelemetry/api'
import type { CohereApi } from '../cohere/api.ts'
import type { Fields } from '../fields.ts'
import type { OpenAiApi } from '../openai/api.ts'

/** How the requests to one kind of path are read. */
interface Route {
  readonly path: RegExp
  readonly api: OpenAiApi
  /** Whose format it is, for a host that does not tell. */
  readonly provider: string
  /** Whether the answer is asked for as a stream, where that is not `stream: true`. */
  readonly stream?: (path: string, body: Fields) => boolean
}

/** What a request asks of a model. */
export interface Asked {
  readonly api: OpenAiApi
  readonly provider: string
  readonly model: string | undefined
  readonly stream: boolean
}

/** Whether requests to this path can call a model. */
export const isModelPath = (path: string): boolean => routeOf(path) !== undefined

export function askedOf(path: string, body: Fields): Asked | undefined {
  const route = routeOf(path)
  if (route === undefined) return undefined
  const { api, provider, stream } = route
  return {
    api,
    provider,
    model: nameOf(body['model']) ?? modelIn(path),
    stream: stream === undefined ? body['stream'] === true : stream(path, body),
  }
}

const messagesApi: OpenAiApi = {
  operation: messages.operation,
  attributes: (body) =>
    present({
      [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(body['temperature']),
      [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(body['top_p']),
      [ATTR_GEN_AI_REQUEST_TOP_K]: countOf(body['top_k']),
      [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(body['max_tokens']),
      [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(body['stop_sequences']),
    }),
  content: messages.content,
  inputCharacters: (body) => charactersOf(messages.input(body)),
  reader: messages.reader,
}

const generateContent: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  attributes: (body) => geminiAttributes(fieldsOf(body['generationConfig'])),
  content: (body) => ({ [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(contentMessages(body['contents'])) }),
  inputCharacters: (body) => charactersOf([body['contents'], body['systemInstruction'], body['tools']]),
  reader: (keep) => new ContentReader(keep),
}

const geminiAttributes = (config: Fields): Attributes =>
  present({
    [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(config['temperature']),
    [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(config['topP']),
    [ATTR_GEN_AI_REQUEST_TOP_K]: countOf(config['topK']),
    [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(config['maxOutputTokens']),
    [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(config['stopSequences']),
  })

const embedContent: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
  attributes: () => ({}),
  content: () => ({}),
  inputCharacters: (body) => charactersOf([body['content'], body['requests']]),
  reader: () => new EmbeddingReader(),
}

const openAi = (path: RegExp, api: OpenAiApi): Route => ({ path, api, provider: GEN_AI_PROVIDER_NAME_VALUE_OPENAI })
const gemini = (path: RegExp, api: OpenAiApi): Route => ({
  path,
  api,
  provider: GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI,
  stream: (asked) => asked.includes(':stream'),
})
const ollama = (path: RegExp, api: OpenAiApi, streams: boolean): Route => ({
  path,
  api,
  provider: 'ollama',
  // Unless told otherwise, the server streams.
  stream: (_path, body) => streams && body['stream'] !== false,
})

const cohere = (path: RegExp, api: CohereApi): Route => ({
  path,
  api: cohereApi(api),
  provider: GEN_AI_PROVIDER_NAME_VALUE_COHERE,
})
const bedrock = (path: RegExp, api: OpenAiApi): Route => ({
  path,
  api,
  provider: GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK,
  stream: (asked) => asked.endsWith('-stream'),
})

/** The first that fits. */
const ROUTES: readonly Route[] = [
  ollama(/\/api\/chat$/, chat, true),
  ollama(/\/api\/generate$/, generate, true),
  ollama(/\/api\/embed(dings)?$/, ollamaEmbeddings, false),
  openAi(/\/(chat|agents)\/completions$/, chatCompletions),
  // Mistral's, which are answered as a chat.
  openAi(/\/fim\/completions$/, { ...completions, reader: chatCompletions.reader }),
  openAi(/\/responses$/, responses),
  openAi(/\/completions$/, completions),
  openAi(/\/embeddings$/, embeddings),
  openAi(/\/images\/(generations|edits|variations)$/, images),
  openAi(/\/moderations$/, moderations),
  openAi(/\/audio\/speech$/, speech),
  openAi(/\/audio\/(transcriptions|translations)$/, transcription),
  openAi(/\/v1\/rerank$/, rerank),
  cohere(/\/v2\/chat$/, cohereChatV2),
  cohere(/\/v1\/chat$/, cohereChatV1),
  cohere(/\/v[12]\/embed$/, cohereEmbed),
  bedrock(/\/model\/[^/]+\/converse(-stream)?$/, converseApi),
  bedrock(/\/model\/[^/]+\/invoke(-with-response-stream)?$/, unreadApi),
  { path: /\/v1\/messages$/, api: messagesApi, provider: GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC },
  gemini(/\/models\/[^/]+:(streamG|g)enerateContent$/, generateContent),
  gemini(/\/models\/[^/]+:(e|batchE)mbedContents?$/, embedContent),
]

function routeOf(path: string): Route | undefined {
  const query = path.indexOf('?')
  const bare = query === -1 ? path : path.slice(0, query)
  return ROUTES.find((route) => route.path.test(bare))
}

/** Azure, Google and AWS name the model, or its deployment, in the path. */
function modelIn(path: string): string | undefined {
  const segment = /\/(?:models|deployments|model)\/([^/?]+)/.exec(path)?.[1]
  if (segment === undefined) return undefined
  // What Google asks of the model follows a colon; the colon of AWS is before a number, and written as %3A.
  return nameOf(decoded(segment.split(':', 1)[0] ?? ''))
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
