import { blob, text } from '../../content.ts'
import { fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import { ChatChoice } from '../openai/chat-messages.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { Fields } from '../fields.ts'

/** Messages of a chat request in the conventions' shape. */
export const ollamaInput = (messages: unknown): ChatMessage[] =>
  listOf(messages)
    .map(fieldsOf)
    .map((message) => ({ role: textOf(message['role']) ?? 'unknown', parts: partsOf(message) }))

/** Images by their fingerprint. */
export const images = (list: unknown): MessagePart[] => listOf(list).map((image) => blob('image', undefined, image))

/** A message of Ollama's in OpenAI's names. Calls have no number: they go on from `calls`, since a stream gives them one by one. */
export function openAiMessage(message: Fields, calls: number): Fields & { readonly tool_calls: readonly unknown[] } {
  return {
    role: message['role'],
    content: message['content'],
    reasoning_content: message['thinking'],
    tool_calls: listOf(message['tool_calls']).map((call, position) => toolCall(fieldsOf(call), calls + position)),
  }
}

function toolCall(call: Fields, index: number): Fields {
  const called = fieldsOf(call['function'])
  const { name, arguments: args } = called
  return { index, id: call['id'], function: { name, arguments: textOf(args) ?? JSON.stringify(args ?? {}) } }
}

function partsOf(message: Fields): MessagePart[] {
  if (message['role'] === 'tool') {
    const response = message['content'] ?? null
    return [{ type: 'tool_call_response', id: nameOf(message['tool_call_id']), response }]
  }
  const words = textOf(message['content'])
  if (message['tool_calls'] === undefined && message['thinking'] === undefined)
    return [...(words === undefined ? [] : [text(words)]), ...images(message['images'])]
  const choice = new ChatChoice(true)
  choice.add(openAiMessage(message, 0), undefined)
  return [...choice.parts(), ...images(message['images'])]
}
