import type { Attributes } from '@opentelemetry/api'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'

/** What a command asks. */
export interface BedrockRequest {
  /** `gen_ai.operation.name` */
  readonly operation: string
  readonly unmetered: boolean
  /** Request attributes without content. */
  readonly attributes: Attributes
  /** Request attributes with content. */
  readonly content: () => Attributes
  /** What the model reads. */
  readonly input: () => unknown
}

/** How one family of commands is read. */
export interface BedrockApi {
  request(input: Fields): BedrockRequest
  /** `keep`: content will be asked for. */
  reader(keep: boolean): AnswerReader
}
