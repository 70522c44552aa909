import { countOf, fieldsOf, listOf } from '../fields.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { AnswerReader } from '../api-promise.ts'

/** Reads an EmbedContentResponse. Vertex counts the tokens of each text, the Gemini API those of all, in newer models only. */
export class EmbeddingReader implements AnswerReader {
  #inputTokens: number | undefined

  whole(body: unknown): ModelResponse {
    const { embeddings, usageMetadata } = fieldsOf(body)
    const each = listOf(embeddings).flatMap(
      (embedding) => countOf(fieldsOf(fieldsOf(embedding)['statistics'])['tokenCount']) ?? [],
    )
    this.#inputTokens =
      countOf(fieldsOf(usageMetadata)['promptTokenCount']) ??
      (each.length === 0 ? undefined : each.reduce((total, tokens) => total + tokens, 0))
    return this.soFar()
  }

  event(): void {}

  soFar(): ModelResponse {
    return {
      id: undefined,
      model: undefined,
      finishReasons: [],
      usage:
        this.#inputTokens === undefined
          ? undefined
          : {
              inputTokens: this.#inputTokens,
              outputTokens: undefined,
              cacheReadTokens: undefined,
              cacheWriteTokens: undefined,
              reasoningTokens: undefined,
            },
      errorType: undefined,
      attributes: {},
      content: () => ({}),
    }
  }
}
