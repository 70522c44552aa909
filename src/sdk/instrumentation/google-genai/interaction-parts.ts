import { blob, media, text, serverTool } from '../../content.ts'
import { fieldsOf, isFields, listOf, nameOf, textOf } from '../fields.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { Fields } from '../fields.ts'

/** `input` of an interaction: a text, a content, contents, or the steps (and turns) of a conversation. */
export function interactionInput(input: unknown): ChatMessage[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [text(input)] }]
  const items = (Array.isArray(input) ? input : [input]).map(fieldsOf)
  const messages: ChatMessage[] = []
  for (const item of items) {
    const role = roleOf(item)
    const last = messages.at(-1)
    const parts = nameOf(item['role']) === undefined ? stepParts(item) : contentParts(item['content'])
    if (last?.role === role) messages[messages.length - 1] = { role, parts: [...last.parts, ...parts] }
    else messages.push({ role, parts })
  }
  return messages
}

function roleOf(item: Fields): string {
  const role = nameOf(item['role'])
  if (role !== undefined) return role === 'model' ? 'assistant' : role
  return ASSISTANT_STEPS.test(textOf(item['type']) ?? '') ? 'assistant' : 'user'
}

const ASSISTANT_STEPS = /^(model_output|thought)$|_call$/

/** One step of an interaction, or a content by itself. */
export function stepParts(step: Fields): MessagePart[] {
  const type = textOf(step['type']) ?? 'unknown'
  switch (type) {
    case 'user_input':
    case 'model_output':
      return contentParts(step['content'])
    case 'thought':
      return contentParts(step['summary']).map((part) =>
        part.type === 'text' ? { type: 'reasoning', content: part.content } : part,
      )
    case 'function_call':
      return [
        { type: 'tool_call', id: nameOf(step['id']), name: textOf(step['name']) ?? '', arguments: step['arguments'] },
      ]
    case 'function_result':
      return [{ type: 'tool_call_response', id: nameOf(step['call_id']), response: step['result'] ?? null }]
    default:
      return type.endsWith('_call') || type.endsWith('_result') ? serverParts(type, step) : contentParts([step])
  }
}

/** Tools that Google runs itself, and their results. */
function serverParts(type: string, step: Fields): MessagePart[] {
  const result = nameOf(step['call_id'])
  if (type.endsWith('_result'))
    return [{ type: 'server_tool_call_response', id: result, server_tool_call_response: serverTool(type, step) }]
  return [
    {
      type: 'server_tool_call',
      id: nameOf(step['id']),
      name: type.replace(/_call$/, ''),
      server_tool_call: serverTool(type, step),
    },
  ]
}

export const contentParts = (content: unknown): MessagePart[] =>
  typeof content === 'string'
    ? [text(content)]
    : (Array.isArray(content) ? listOf(content) : isFields(content) ? [content] : []).map(fieldsOf).map(contentPart)

function contentPart(content: Fields): MessagePart {
  const { type, data, uri, mime_type: mimeType } = content
  if (type === 'text') return text(textOf(content['text']) ?? '')
  const modality = textOf(type) ?? 'document'
  return typeof uri === 'string' ? media(modality, uri) : blob(modality, textOf(mimeType), data)
}
