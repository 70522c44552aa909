import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY,
  ATTR_GEN_AI_REQUEST_SEED,
  ATTR_GEN_AI_REQUEST_STOP_SEQUENCES,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_K,
  ATTR_GEN_AI_REQUEST_TOP_P,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
} from '../../../conventions.ts'
import { countOf, fieldsOf, numberOf, textsOf } from '../fields.ts'
import { present } from '../present.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'

/** How one API of Cohere is read, in the client's own names (camel case). */
export interface CohereApi {
  /** `gen_ai.operation.name` */
  readonly operation: string
  readonly unmetered: boolean
  /** Request attributes without content. */
  attributes(body: Fields): Attributes
  /** Request attributes with content. */
  content(body: Fields): Attributes
  /** What the model reads. */
  input(body: Fields): unknown
  /** `keep`: content will be asked for. */
  reader(keep: boolean): AnswerReader
}

/** Request attributes of chat, v1 and v2, and of generate. */
export const samplingAttributes = (body: Fields): Attributes =>
  present({
    [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(body['temperature']),
    [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(body['p']),
    [ATTR_GEN_AI_REQUEST_TOP_K]: countOf(body['k']),
    [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(body['maxTokens']),
    [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(body['stopSequences'] ?? body['endSequences']),
    [ATTR_GEN_AI_REQUEST_SEED]: countOf(body['seed']),
    [ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY]: numberOf(body['frequencyPenalty']),
    [ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY]: numberOf(body['presencePenalty']),
    [ATTR_GEN_AI_OUTPUT_TYPE]:
      fieldsOf(body['responseFormat'])['type'] === 'json_object' ? GEN_AI_OUTPUT_TYPE_VALUE_JSON : undefined,
  })
