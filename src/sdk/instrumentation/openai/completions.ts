import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
} from '../../../conventions.ts'
import { GrowingText, contentJson, text } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, listOf, nameOf, textOf, textsOf } from '../fields.ts'
import { samplingAttributes } from './chat.ts'
import { openAiUsage } from './usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { OpenAiApi } from './api.ts'

/** The old `completions.create`: chunks of a stream have the form of the whole answer. */
export const completions: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
  attributes: samplingAttributes,
  content: (body) => ({
    [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(
      (textsOf(body['prompt']) ?? []).map((prompt) => ({ role: 'user', parts: [text(prompt)] })),
    ),
  }),
  inputCharacters: (body) => charactersOf([body['prompt'], body['suffix']]),
  usageOnRequest: true,
  reader: (keep) => new CompletionReader(keep),
}

class CompletionReader implements AnswerReader {
  #id: string | undefined
  #model: string | undefined
  #usage: TokenUsage | undefined
  #characters = 0
  readonly #keep: boolean
  readonly #choices: (Choice | undefined)[] = []

  constructor(keep: boolean) {
    this.#keep = keep
  }

  whole(body: unknown): ModelResponse {
    this.event(body)
    return this.soFar()
  }

  event(event: unknown): void {
    const answer = fieldsOf(event)
    this.#id = nameOf(answer['id']) ?? this.#id
    this.#model = nameOf(answer['model']) ?? this.#model
    this.#usage = openAiUsage(answer['usage']) ?? this.#usage
    for (const [position, value] of listOf(answer['choices']).entries()) {
      const choice = fieldsOf(value)
      const index = countOf(choice['index']) ?? position
      if (index >= CHOICES_MAX) continue
      const known = (this.#choices[index] ??= { text: new GrowingText(), finishReason: undefined })
      this.#characters += textOf(choice['text'])?.length ?? 0
      if (this.#keep) known.text.add(choice['text'])
      known.finishReason = nameOf(choice['finish_reason']) ?? known.finishReason
    }
  }

  soFar(): ModelResponse {
    const choices = this.#choices.filter((choice) => choice !== undefined)
    return {
      id: this.#id,
      model: this.#model,
      finishReasons: choices.map((choice) => choice.finishReason),
      usage: this.#usage,
      outputCharacters: this.#characters,
      errorType: undefined,
      attributes: {},
      content: () => ({
        [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson(
          choices.map((choice) => ({
            role: 'assistant',
            parts: [text(choice.text.value)],
            finish_reason: choice.finishReason,
          })),
        ),
      }),
    }
  }
}

interface Choice {
  readonly text: GrowingText
  finishReason: string | undefined
}

/** Choices of one answer that are read; OpenAI allows 128 for each prompt. */
const CHOICES_MAX = 1_024
