import type { Attributes } from '@opentelemetry/api'
import type { Fields } from '../fields.ts'
import type { AnswerReader } from '../api-promise.ts'

/** How one API that speaks OpenAI's format is read: its request before the call, its answer afterwards. */
export interface OpenAiApi {
  /** `gen_ai.operation.name` */
  readonly operation: string
  /** Request attributes without content. */
  attributes(body: Fields): Attributes
  /** Request attributes with content. */
  content(body: Fields): Attributes
  /** A conversation that the request itself names. */
  conversationId?(body: Fields): string | undefined
  reader(): AnswerReader
}
