import { blob, media, text, toolArguments, serverTool } from '../../content.ts'
import { fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { Fields } from '../fields.ts'

/** The `input` of a Responses request: a text, or items. */
export function responseInput(input: unknown): ChatMessage[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [text(input)] }]
  return listOf(input)
    .map(fieldsOf)
    .map((item) => ({ role: roleOf(item), parts: itemParts(item) }))
}

/** The output items of a Response: one message, as one model call gives one answer. */
export function responseOutput(items: readonly unknown[], finishReason: string | undefined): ChatMessage[] {
  return [{ role: 'assistant', parts: items.map(fieldsOf).flatMap(itemParts), finish_reason: finishReason }]
}

function roleOf(item: Fields): string {
  const role = nameOf(item['role'])
  if (role !== undefined) return role
  return textOf(item['type'])?.endsWith('_call_output') === true ? 'tool' : 'assistant'
}

function itemParts(item: Fields): MessagePart[] {
  const type = textOf(item['type']) ?? 'message'
  switch (type) {
    case 'message':
      return typeof item['content'] === 'string' ? [text(item['content'])] : contentParts(item['content'])
    case 'reasoning':
      return [...contentParts(item['summary']), ...contentParts(item['content'])].map((part) =>
        part.type === 'text' ? { type: 'reasoning', content: part.content } : part,
      )
    case 'function_call':
    case 'custom_tool_call':
      return [
        {
          type: 'tool_call',
          id: nameOf(item['call_id']),
          name: textOf(item['name']) ?? '',
          arguments: toolArguments(textOf(item['arguments'] ?? item['input']) ?? ''),
        },
      ]
    case 'function_call_output':
    case 'custom_tool_call_output':
      return [{ type: 'tool_call_response', id: nameOf(item['call_id']), response: item['output'] ?? null }]
    default:
      return [
        {
          type: 'server_tool_call',
          id: nameOf(item['id']),
          name: nameOf(item['name']) ?? type,
          server_tool_call: serverTool(type, item),
        },
      ]
  }
}

function contentParts(content: unknown): MessagePart[] {
  return listOf(content)
    .map(fieldsOf)
    .flatMap((part): MessagePart[] => {
      const words = textOf(part['text'])
      if (words !== undefined) return [text(words)]
      const refusal = textOf(part['refusal'])
      if (refusal !== undefined) return [{ type: 'refusal', content: refusal }]
      const url = textOf(part['image_url'] ?? part['file_url'])
      if (url !== undefined) return [media(part['type'] === 'input_image' ? 'image' : 'document', url)]
      const data = textOf(part['file_data'])
      if (data !== undefined) return [blob('document', undefined, data)]
      const fileId = textOf(part['file_id'])
      return fileId === undefined ? [] : [{ type: 'file', modality: 'document', file_id: fileId }]
    })
}
