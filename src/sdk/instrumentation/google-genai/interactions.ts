import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID,
  ATTR_GEN_AI_REQUEST_REASONING_LEVEL,
  ATTR_GEN_AI_REQUEST_SEED,
  ATTR_GEN_AI_REQUEST_STOP_SEQUENCES,
  ATTR_GEN_AI_REQUEST_STREAM_CURSOR,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_P,
  ATTR_GEN_AI_RESPONSE_STATUS,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  ATTR_GEN_AI_TOOL_DEFINITIONS,
  GEN_AI_OPERATION_NAME_VALUE_FETCH_RESPONSE,
  GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
} from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, isFields, listOf, nameOf, numberOf, textOf, textsOf } from '../fields.ts'
import { present } from '../present.ts'
import { googleEndpoint } from './endpoint.ts'
import { interactionInput } from './interaction-parts.ts'
import { InteractionReader } from './interaction-reader.ts'
import type { Attributes } from '@opentelemetry/api'
import type { ModelRequest, ModelResponse } from '../../model-call.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'
import type { CallShape } from '../observe-call.ts'

/** `interactions.create`, plain, streaming and in the background (whose answer is only the receipt). */
export const createShape = (sdk: SdkContext): CallShape => ({
  describe: (interactions, [given]) => {
    const body = fieldsOf(given)
    return {
      request: {
        ...requestOf(interactions, body, GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT),
        model: nameOf(body['model']),
        attributes: attributesOf(body),
        content: () => contentOf(body),
        inputCharacters: () => charactersOf([body['input'], body['system_instruction'], body['tools']]),
      },
      reader: new InteractionReader(sdk.captureContent),
    }
  },
  answer: (settled) => ({ value: settled }),
})

/** `interactions.get`: what was made before, whose tokens were counted then. */
export const getShape = (sdk: SdkContext): CallShape => ({
  describe: (interactions, [, given]) => {
    const body = fieldsOf(given)
    return {
      request: {
        ...requestOf(interactions, body, GEN_AI_OPERATION_NAME_VALUE_FETCH_RESPONSE),
        model: undefined,
        attributes: present({ [ATTR_GEN_AI_REQUEST_STREAM_CURSOR]: nameOf(body['last_event_id']) }),
        content: () => ({}),
        unmetered: true,
      },
      reader: new FetchedReader(new InteractionReader(sdk.captureContent)),
    }
  },
  answer: (settled) => ({ value: settled }),
})

class FetchedReader implements AnswerReader {
  readonly #reader: InteractionReader
  #status: string | undefined

  constructor(reader: InteractionReader) {
    this.#reader = reader
  }

  whole(body: unknown): ModelResponse {
    this.#status = nameOf(fieldsOf(body)['status'])
    this.#reader.whole(body)
    return this.soFar()
  }

  event(event: unknown): void {
    const { interaction, status } = fieldsOf(event)
    this.#status = nameOf(fieldsOf(interaction)['status']) ?? nameOf(status) ?? this.#status
    this.#reader.event(event)
  }

  /** A failed interaction was fetched all the same. */
  soFar(): ModelResponse {
    const attributes = present({ [ATTR_GEN_AI_RESPONSE_STATUS]: this.#status })
    return { ...this.#reader.soFar(), usage: undefined, outputCharacters: undefined, errorType: undefined, attributes }
  }
}

function requestOf(
  interactions: unknown,
  body: Fields,
  operation: string,
): Pick<ModelRequest, 'operation' | 'provider' | 'serverAddress' | 'serverPort' | 'stream' | 'conversationId'> {
  return {
    operation,
    ...googleEndpoint(fieldsOf(interactions)['parentClient']),
    stream: body['stream'] === true,
    conversationId: undefined,
  }
}

function attributesOf(body: Fields): Attributes {
  const config = fieldsOf(body['generation_config'])
  return present({
    [ATTR_GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID]: nameOf(body['previous_interaction_id']),
    [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(config['temperature']),
    [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(config['top_p']),
    [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(config['max_output_tokens']),
    [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(config['stop_sequences']),
    [ATTR_GEN_AI_REQUEST_SEED]: countOf(config['seed']),
    [ATTR_GEN_AI_REQUEST_REASONING_LEVEL]: nameOf(config['thinking_level']),
    [ATTR_GEN_AI_OUTPUT_TYPE]: isJson(body['response_format']) ? GEN_AI_OUTPUT_TYPE_VALUE_JSON : undefined,
  })
}

const isJson = (format: unknown): boolean =>
  (Array.isArray(format) ? format : [format]).some((one) => {
    const { mime_type: mimeType, schema } = fieldsOf(one)
    return mimeType === 'application/json' || isFields(schema)
  })

function contentOf(body: Fields): Attributes {
  const instruction = textOf(body['system_instruction'])
  const tools = listOf(body['tools']).map(fieldsOf)
  return present({
    [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(interactionInput(body['input'])),
    [ATTR_GEN_AI_SYSTEM_INSTRUCTIONS]: instruction === undefined ? undefined : contentJson([text(instruction)]),
    [ATTR_GEN_AI_TOOL_DEFINITIONS]:
      tools.length === 0
        ? undefined
        : contentJson(
            tools.map(({ type, name, description, parameters }) => ({
              type,
              name: name ?? type,
              description,
              parameters,
            })),
          ),
  })
}
