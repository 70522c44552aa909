import {
  ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT,
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_CHOICE_COUNT,
  ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY,
  ATTR_GEN_AI_REQUEST_REASONING_LEVEL,
  ATTR_GEN_AI_REQUEST_SEED,
  ATTR_GEN_AI_REQUEST_STOP_SEQUENCES,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_K,
  ATTR_GEN_AI_REQUEST_TOP_P,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  ATTR_GEN_AI_TOOL_DEFINITIONS,
  GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
  GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  GEN_AI_OUTPUT_TYPE_VALUE_IMAGE,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
  GEN_AI_OUTPUT_TYPE_VALUE_SPEECH,
  GEN_AI_OUTPUT_TYPE_VALUE_TEXT,
} from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, listOf, nameOf, numberOf, textOf, textsOf } from '../fields.ts'
import { present } from '../present.ts'
import { contentMessages, instructionParts, toolDefinitions } from './content-parts.ts'
import { ContentReader } from './content-reader.ts'
import { EmbeddingReader } from './embedding-reader.ts'
import { googleEndpoint } from './endpoint.ts'
import type { Attributes } from '@opentelemetry/api'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'
import type { CallShape } from '../observe-call.ts'

/** How one of the methods that make a request is read. Their only argument is the parameters of the call. */
interface ModelsApi {
  readonly operation: string
  readonly stream: boolean
  readonly attributes: (params: Fields, config: Fields) => Attributes
  readonly content: (params: Fields, config: Fields) => Attributes
  readonly input: (params: Fields, config: Fields) => unknown
  readonly reader: (capture: boolean) => AnswerReader
}

export function callShape(api: ModelsApi, sdk: SdkContext): CallShape {
  return {
    describe(models, [given]) {
      const params = fieldsOf(given)
      const config = fieldsOf(params['config'])
      return {
        request: {
          operation: api.operation,
          ...googleEndpoint(fieldsOf(models)['apiClient'], config['httpOptions']),
          model: nameOf(params['model']),
          stream: api.stream,
          conversationId: undefined,
          attributes: api.attributes(params, config),
          content: () => api.content(params, config),
          inputCharacters: () => charactersOf(api.input(params, config)),
        },
        reader: api.reader(sdk.captureContent),
      }
    },
    answer: (settled) => ({ value: settled }),
  }
}

const generate = {
  operation: GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  attributes: (_: Fields, config: Fields): Attributes =>
    present({
      [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(config['temperature']),
      [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(config['topP']),
      [ATTR_GEN_AI_REQUEST_TOP_K]: countOf(config['topK']),
      [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(config['maxOutputTokens']),
      [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(config['stopSequences']),
      [ATTR_GEN_AI_REQUEST_SEED]: countOf(config['seed']),
      [ATTR_GEN_AI_REQUEST_CHOICE_COUNT]: several(config['candidateCount']),
      [ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY]: numberOf(config['frequencyPenalty']),
      [ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY]: numberOf(config['presencePenalty']),
      [ATTR_GEN_AI_REQUEST_REASONING_LEVEL]: nameOf(fieldsOf(config['thinkingConfig'])['thinkingLevel']),
      [ATTR_GEN_AI_OUTPUT_TYPE]: outputType(config),
    }),
  content: (params: Fields, config: Fields): Attributes => {
    const instructions = instructionParts(config['systemInstruction'])
    return present({
      [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(contentMessages(params['contents'])),
      [ATTR_GEN_AI_SYSTEM_INSTRUCTIONS]: instructions.length === 0 ? undefined : contentJson(instructions),
      [ATTR_GEN_AI_TOOL_DEFINITIONS]: toolDefinitions(config['tools']),
    })
  },
  input: (params: Fields, config: Fields): unknown => [
    params['contents'],
    config['systemInstruction'],
    config['tools'],
  ],
  reader: (capture: boolean): AnswerReader => new ContentReader(capture),
}

export const generateContent: ModelsApi = { ...generate, stream: false }
export const generateContentStream: ModelsApi = { ...generate, stream: true }

export const embedContent: ModelsApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
  stream: false,
  attributes: (_, config) =>
    present({ [ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT]: countOf(config['outputDimensionality']) }),
  content: () => ({}),
  input: (params) => params['contents'] ?? params['content'],
  reader: () => new EmbeddingReader(),
}

/** Imagen is paid by the image: no tokens are counted. */
export const generateImages: ModelsApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  stream: false,
  attributes: (_, config) =>
    present({
      [ATTR_GEN_AI_OUTPUT_TYPE]: GEN_AI_OUTPUT_TYPE_VALUE_IMAGE,
      [ATTR_GEN_AI_REQUEST_CHOICE_COUNT]: several(config['numberOfImages']),
    }),
  content: (params) => {
    const prompt = textOf(params['prompt'])
    return prompt === undefined
      ? {}
      : { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson([{ role: 'user', parts: [text(prompt)] }]) }
  },
  input: (params) => params['prompt'],
  reader: () => new ContentReader(false),
}

const several = (count: unknown): number | undefined => (count === 1 ? undefined : countOf(count))

/** What a request asks for, where it says so. */
function outputType(config: Fields): string | undefined {
  const modalities = listOf(config['responseModalities'])
  if (modalities.includes('IMAGE')) return GEN_AI_OUTPUT_TYPE_VALUE_IMAGE
  if (modalities.includes('AUDIO')) return GEN_AI_OUTPUT_TYPE_VALUE_SPEECH
  const schema = config['responseSchema'] ?? config['responseJsonSchema']
  if (schema !== undefined || config['responseMimeType'] === 'application/json') return GEN_AI_OUTPUT_TYPE_VALUE_JSON
  return modalities.length > 0 || config['responseMimeType'] === 'text/plain'
    ? GEN_AI_OUTPUT_TYPE_VALUE_TEXT
    : undefined
}
