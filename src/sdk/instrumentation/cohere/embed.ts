import {
  ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT,
  ATTR_GEN_AI_REQUEST_ENCODING_FORMATS,
  GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
} from '../../../conventions.ts'
import { countOf, fieldsOf, nameOf, textsOf } from '../fields.ts'
import { present } from '../present.ts'
import { cohereUsage } from './usage.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { CohereApi } from './api.ts'

/** `embed`, v1 and v2. Texts are not recorded: the conventions have no place for the input of embeddings. */
export const cohereEmbed: CohereApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
  unmetered: false,
  attributes: (body) =>
    present({
      [ATTR_GEN_AI_REQUEST_ENCODING_FORMATS]: textsOf(body['embeddingTypes']),
      [ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT]: countOf(body['outputDimension']),
    }),
  content: () => ({}),
  input: (body) => body['texts'] ?? body['inputs'],
  reader: () => reader(true),
}

/** `rerank`, v1 and v2, which is paid by the search. */
export const cohereRerank: CohereApi = {
  operation: 'rerank',
  unmetered: true,
  attributes: () => ({}),
  content: () => ({}),
  input: () => undefined,
  reader: () => reader(false),
}

function reader(metered: boolean): AnswerReader {
  const responseOf = (body: unknown): ModelResponse => {
    const answer = fieldsOf(body)
    const usage = metered ? cohereUsage(answer['meta']) : undefined
    return {
      id: nameOf(answer['id']),
      model: undefined,
      finishReasons: [],
      usage: usage === undefined ? undefined : { ...usage, outputTokens: undefined },
      errorType: undefined,
      attributes: {},
      content: () => ({}),
    }
  }
  return { whole: responseOf, event: () => undefined, soFar: () => responseOf(undefined) }
}
