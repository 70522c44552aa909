import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY,
  ATTR_GEN_AI_REQUEST_SEED,
  ATTR_GEN_AI_REQUEST_STOP_SEQUENCES,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_K,
  ATTR_GEN_AI_REQUEST_TOP_P,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
} from '../../../conventions.ts'
import { contentJson } from '../../content.ts'
import { endpointOf } from '../endpoint.ts'
import { countOf, listOf, nameOf, numberOf, textsOf } from '../fields.ts'
import { present } from '../present.ts'
import { langchainMessages, messageCharacters } from './messages.ts'
import { langchainProvider } from './provider.ts'
import type { ModelRequest } from '../../model-call.ts'
import type { Fields } from '../fields.ts'

/** What a kind of model is asked: a list of messages, or texts. */
export interface ModelInput {
  readonly operation: string
  /** The input as a list of what `langchainMessages` takes. */
  readonly messages: (input: unknown) => readonly unknown[]
}

export const chatInput: ModelInput = { operation: GEN_AI_OPERATION_NAME_VALUE_CHAT, messages: listOf }

/** `_generate` of a plain-text model is given a list of texts, its stream a single one. */
export const textInput: ModelInput = {
  operation: GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
  messages: (input) => (typeof input === 'string' ? [input] : listOf(input)),
}

/**
 * The call as LangChain makes it. Read from the fields that its models share, not from `invocationParams()`: that converts the schemas of all
 * tools each time. The options of the call win over the model's own fields.
 */
export function modelRequest(
  model: Fields,
  input: unknown,
  options: Fields,
  stream: boolean,
  { operation, messages }: ModelInput,
): ModelRequest {
  const either = (...names: string[]): unknown => {
    for (const source of [options, model])
      for (const name of names) if (source[name] !== undefined && source[name] !== null) return source[name]
    return undefined
  }
  const endpoint = endpointOf(model['baseUrl'] ?? model['baseURL'] ?? model['endpoint'])
  return {
    operation,
    provider: endpoint.provider ?? langchainProvider(model),
    model: langchainModel(model, options),
    serverAddress: endpoint.address,
    serverPort: endpoint.port,
    stream,
    conversationId: undefined,
    attributes: present({
      [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(either('temperature')),
      [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(either('topP')),
      [ATTR_GEN_AI_REQUEST_TOP_K]: countOf(either('topK')),
      [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(either('maxTokens', 'maxOutputTokens', 'numPredict')),
      [ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY]: numberOf(either('frequencyPenalty')),
      [ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY]: numberOf(either('presencePenalty')),
      [ATTR_GEN_AI_REQUEST_SEED]: countOf(either('seed')),
      [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(either('stop', 'stopSequences')),
    }),
    content: () => ({ [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(langchainMessages(messages(input))) }),
    inputCharacters: () => messageCharacters(messages(input)),
    framework: true,
  }
}

/** Models of older packages have `modelName` or `modelId`; embeddings have the same fields. */
export const langchainModel = (model: Fields, options: Fields): string | undefined =>
  nameOf(options['model']) ?? nameOf(model['model']) ?? nameOf(model['modelName']) ?? nameOf(model['modelId'])
