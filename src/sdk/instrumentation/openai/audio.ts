import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_TYPE,
  GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  GEN_AI_OUTPUT_TYPE_VALUE_SPEECH,
  GEN_AI_OUTPUT_TYPE_VALUE_TEXT,
} from '../../../conventions.ts'
import { GrowingText, contentJson, text } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { fieldsOf, textOf } from '../fields.ts'
import { NO_ANSWER } from './api.ts'
import { openAiUsage } from './usage.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { OpenAiApi } from './api.ts'

/** `audio.speech.create`: the answer is sound, or events of which the last has the usage. */
export const speech: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  attributes: () => ({ [ATTR_GEN_AI_OUTPUT_TYPE]: GEN_AI_OUTPUT_TYPE_VALUE_SPEECH }),
  content(body) {
    const words = textOf(body['input'])
    if (words === undefined) return {}
    return { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson([{ role: 'user', parts: [text(words)] }]) }
  },
  inputCharacters: (body) => charactersOf([body['input'], body['instructions']]),
  reader: () => new TranscriptReader(false),
}

/** `audio.transcriptions.create` and `audio.translations.create`: tokens for some models, for others the length of the sound is paid. */
export const transcription: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  attributes: () => ({ [ATTR_GEN_AI_OUTPUT_TYPE]: GEN_AI_OUTPUT_TYPE_VALUE_TEXT }),
  content: () => ({}),
  reader: (keep) => new TranscriptReader(keep),
}

class TranscriptReader implements AnswerReader {
  readonly #keep: boolean
  readonly #text = new GrowingText()
  #usage: TokenUsage | undefined
  #characters = 0

  constructor(keep: boolean) {
    this.#keep = keep
  }

  /** Some formats (text, srt, vtt) are the bare text. */
  whole(body: unknown): ModelResponse {
    const { text: words, usage } = fieldsOf(body)
    this.#add(words ?? body)
    this.#usage = openAiUsage(usage)
    return this.soFar()
  }

  event(event: unknown): void {
    const { type, delta, usage } = fieldsOf(event)
    if (type === 'transcript.text.delta') this.#add(delta)
    this.#usage = openAiUsage(usage) ?? this.#usage
  }

  soFar(): ModelResponse {
    const answer = {
      ...NO_ANSWER,
      usage: this.#usage,
      outputCharacters: this.#characters === 0 ? undefined : this.#characters,
    }
    if (!this.#keep) return answer
    const parts = [text(this.#text.value)]
    return {
      ...answer,
      content: () => ({ [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([{ role: 'assistant', parts }]) }),
    }
  }

  #add(words: unknown): void {
    if (typeof words !== 'string') return
    this.#characters += words.length
    if (this.#keep) this.#text.add(words)
  }
}
