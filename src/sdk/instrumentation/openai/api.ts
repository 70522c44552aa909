import type { Attributes } from '@opentelemetry/api'
import type { Fields } from '../fields.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { ModelResponse } from '../../model-call.ts'

/** How one API that speaks OpenAI's format is read: its request before the call, its answer afterwards. */
export interface OpenAiApi {
  /** `gen_ai.operation.name` */
  readonly operation: string
  /** What the request says, where that is not the first argument of the method. */
  body?(args: readonly unknown[]): Fields
  /** Request attributes without content. */
  attributes(body: Fields): Attributes
  /** Request attributes with content. */
  content(body: Fields): Attributes
  /** A conversation that the request itself names. */
  conversationId?(body: Fields): string | undefined
  /** For the estimate when the provider counts no tokens. Absent where what is paid is not tokens of text. */
  inputCharacters?(body: Fields): number
  /** No tokens are paid for it. */
  readonly unmetered?: boolean
  /** Streams of it count their tokens only when asked (`stream_options.include_usage`). */
  readonly usageOnRequest?: boolean
  /** `keep`: the content of the answer will be asked for. */
  reader(keep: boolean): AnswerReader
}

/** An answer that says nothing, to be completed. */
export const NO_ANSWER: ModelResponse = Object.freeze({
  id: undefined,
  model: undefined,
  finishReasons: [],
  usage: undefined,
  errorType: undefined,
  attributes: {},
  content: () => ({}),
})
