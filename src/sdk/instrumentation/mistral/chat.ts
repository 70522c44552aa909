import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_CHOICE_COUNT,
  ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY,
  ATTR_GEN_AI_REQUEST_REASONING_LEVEL,
  ATTR_GEN_AI_REQUEST_SEED,
  ATTR_GEN_AI_REQUEST_STOP_SEQUENCES,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_P,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
  GEN_AI_OUTPUT_TYPE_VALUE_TEXT,
} from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { countOf, fieldsOf, listOf, nameOf, numberOf, textOf, textsOf } from '../fields.ts'
import { ChatChoice, chatOutput } from '../openai/chat-messages.ts'
import { present } from '../present.ts'
import { mistralInput, openAiMessage } from './messages.ts'
import { mistralUsage } from './usage.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'
import type { MistralApi } from './api.ts'

/** `chat.*` and `agents.*`, which name an agent instead of a model. */
export const mistralChat: MistralApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_CHAT,
  unmetered: false,
  attributes: samplingAttributes,
  content: (body) => ({ [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(mistralInput(listOf(body['messages']))) }),
  input: (body) => [body['messages'], body['tools']],
  reader: (keep) => new MistralReader(keep),
}

/** `fim.*`: what belongs between a prompt and a suffix. */
export const mistralCompletion: MistralApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
  unmetered: false,
  attributes: samplingAttributes,
  content: (body) => {
    const parts = [body['prompt'], body['suffix']].flatMap((part) => textOf(part) ?? []).map(text)
    return { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson([{ role: 'user', parts }]) }
  },
  input: (body) => [body['prompt'], body['suffix']],
  reader: (keep) => new MistralReader(keep),
}

/** Request attributes of all APIs that generate. */
export function samplingAttributes(body: Fields): Attributes {
  return present({
    [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(body['temperature']),
    [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(body['topP']),
    [ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY]: numberOf(body['frequencyPenalty']),
    [ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY]: numberOf(body['presencePenalty']),
    [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(body['maxTokens']),
    [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(body['stop']),
    [ATTR_GEN_AI_REQUEST_SEED]: countOf(body['randomSeed']),
    [ATTR_GEN_AI_REQUEST_CHOICE_COUNT]: body['n'] === 1 ? undefined : countOf(body['n']),
    [ATTR_GEN_AI_REQUEST_REASONING_LEVEL]: nameOf(body['reasoningEffort']),
    [ATTR_GEN_AI_OUTPUT_TYPE]: outputType(fieldsOf(body['responseFormat'])['type']),
  })
}

function outputType(format: unknown): string | undefined {
  if (format === 'json_object' || format === 'json_schema') return GEN_AI_OUTPUT_TYPE_VALUE_JSON
  return format === 'text' ? GEN_AI_OUTPUT_TYPE_VALUE_TEXT : undefined
}

/** Reads a completion, or the events of a stream, each of which has a chunk as its `data`. */
class MistralReader implements AnswerReader {
  #id: string | undefined
  #model: string | undefined
  #usage: TokenUsage | undefined
  readonly #choices: ChatChoice[] = []
  readonly #keep: boolean

  constructor(keep: boolean) {
    this.#keep = keep
  }

  whole(body: unknown): ModelResponse {
    this.#add(fieldsOf(body), 'message')
    return this.soFar()
  }

  event(event: unknown): void {
    this.#add(fieldsOf(fieldsOf(event)['data']), 'delta')
  }

  soFar(): ModelResponse {
    const choices = this.#choices.filter((choice) => choice !== undefined)
    return {
      id: this.#id,
      model: this.#model,
      finishReasons: choices.map((choice) => choice.finishReason),
      usage: this.#usage,
      outputCharacters: choices.reduce((sum, choice) => sum + choice.characters, 0),
      errorType: undefined,
      attributes: {},
      content: () => ({ [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson(chatOutput(choices)) }),
    }
  }

  #add(answer: Fields, key: 'message' | 'delta'): void {
    this.#id = nameOf(answer['id']) ?? this.#id
    this.#model = nameOf(answer['model']) ?? this.#model
    this.#usage = mistralUsage(answer['usage']) ?? this.#usage
    for (const choice of listOf(answer['choices']).map(fieldsOf)) {
      const index = countOf(choice['index']) ?? 0
      if (index >= CHOICES_MAX) continue
      this.#choices[index] ??= new ChatChoice(this.#keep)
      this.#choices[index].add(openAiMessage(fieldsOf(choice[key])), choice['finishReason'])
    }
  }
}

/** Choices of one answer that are read. */
const CHOICES_MAX = 128
