import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
} from '../../../conventions.ts'
import { GrowingText, contentJson, text } from '../../content.ts'
import { fieldsOf, nameOf, textOf } from '../fields.ts'
import type { Attributes } from '@opentelemetry/api'
import type { ModelResponse } from '../../model-call.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'

/** The text completions that 0.x still has. The API counts no tokens. */
export const completions = {
  operation: GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
  maxTokens: 'max_tokens_to_sample',
  input: (body: Fields): unknown => body['prompt'],
  content: (body: Fields): Attributes => ({
    [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson([{ role: 'user', parts: [text(textOf(body['prompt']) ?? '')] }]),
  }),
  reader: (): AnswerReader => new CompletionReader(),
}

/** Every event of a stream is a completion with a further piece of the text. */
class CompletionReader implements AnswerReader {
  #last: Fields | undefined
  #characters = 0
  readonly #text = new GrowingText()

  whole(body: unknown): ModelResponse {
    this.event(body)
    return this.soFar()
  }

  event(event: unknown): void {
    const completion = fieldsOf(event)
    if (completion['type'] !== 'completion') return
    this.#last = completion
    this.#text.add(completion['completion'])
    this.#characters += textOf(completion['completion'])?.length ?? 0
  }

  soFar(): ModelResponse {
    const reason = nameOf(this.#last?.['stop_reason'])
    return {
      id: nameOf(this.#last?.['id']),
      model: nameOf(this.#last?.['model']),
      finishReasons: this.#last === undefined ? [] : [reason],
      usage: undefined,
      outputCharacters: this.#characters,
      errorType: undefined,
      attributes: {},
      content: () => ({
        [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([
          { role: 'assistant', parts: [text(this.#text.value)], finish_reason: reason },
        ]),
      }),
    }
  }
}
