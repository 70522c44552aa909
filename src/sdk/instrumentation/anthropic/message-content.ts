import { blob, media, text, serverTool } from '../../content.ts'
import { fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { Fields } from '../fields.ts'

/** Messages of a request in the conventions' shape. */
export const messageInput = (messages: readonly unknown[]): ChatMessage[] =>
  messages.map(fieldsOf).map((message) => ({
    role: textOf(message['role']) ?? 'unknown',
    parts:
      typeof message['content'] === 'string'
        ? [text(message['content'])]
        : listOf(message['content']).map(fieldsOf).flatMap(blockParts),
  }))

/** One content block, of a request or of an answer. */
export function blockParts(block: Fields): MessagePart[] {
  const type = textOf(block['type']) ?? 'unknown'
  switch (type) {
    case 'text':
      return [text(textOf(block['text']) ?? '')]
    case 'thinking':
      return [{ type: 'reasoning', content: textOf(block['thinking']) ?? '' }]
    case 'redacted_thinking':
      return []
    case 'tool_use':
      return [
        { type: 'tool_call', id: nameOf(block['id']), name: textOf(block['name']) ?? '', arguments: block['input'] },
      ]
    case 'tool_result':
      return [{ type: 'tool_call_response', id: nameOf(block['tool_use_id']), response: block['content'] ?? null }]
    case 'image':
    case 'document':
      return sourceParts(type, fieldsOf(block['source']))
    default:
      return serverParts(type, block)
  }
}

function sourceParts(modality: string, source: Fields): MessagePart[] {
  const url = textOf(source['url'])
  if (url !== undefined) return [media(modality, url)]
  const fileId = textOf(source['file_id'])
  if (fileId !== undefined) return [{ type: 'file', modality, file_id: fileId }]
  if (source['type'] === 'text') return [text(textOf(source['data']) ?? '')]
  return [blob(modality, textOf(source['media_type']), source['data'])]
}

/** Tools that Anthropic runs itself, their results, and kinds of block still to come. */
function serverParts(type: string, block: Fields): MessagePart[] {
  const result = textOf(block['tool_use_id'])
  if (result !== undefined)
    return [{ type: 'server_tool_call_response', id: result, server_tool_call_response: serverTool(type, block) }]
  return [
    {
      type: 'server_tool_call',
      id: nameOf(block['id']),
      name: textOf(block['name']) ?? type,
      server_tool_call: serverTool(type, block),
    },
  ]
}
