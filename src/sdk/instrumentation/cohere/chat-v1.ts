import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_REQUEST_CHOICE_COUNT,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
} from '../../../conventions.ts'
import { GrowingText, contentJson, text } from '../../content.ts'
import { countOf, fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import { present } from '../present.ts'
import { samplingAttributes } from './api.ts'
import { cohereUsage, failureOf } from './usage.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'
import type { CohereApi } from './api.ts'

/** `chat` and `chatStream` of v1. */
export const cohereChatV1: CohereApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_CHAT,
  unmetered: false,
  attributes: samplingAttributes,
  content: chatContent,
  input: (body) => INPUT_FIELDS.map((field) => body[field]),
  reader: (keep) => new V1Reader(keep),
}

/** `generate` and `generateStream` of v1. */
export const cohereGenerate: CohereApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
  unmetered: false,
  attributes: (body) => ({
    ...samplingAttributes(body),
    ...present({
      [ATTR_GEN_AI_REQUEST_CHOICE_COUNT]: body['numGenerations'] === 1 ? undefined : countOf(body['numGenerations']),
    }),
  }),
  content: (body) => ({
    [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson([{ role: 'user', parts: [text(textOf(body['prompt']) ?? '')] }]),
  }),
  input: (body) => body['prompt'],
  reader: (keep) => new V1Reader(keep),
}

const INPUT_FIELDS = ['preamble', 'chatHistory', 'message', 'documents', 'tools', 'toolResults']

function chatContent(body: Fields): Attributes {
  const messages: ChatMessage[] = listOf(body['chatHistory']).map(fieldsOf).map(historyMessage)
  const results = listOf(body['toolResults']).map(fieldsOf)
  if (results.length > 0) messages.push({ role: 'tool', parts: results.map(toolResult) })
  const message = textOf(body['message'])
  if (message !== undefined && message !== '') messages.push({ role: 'user', parts: [text(message)] })
  const content: Attributes = { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(messages) }
  const preamble = textOf(body['preamble'])
  if (preamble !== undefined) content[ATTR_GEN_AI_SYSTEM_INSTRUCTIONS] = contentJson([text(preamble)])
  return content
}

const ROLES: Readonly<Record<string, string>> = {
  USER: 'user',
  CHATBOT: 'assistant',
  SYSTEM: 'system',
  TOOL: 'tool',
}

const historyMessage = (message: Fields): ChatMessage => ({
  role: ROLES[textOf(message['role']) ?? ''] ?? 'unknown',
  parts: [
    ...(nameOf(message['message']) === undefined ? [] : [text(textOf(message['message']) ?? '')]),
    ...listOf(message['toolCalls']).map(fieldsOf).map(toolCall),
    ...listOf(message['toolResults']).map(fieldsOf).map(toolResult),
  ],
})

const toolCall = (call: Fields): MessagePart => ({
  type: 'tool_call',
  name: textOf(call['name']) ?? '',
  arguments: call['parameters'],
})

const toolResult = (result: Fields): MessagePart => ({
  type: 'tool_call_response',
  response: result['outputs'] ?? null,
})

/** Reads answers of chat and generate and their streams, whose last event repeats the whole answer. */
class V1Reader implements AnswerReader {
  #id: string | undefined
  #usage: TokenUsage | undefined
  #characters = 0
  #finishReasons: (string | undefined)[] = []
  #toolCalls: readonly unknown[] = []
  #texts: readonly string[] | undefined
  readonly #text = new GrowingText()
  readonly #keep: boolean

  constructor(keep: boolean) {
    this.#keep = keep
  }

  whole(body: unknown): ModelResponse {
    const answer = fieldsOf(body)
    this.#answer(answer)
    this.#characters = this.#texts?.reduce((sum, { length }) => sum + length, 0) ?? 0
    return this.soFar()
  }

  event(event: unknown): void {
    const { eventType, generationId, text: more, toolCalls, finishReason, response } = fieldsOf(event)
    if (this.#finishReasons.length === 0) this.#finishReasons = [undefined]
    this.#id = nameOf(generationId) ?? this.#id
    if (eventType === 'text-generation') {
      this.#characters += textOf(more)?.length ?? 0
      if (this.#keep) this.#text.add(more)
    }
    if (eventType === 'tool-calls-generation') this.#toolCalls = listOf(toolCalls)
    if (eventType !== 'stream-end' && eventType !== 'stream-error') return
    this.#answer(fieldsOf(response))
    this.#finishReasons[0] ??= nameOf(finishReason)
  }

  soFar(): ModelResponse {
    const reasons = this.#finishReasons
    return {
      id: this.#id,
      model: undefined,
      finishReasons: reasons,
      usage: this.#usage,
      outputCharacters: this.#characters,
      errorType: failureOf(reasons[0]),
      attributes: {},
      content: () => ({ [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson(this.#messages()) }),
    }
  }

  #answer(answer: Fields): void {
    this.#id = nameOf(answer['responseId']) ?? nameOf(answer['id']) ?? nameOf(answer['generationId']) ?? this.#id
    this.#usage = cohereUsage(answer['meta']) ?? this.#usage
    const generations = listOf(answer['generations']).map(fieldsOf)
    const parts = generations.length === 0 ? [answer] : generations
    this.#finishReasons = parts.map((part) => nameOf(part['finishReason'] ?? part['finish_reason']))
    this.#texts = parts.flatMap((part) => textOf(part['text']) ?? [])
    if (answer['toolCalls'] !== undefined) this.#toolCalls = listOf(answer['toolCalls'])
  }

  #messages(): ChatMessage[] {
    const texts = this.#texts === undefined || this.#texts.length === 0 ? [this.#text.value] : this.#texts
    return texts.map((content, index) => ({
      role: 'assistant',
      parts: [
        ...(content === '' ? [] : [text(content)]),
        ...(index === 0 ? this.#toolCalls.map(fieldsOf).map(toolCall) : []),
      ],
      finish_reason: this.#finishReasons[index],
    }))
  }
}
