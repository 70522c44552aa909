import {
  ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT,
  ATTR_GEN_AI_REQUEST_ENCODING_FORMATS,
  GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
} from '../../../conventions.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, nameOf, textsOf } from '../fields.ts'
import { present } from '../present.ts'
import { openAiUsage } from './usage.ts'
import { NO_ANSWER } from './api.ts'
import type { OpenAiApi } from './api.ts'

/** `embeddings.create`. Neither texts nor vectors are content that the conventions know a place for. */
export const embeddings: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
  attributes: (body) =>
    present({
      [ATTR_GEN_AI_REQUEST_ENCODING_FORMATS]: textsOf(body['encoding_format']),
      [ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT]: countOf(body['dimensions']),
    }),
  content: () => ({}),
  inputCharacters: (body) => charactersOf(body['input']),
  reader: () => ({
    whole(body) {
      const answer = fieldsOf(body)
      const usage = openAiUsage(answer['usage'])
      // Some providers count 0 tokens of output, which embeddings do not have.
      return {
        ...NO_ANSWER,
        model: nameOf(answer['model']),
        usage: usage === undefined ? undefined : { ...usage, outputTokens: undefined },
      }
    },
    event: () => {},
    soFar: () => NO_ANSWER,
  }),
}
