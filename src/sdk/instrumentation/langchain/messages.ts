import { blob, media, text } from '../../content.ts'
import { fieldsOf, isFields, listOf, nameOf, textOf } from '../fields.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { Fields } from '../fields.ts'

/** Messages of LangChain, or what it takes for messages (texts, `{ role, content }`, `[role, content]`), in the conventions' shape. */
export const langchainMessages = (messages: readonly unknown[]): ChatMessage[] => messages.map(message)

function message(value: unknown): ChatMessage {
  if (typeof value === 'string') return { role: 'user', parts: [text(value)] }
  if (Array.isArray(value)) return message({ role: value[0], content: value[1] })
  const fields = fieldsOf(value)
  const role = roleOf(fields)
  const content = fields['content']
  if (role === 'tool') {
    const response = typeof content === 'string' ? content : contentParts(content)
    return { role, parts: [{ type: 'tool_call_response', id: nameOf(fields['tool_call_id']), response }] }
  }
  return {
    role,
    parts: [...contentParts(content), ...listOf(fields['tool_calls']).map(fieldsOf).map(toolCall)],
    name: nameOf(fields['name']),
  }
}

/** Characters of what the messages say, tool calls aside: for an estimate. */
export function messageCharacters(messages: readonly unknown[]): number {
  let characters = 0
  for (const value of messages) {
    const content = typeof value === 'string' ? value : Array.isArray(value) ? value[1] : fieldsOf(value)['content']
    characters += contentCharacters(content)
  }
  return characters
}

export function contentCharacters(content: unknown): number {
  if (typeof content === 'string') return content.length
  let characters = 0
  for (const part of listOf(content)) {
    const { text: words, reasoning, thinking } = fieldsOf(part)
    for (const value of [words, reasoning, thinking]) if (typeof value === 'string') characters += value.length
  }
  return characters
}

const ROLES: Readonly<Record<string, string>> = { human: 'user', ai: 'assistant', function: 'tool', remove: 'unknown' }

/** `getType()` of a message object (`_getType` before 1.0), else the word that the application wrote. */
function roleOf(fields: Fields): string {
  const getType = fields['getType'] ?? fields['_getType']
  const type = typeof getType === 'function' ? Reflect.apply(getType, fields, []) : (fields['role'] ?? fields['type'])
  const role = type === 'generic' || type === undefined ? fields['role'] : type
  const word = textOf(role) ?? 'unknown'
  return ROLES[word] ?? word
}

const toolCall = (call: Fields): MessagePart => ({
  type: 'tool_call',
  id: nameOf(call['id']),
  name: textOf(call['name']) ?? '',
  arguments: call['args'],
})

export function contentParts(content: unknown): MessagePart[] {
  if (typeof content === 'string') return content === '' ? [] : [text(content)]
  return listOf(content).flatMap((part) => (typeof part === 'string' ? [text(part)] : contentPart(fieldsOf(part))))
}

/** Blocks of all generations: LangChain's own, the providers' that it lets through, OpenAI's. Tool calls are in `tool_calls`. */
function contentPart(part: Fields): MessagePart[] {
  const words = textOf(part['text'])
  if (words !== undefined) return [text(words)]
  const thought = textOf(part['reasoning']) ?? textOf(part['thinking'])
  if (thought !== undefined) return [{ type: 'reasoning', content: thought }]
  const type = textOf(part['type']) ?? ''
  const modality = MODALITIES[type]
  if (modality === undefined) return []
  const { source } = part
  const held = isFields(source) ? source : part
  const url = textOf(fieldsOf(part['image_url'])['url'] ?? part['image_url'] ?? held['url'])
  if (url !== undefined) return [media(modality, url)]
  const data = held['data']
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) return []
  return [blob(modality, nameOf(part['mime_type'] ?? part['mimeType'] ?? held['media_type']), data)]
}

const MODALITIES: Readonly<Record<string, string>> = {
  image: 'image',
  image_url: 'image',
  audio: 'audio',
  input_audio: 'audio',
  video: 'video',
  file: 'document',
  document: 'document',
}
