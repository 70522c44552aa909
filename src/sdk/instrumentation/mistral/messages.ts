import { blob, media, text } from '../../content.ts'
import { fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import { ChatChoice } from '../openai/chat-messages.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { Fields } from '../fields.ts'

/** Messages of a chat request in the conventions' shape. */
export const mistralInput = (messages: readonly unknown[]): ChatMessage[] =>
  messages.map(fieldsOf).map((message) => ({
    role: textOf(message['role']) ?? 'unknown',
    parts: inputParts(message),
    name: message['role'] === 'tool' ? undefined : nameOf(message['name']),
  }))

/** A message or a delta of the client in OpenAI's names: text and thinking of its parts told apart, tool calls without stand-in ids. */
export function openAiMessage(message: Fields): Fields {
  const content = message['content']
  const calls = listOf(message['toolCalls'])
  if (typeof content === 'string' && calls.length === 0) return message
  return {
    role: message['role'],
    content: typeof content === 'string' ? content : joined(content, (part) => textOf(part['text'])),
    reasoning_content: typeof content === 'string' ? undefined : joined(content, thinkingOf),
    tool_calls: calls.map(fieldsOf).map(toolCall),
  }
}

function joined(content: unknown, read: (part: Fields) => string | undefined): string {
  let whole = ''
  for (const part of listOf(content)) whole += read(fieldsOf(part)) ?? ''
  return whole
}

const thinkingOf = (part: Fields): string | undefined =>
  typeof part['thinking'] === 'string' ? part['thinking'] : joined(part['thinking'], (piece) => textOf(piece['text']))

/** The client writes "null" for an id that was not sent, and parses arguments that were sent as an object. */
function toolCall(call: Fields): Fields {
  const called = fieldsOf(call['function'])
  const args = called['arguments']
  return {
    index: call['index'],
    id: call['id'] === 'null' ? undefined : call['id'],
    function: { name: called['name'], arguments: typeof args === 'string' ? args : JSON.stringify(args) },
  }
}

function inputParts(message: Fields): MessagePart[] {
  const content = message['content']
  if (message['role'] === 'tool') {
    return [{ type: 'tool_call_response', id: nameOf(message['toolCallId']), response: content ?? null }]
  }
  if (typeof content === 'string' && message['toolCalls'] === undefined) return [text(content)]
  const choice = new ChatChoice(true)
  choice.add(openAiMessage(message), undefined)
  return [...choice.parts(), ...listOf(content).map(fieldsOf).flatMap(mediaPart)]
}

function mediaPart(part: Fields): MessagePart[] {
  const image = textOf(fieldsOf(part['imageUrl'])['url'] ?? part['imageUrl'])
  if (image !== undefined) return [media('image', image)]
  const url = textOf(part['documentUrl'])
  if (url !== undefined) return [media('document', url)]
  const audio = textOf(part['inputAudio'])
  if (audio !== undefined) return [blob('audio', undefined, audio)]
  const fileId = textOf(part['fileId'])
  return fileId === undefined ? [] : [{ type: 'file', modality: 'document', file_id: fileId }]
}
