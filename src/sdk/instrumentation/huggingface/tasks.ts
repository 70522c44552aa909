import {
  ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT,
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_SEED,
  ATTR_GEN_AI_REQUEST_STOP_SEQUENCES,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_K,
  ATTR_GEN_AI_REQUEST_TOP_P,
  GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
} from '../../../conventions.ts'
import { GrowingText, contentJson, text } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, nameOf, numberOf, textOf, textsOf } from '../fields.ts'
import { NO_ANSWER } from '../openai/api.ts'
import { completions } from '../openai/completions.ts'
import { present } from '../present.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { OpenAiApi } from '../openai/api.ts'

/** `textGeneration`, as Hugging Face's own servers answer it, or in OpenAI's format, as most providers do. */
export const textGeneration: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
  attributes(args) {
    const parameters = fieldsOf(args['parameters'])
    return present({
      [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(parameters['temperature']),
      [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(parameters['top_p']),
      [ATTR_GEN_AI_REQUEST_TOP_K]: countOf(parameters['top_k']),
      [ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY]: numberOf(parameters['frequency_penalty']),
      [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(parameters['max_new_tokens']),
      [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(parameters['stop']),
      [ATTR_GEN_AI_REQUEST_SEED]: countOf(parameters['seed']),
    })
  },
  content: (args) => {
    const prompt = textOf(args['inputs']) ?? textOf(args['prompt']) ?? ''
    return { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson([{ role: 'user', parts: [text(prompt)] }]) }
  },
  inputCharacters: (args) => charactersOf([args['inputs'], args['prompt']]),
  reader: (keep) => new TextReader(keep),
}

/** `featureExtraction` and `sentenceSimilarity`: vectors, of which nobody counts the tokens. */
export const featureExtraction: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
  attributes: (args) => present({ [ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT]: countOf(args['dimensions']) }),
  content: () => ({}),
  inputCharacters: (args) => charactersOf(args['inputs']),
  reader: () => ({ whole: () => NO_ANSWER, event: () => {}, soFar: () => NO_ANSWER }),
}

/** The text is sent token by token, and whole in the last event, whose `details` count the tokens when they were asked for. */
class TextReader implements AnswerReader {
  readonly #openAi: AnswerReader
  readonly #keep: boolean
  readonly #text = new GrowingText()
  #characters = 0
  #isOpenAi = false
  #details: Fields = {}

  constructor(keep: boolean) {
    this.#keep = keep
    this.#openAi = completions.reader(keep)
  }

  whole(body: unknown): ModelResponse {
    const answer = fieldsOf(Array.isArray(body) ? body[0] : body)
    if ('choices' in answer) return this.#openAi.whole(answer)
    this.#add(answer['generated_text'])
    this.#details = fieldsOf(answer['details'])
    return this.soFar()
  }

  event(event: unknown): void {
    const chunk = fieldsOf(event)
    if ('choices' in chunk) {
      this.#isOpenAi = true
      return this.#openAi.event(chunk)
    }
    const token = fieldsOf(chunk['token'])
    if (token['special'] !== true) this.#add(token['text'])
    if (chunk['details'] !== undefined) this.#details = fieldsOf(chunk['details'])
  }

  soFar(): ModelResponse {
    if (this.#isOpenAi) return this.#openAi.soFar()
    const reason = nameOf(this.#details['finish_reason'])
    return {
      ...NO_ANSWER,
      finishReasons: reason === undefined ? [] : [reason],
      usage: usageOf(this.#details),
      outputCharacters: this.#characters,
      content: () => ({
        [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([
          { role: 'assistant', parts: [text(this.#text.value)], finish_reason: reason },
        ]),
      }),
    }
  }

  #add(more: unknown): void {
    this.#characters += textOf(more)?.length ?? 0
    if (this.#keep) this.#text.add(more)
  }
}

/** Not every server counts the input. */
function usageOf(details: Fields): TokenUsage | undefined {
  const outputTokens = countOf(details['generated_tokens'])
  if (outputTokens === undefined) return undefined
  const prefill = details['prefill']
  const inputTokens =
    countOf(details['input_length']) ?? (Array.isArray(prefill) && prefill.length > 0 ? prefill.length : undefined)
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens: undefined,
    cacheWriteTokens: undefined,
    reasoningTokens: undefined,
  }
}
