import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
} from '../../../conventions.ts'
import { contentJson, media } from '../../content.ts'
import { countOf, fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import { ChatChoice, chatOutput } from '../openai/chat-messages.ts'
import { samplingAttributes } from './api.ts'
import { cohereUsage, failureOf } from './usage.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'
import type { CohereApi } from './api.ts'

/** `v2.chat` and `v2.chatStream`. */
export const cohereChatV2: CohereApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_CHAT,
  unmetered: false,
  attributes: samplingAttributes,
  content: (body) => ({ [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(inputMessages(listOf(body['messages']))) }),
  input: (body) => [body['messages'], body['documents'], body['tools']],
  reader: (keep) => new ChatV2Reader(keep),
}

const inputMessages = (messages: readonly unknown[]): ChatMessage[] =>
  messages.map(fieldsOf).map((message) => ({
    role: textOf(message['role']) ?? 'unknown',
    parts:
      message['role'] === 'tool'
        ? [{ type: 'tool_call_response', id: nameOf(message['toolCallId']), response: message['content'] ?? null }]
        : messageParts(message),
  }))

function messageParts(message: Fields): MessagePart[] {
  const choice = new ChatChoice(true)
  addMessage(choice, message)
  return [...choice.parts(), ...listOf(message['content']).map(fieldsOf).flatMap(imageParts)]
}

function imageParts(part: Fields): MessagePart[] {
  const url = textOf(fieldsOf(part['imageUrl'])['url'])
  return url === undefined ? [] : [media('image', url)]
}

/** A whole message. What the model planned before it called a tool is its reasoning. */
function addMessage(choice: ChatChoice, message: Fields): void {
  addText(choice, message['toolPlan'], message['content'])
  for (const part of listOf(message['content']).map(fieldsOf)) addText(choice, part['thinking'], part['text'])
  for (const [index, call] of listOf(message['toolCalls']).entries()) addToolCall(choice, index, call)
}

const addText = (choice: ChatChoice, reasoning: unknown, content: unknown): void =>
  choice.add({ reasoning_content: reasoning, content }, undefined)

function addToolCall(choice: ChatChoice, index: number, call: unknown): void {
  const { id, function: called } = fieldsOf(call)
  choice.add({ tool_calls: [{ index, id, function: called }] }, undefined)
}

/** Reads a chat answer, or the events of a stream: texts, plans and tool calls in pieces, the usage at the end. */
class ChatV2Reader implements AnswerReader {
  #id: string | undefined
  #finishReason: string | undefined
  #usage: TokenUsage | undefined
  #started = false
  readonly #choice: ChatChoice

  constructor(keep: boolean) {
    this.#choice = new ChatChoice(keep)
  }

  whole(body: unknown): ModelResponse {
    const answer = fieldsOf(body)
    this.#started = true
    this.#id = nameOf(answer['id'])
    this.#end(answer)
    addMessage(this.#choice, fieldsOf(answer['message']))
    return this.soFar()
  }

  event(event: unknown): void {
    const { type, id, index, delta } = fieldsOf(event)
    const message = fieldsOf(fieldsOf(delta)['message'])
    this.#started = true
    this.#id = nameOf(id) ?? this.#id
    switch (type) {
      case 'content-start':
      case 'content-delta':
        return addText(this.#choice, fieldsOf(message['content'])['thinking'], fieldsOf(message['content'])['text'])
      case 'tool-plan-delta':
        return addText(this.#choice, message['toolPlan'], undefined)
      case 'tool-call-start':
      case 'tool-call-delta':
        return addToolCall(this.#choice, countOf(index) ?? 0, message['toolCalls'])
      case 'message-end':
        return this.#end(fieldsOf(delta))
      default:
        return undefined
    }
  }

  soFar(): ModelResponse {
    this.#choice.finishReason = this.#finishReason
    return {
      id: this.#id,
      model: undefined,
      finishReasons: this.#started ? [this.#finishReason] : [],
      usage: this.#usage,
      outputCharacters: this.#choice.characters,
      errorType: failureOf(this.#finishReason),
      attributes: {},
      content: () => ({ [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson(chatOutput([this.#choice])) }),
    }
  }

  #end(end: Fields): void {
    this.#finishReason = nameOf(end['finishReason']) ?? this.#finishReason
    this.#usage = cohereUsage(end['usage']) ?? this.#usage
  }
}
