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
  ATTR_OPENAI_API_TYPE,
  ATTR_OPENAI_REQUEST_SERVICE_TIER,
  ATTR_OPENAI_RESPONSE_SERVICE_TIER,
  ATTR_OPENAI_RESPONSE_SYSTEM_FINGERPRINT,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
  GEN_AI_OUTPUT_TYPE_VALUE_SPEECH,
  GEN_AI_OUTPUT_TYPE_VALUE_TEXT,
  OPENAI_API_TYPE_VALUE_CHAT_COMPLETIONS,
  OPENAI_REQUEST_SERVICE_TIER_VALUE_AUTO,
} from '../../../conventions.ts'
import { contentJson } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, isFields, listOf, nameOf, numberOf, textsOf } from '../fields.ts'
import { present } from '../present.ts'
import { ChatChoice, chatInput, chatOutput } from './chat-messages.ts'
import { openAiUsage } from './usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { OpenAiApi } from './api.ts'

/** `chat.completions.create`, as OpenAI, Azure, Groq, DeepSeek, Together, OpenRouter, Perplexity, Cerebras and others serve it. */
export const chatCompletions: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_CHAT,
  attributes: (body) => ({
    [ATTR_OPENAI_API_TYPE]: OPENAI_API_TYPE_VALUE_CHAT_COMPLETIONS,
    ...samplingAttributes(body),
    ...present({
      [ATTR_GEN_AI_REQUEST_REASONING_LEVEL]: nameOf(body['reasoning_effort']),
      [ATTR_GEN_AI_OUTPUT_TYPE]: outputType(body),
      [ATTR_OPENAI_REQUEST_SERVICE_TIER]: requestedTier(body),
    }),
  }),
  content: (body) => ({ [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(chatInput(listOf(body['messages']))) }),
  inputCharacters: (body) => charactersOf([body['messages'], body['tools'], body['response_format']]),
  usageOnRequest: true,
  reader: (keep) => new ChatReader(keep),
}

/** Request attributes that the chat and the completions API share. */
export const samplingAttributes = (body: Fields): Attributes =>
  present({
    [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(body['temperature']),
    [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(body['top_p']),
    [ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY]: numberOf(body['frequency_penalty']),
    [ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY]: numberOf(body['presence_penalty']),
    [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(body['max_completion_tokens'] ?? body['max_tokens']),
    [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(body['stop']),
    [ATTR_GEN_AI_REQUEST_SEED]: countOf(body['seed']),
    [ATTR_GEN_AI_REQUEST_CHOICE_COUNT]: body['n'] === 1 ? undefined : countOf(body['n']),
  })

/** `openai.request.service_tier`, which the conventions ask for when it is not `auto`. */
export function requestedTier(body: Fields): string | undefined {
  const tier = nameOf(body['service_tier'])
  return tier === OPENAI_REQUEST_SERVICE_TIER_VALUE_AUTO ? undefined : tier
}

function outputType(body: Fields): string | undefined {
  const format = fieldsOf(body['response_format'])['type']
  if (format === 'json_object' || format === 'json_schema') return GEN_AI_OUTPUT_TYPE_VALUE_JSON
  if (listOf(body['modalities']).includes('audio')) return GEN_AI_OUTPUT_TYPE_VALUE_SPEECH
  return format === 'text' ? GEN_AI_OUTPUT_TYPE_VALUE_TEXT : undefined
}

/** Reads chat completions and their chunks: the last value of each field wins, choices are told apart by their index. */
class ChatReader implements AnswerReader {
  #id: string | undefined
  #model: string | undefined
  #serviceTier: string | undefined
  #fingerprint: string | undefined
  #usage: TokenUsage | undefined
  #final = false
  readonly #keep: boolean
  readonly #choices = new Map<number, ChatChoice>()

  constructor(keep: boolean) {
    this.#keep = keep
  }

  whole(body: unknown): ModelResponse {
    const answer = fieldsOf(body)
    this.#head(answer)
    this.#final = true
    for (const [position, value] of listOf(answer['choices']).entries()) {
      const choice = fieldsOf(value)
      this.#choice(choice['index'] ?? position)?.add(fieldsOf(choice['message']), choice['finish_reason'])
    }
    return this.soFar()
  }

  event(event: unknown): void {
    const chunk = fieldsOf(event)
    this.#head(chunk)
    // The usage of a chunk without choices is the sum of all; others can be counts so far (Perplexity, xAI).
    if (isFields(chunk['usage']) && listOf(chunk['choices']).length === 0) this.#final = true
    for (const [position, value] of listOf(chunk['choices']).entries()) {
      const choice = fieldsOf(value)
      this.#choice(choice['index'] ?? position)?.add(fieldsOf(choice['delta']), choice['finish_reason'])
    }
  }

  soFar(): ModelResponse {
    const choices = [...this.#choices].toSorted(([a], [b]) => a - b).map(([, choice]) => choice)
    return {
      id: this.#id,
      model: this.#model,
      finishReasons: choices.map((choice) => choice.finishReason),
      usage: this.#usageOf(choices),
      outputCharacters: choices.reduce((sum, choice) => sum + choice.characters, 0),
      errorType: undefined,
      attributes: present({
        [ATTR_OPENAI_RESPONSE_SERVICE_TIER]: this.#serviceTier,
        [ATTR_OPENAI_RESPONSE_SYSTEM_FINGERPRINT]: this.#fingerprint,
      }),
      content: () => ({ [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson(chatOutput(choices)) }),
    }
  }

  #usageOf(choices: readonly ChatChoice[]): TokenUsage | undefined {
    if (this.#usage === undefined || this.#final) return this.#usage
    return choices.every((choice) => choice.finishReason !== undefined)
      ? this.#usage
      : { ...this.#usage, partial: true }
  }

  /** Azure's first chunk has an empty id and model; Groq hides the usage of a stream in `x_groq`. */
  #head(answer: Fields): void {
    this.#id = nameOf(answer['id']) ?? this.#id
    this.#model = nameOf(answer['model']) ?? this.#model
    this.#serviceTier = nameOf(answer['service_tier']) ?? this.#serviceTier
    this.#fingerprint = nameOf(answer['system_fingerprint']) ?? this.#fingerprint
    this.#usage = openAiUsage(answer['usage']) ?? openAiUsage(fieldsOf(answer['x_groq'])['usage']) ?? this.#usage
  }

  #choice(index: unknown): ChatChoice | undefined {
    const position = countOf(index)
    if (position === undefined || position >= CHOICES_MAX) return undefined
    const known = this.#choices.get(position)
    if (known !== undefined) return known
    const choice = new ChatChoice(this.#keep)
    this.#choices.set(position, choice)
    return choice
  }
}

/** Choices of one answer that are read; OpenAI allows 128. */
const CHOICES_MAX = 128
