import { eventErrorType } from '../error-event.ts'
import { fieldsOf } from '../fields.ts'
import { wireNames } from './wire-names.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { ModelResponse } from '../../model-call.ts'

/** Reads what the client made of an answer: its names are those of JavaScript, and an error in a stream is an event like any other. */
export class ClientReader implements AnswerReader {
  readonly #wire: AnswerReader
  #errorType: string | undefined

  constructor(wire: AnswerReader) {
    this.#wire = wire
  }

  whole(body: unknown): ModelResponse {
    // Vectors and pictures are not looked at.
    const { data: _, ...answer } = fieldsOf(body)
    return this.#wire.whole(wireNames(answer))
  }

  event(event: unknown): void {
    this.#errorType = eventErrorType(event) ?? this.#errorType
    this.#wire.event(wireNames(event))
  }

  soFar(): ModelResponse {
    const response = this.#wire.soFar()
    return this.#errorType === undefined ? response : { ...response, errorType: this.#errorType }
  }
}
