import { ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT, GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS } from '../../../conventions.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, nameOf } from '../fields.ts'
import { NO_ANSWER } from '../openai/api.ts'
import { present } from '../present.ts'
import { ollamaUsage } from './usage.ts'
import type { OpenAiApi } from '../openai/api.ts'

/** `embed`, and `embeddings` of old, which counts no tokens. */
export const embeddings: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
  attributes: (body) => present({ [ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT]: countOf(body['dimensions']) }),
  content: () => ({}),
  inputCharacters: (body) => charactersOf([body['input'], body['prompt']]),
  reader: () => ({
    whole(body) {
      const answer = fieldsOf(body)
      return { ...NO_ANSWER, model: nameOf(answer['model']), usage: ollamaUsage(answer) }
    },
    event: () => {},
    soFar: () => NO_ANSWER,
  }),
}
