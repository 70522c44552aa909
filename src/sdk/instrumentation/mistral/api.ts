import type { Attributes } from '@opentelemetry/api'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'

/** How one API of Mistral is read, in the client's own names (camel case). */
export interface MistralApi {
  /** `gen_ai.operation.name` */
  readonly operation: string
  readonly unmetered: boolean
  /** A conversation that the request continues. */
  conversationId?(body: Fields): string | undefined
  /** Request attributes without content. */
  attributes(body: Fields): Attributes
  /** Request attributes with content. */
  content(body: Fields): Attributes
  /** What the model reads. */
  input(body: Fields): unknown
  /** `keep`: content will be asked for. */
  reader(keep: boolean): AnswerReader
}
