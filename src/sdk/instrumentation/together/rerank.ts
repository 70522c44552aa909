import {
  ATTR_GEN_AI_RETRIEVAL_DOCUMENTS,
  ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT,
  ATTR_GEN_AI_RETRIEVAL_TOP_K,
} from '../../../conventions.ts'
import { contentJson } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, nameOf, textOf } from '../fields.ts'
import { NO_ANSWER } from '../openai/api.ts'
import { openAiUsage } from '../openai/usage.ts'
import { present } from '../present.ts'
import type { OpenAiApi } from '../openai/api.ts'

/** `rerank.create`: documents are put in order. */
export const rerank: OpenAiApi = {
  operation: 'rerank',
  attributes: (body) => present({ [ATTR_GEN_AI_RETRIEVAL_TOP_K]: countOf(body['top_n']) }),
  content: (body) =>
    present({
      [ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT]: textOf(body['query']),
      [ATTR_GEN_AI_RETRIEVAL_DOCUMENTS]: contentJson(body['documents'] ?? []),
    }),
  inputCharacters: (body) => charactersOf([body['query'], body['documents']]),
  reader: () => ({
    whole(body) {
      const answer = fieldsOf(body)
      return {
        ...NO_ANSWER,
        id: nameOf(answer['id']),
        model: nameOf(answer['model']),
        usage: openAiUsage(answer['usage']),
      }
    },
    event: () => {},
    soFar: () => NO_ANSWER,
  }),
}
