import {
  ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT,
  ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT,
  ATTR_GEN_AI_RETRIEVAL_TOP_K,
  GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
} from '../../../conventions.ts'
import { countOf, fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import { present } from '../present.ts'
import { identityOf } from './model-identity.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { Fields } from '../fields.ts'
import type { ModelMethod } from './model-method.ts'

/** `doEmbed`: once for `embed`, once for each portion of `embedMany`. */
export const embeddingModel: readonly ModelMethod[] = [
  {
    name: 'doEmbed',
    request: (model, options) => ({
      operation: GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
      ...identityOf(model),
      stream: false,
      conversationId: undefined,
      attributes: {},
      // Neither texts nor vectors are content that the conventions know a place for.
      content: () => ({}),
      inputCharacters: () =>
        listOf(options['values']).reduce<number>((sum, value) => sum + (textOf(value)?.length ?? 0), 0),
    }),
    response: (result) => ({
      ...answer(result),
      usage: embeddingUsage(fieldsOf(result['usage'])),
      attributes: present({
        [ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT]: listOf(listOf(result['embeddings'])[0]).length || undefined,
      }),
    }),
  },
]

/** `doRerank`. Providers count searches, not tokens. */
export const rerankingModel: readonly ModelMethod[] = [
  {
    name: 'doRerank',
    request: (model, options) => ({
      operation: 'rerank',
      ...identityOf(model),
      stream: false,
      conversationId: undefined,
      attributes: present({ [ATTR_GEN_AI_RETRIEVAL_TOP_K]: countOf(options['topN']) }),
      content: () => present({ [ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT]: textOf(options['query']) }),
      unmetered: true,
    }),
    response: answer,
  },
]

function embeddingUsage({ tokens }: Fields): ModelResponse['usage'] {
  const inputTokens = countOf(tokens)
  if (inputTokens === undefined) return undefined
  return {
    inputTokens,
    outputTokens: undefined,
    cacheReadTokens: undefined,
    cacheWriteTokens: undefined,
    reasoningTokens: undefined,
  }
}

/** The wire's own words of the answer: the AI SDK passes the model's name on for some providers, in the raw body. */
function answer(result: Fields): ModelResponse {
  const response = fieldsOf(result['response'])
  const body = fieldsOf(response['body'])
  return {
    id: nameOf(response['id']),
    model: nameOf(response['modelId']) ?? nameOf(body['model']),
    finishReasons: [],
    usage: undefined,
    errorType: undefined,
    attributes: {},
    content: () => ({}),
  }
}
