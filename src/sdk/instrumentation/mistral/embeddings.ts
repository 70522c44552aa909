import {
  ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT,
  ATTR_GEN_AI_REQUEST_ENCODING_FORMATS,
  GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
} from '../../../conventions.ts'
import { countOf, fieldsOf, nameOf, textsOf } from '../fields.ts'
import { present } from '../present.ts'
import { mistralUsage } from './usage.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { MistralApi } from './api.ts'

/** `embeddings.create`. Texts are not recorded: the conventions have no place for the input of embeddings. */
export const mistralEmbeddings: MistralApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
  unmetered: false,
  attributes: (body) =>
    present({
      [ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT]: countOf(body['outputDimension']),
      [ATTR_GEN_AI_REQUEST_ENCODING_FORMATS]: textsOf(body['encodingFormat']),
    }),
  content: () => ({}),
  input: (body) => body['inputs'],
  reader: () => ({ whole: responseOf, event: () => undefined, soFar: () => responseOf(undefined) }),
}

function responseOf(body: unknown): ModelResponse {
  const answer = fieldsOf(body)
  const usage = mistralUsage(answer['usage'])
  return {
    id: nameOf(answer['id']),
    model: nameOf(answer['model']),
    finishReasons: [],
    usage: usage === undefined ? undefined : { ...usage, outputTokens: undefined },
    errorType: undefined,
    attributes: {},
    content: () => ({}),
  }
}
