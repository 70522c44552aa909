import { blob, media, text } from '../../content.ts'
import { fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { Fields } from '../fields.ts'

/** The messages of a prompt, as callers write them (`ModelMessage`) and as models get them, in the conventions' shape. */
export const promptMessages = (prompt: readonly unknown[]): ChatMessage[] =>
  prompt.map(fieldsOf).map((message) => ({
    role: textOf(message['role']) ?? 'unknown',
    parts:
      typeof message['content'] === 'string'
        ? [text(message['content'])]
        : listOf(message['content']).map((part) => partOf(fieldsOf(part))),
  }))

/** Characters that a prompt sends to the model, files left out. */
export function promptCharacters(prompt: readonly unknown[]): number {
  let characters = 0
  for (const message of prompt.map(fieldsOf)) {
    const { content } = message
    if (typeof content === 'string') characters += content.length
    else for (const part of listOf(content)) characters += partCharacters(fieldsOf(part))
  }
  return characters
}

export const toolDefinitions = (tools: readonly unknown[]): unknown[] =>
  tools.map(fieldsOf).map((tool) => ({
    type: textOf(tool['type']) ?? 'function',
    name: textOf(tool['name']) ?? textOf(tool['id']),
    description: textOf(tool['description']),
    parameters: tool['inputSchema'],
  }))

function partOf(part: Fields): MessagePart {
  const id = nameOf(part['toolCallId'])
  switch (part['type']) {
    case 'text':
      return text(textOf(part['text']) ?? '')
    case 'reasoning':
      return { type: 'reasoning', content: textOf(part['text']) ?? '' }
    case 'tool-call':
      return { type: 'tool_call', id, name: textOf(part['toolName']) ?? '', arguments: part['input'] }
    case 'tool-result':
      return { type: 'tool_call_response', id, response: fieldsOf(part['output'])['value'] ?? part['output'] }
    default:
      return filePart(part)
  }
}

/** Files and images: by address where they have one; bytes are left out. */
function filePart(part: Fields): MessagePart {
  const mediaType = textOf(part['mediaType'])
  const modality = part['type'] === 'image' ? 'image' : (mediaType?.split('/', 1)[0] ?? 'file')
  const given = part['data'] ?? part['image']
  const inner = fieldsOf(given)
  const source = inner['url'] ?? inner['data'] ?? given
  if (source instanceof URL) return media(modality, source.href)
  if (typeof source === 'string' && /^(https?|data):/.test(source)) return media(modality, source)
  return blob(modality, mediaType, source)
}

function partCharacters(part: Fields): number {
  const { text: written, input, output } = part
  if (typeof written === 'string') return written.length
  // Called only when the provider sent no usage.
  return input === undefined && output === undefined ? 0 : (JSON.stringify(input ?? output)?.length ?? 0)
}
