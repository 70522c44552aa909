import { blob, media, text, toolArguments, serverTool } from '../../content.ts'
import { fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { Fields } from '../fields.ts'

/** Items of a run (`AgentInputItem`, `AgentOutputItem`) as messages in the conventions' shape; a text is the user's. */
export function itemMessages(input: unknown): ChatMessage[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [text(input)] }]
  return listOf(input)
    .map(fieldsOf)
    .map((item) => ({ role: roleOf(item), parts: partsOf(item) }))
}

/** The parts of all items of an answer, as one message. */
export const answerParts = (output: unknown): MessagePart[] => listOf(output).flatMap((item) => partsOf(fieldsOf(item)))

/** Characters of text and tool arguments in items. */
export function itemCharacters(input: unknown): number {
  if (typeof input === 'string') return input.length
  let characters = 0
  for (const item of listOf(input).map(fieldsOf)) {
    const { content, arguments: args, output } = item
    for (const value of [content, args, output]) characters += textOf(value)?.length ?? 0
    for (const part of listOf(content)) characters += textOf(fieldsOf(part)['text'])?.length ?? 0
  }
  return characters
}

function roleOf(item: Fields): string {
  const role = nameOf(item['role'])
  if (role !== undefined) return role
  return item['type'] === 'function_call_result' ? 'tool' : 'assistant'
}

function partsOf(item: Fields): MessagePart[] {
  const id = nameOf(item['callId'])
  switch (item['type']) {
    case 'function_call':
      return [
        {
          type: 'tool_call',
          id,
          name: textOf(item['name']) ?? '',
          arguments: toolArguments(textOf(item['arguments']) ?? ''),
        },
      ]
    case 'function_call_result':
      return [{ type: 'tool_call_response', id, response: item['output'] ?? null }]
    case 'hosted_tool_call':
      return [
        {
          type: 'server_tool_call',
          id,
          name: textOf(item['name']) ?? '',
          server_tool_call: serverTool('hosted_tool_call', item['arguments']),
        },
      ]
    case 'reasoning':
      return listOf(item['content']).map((part) => ({
        type: 'reasoning',
        content: textOf(fieldsOf(part)['text']) ?? '',
      }))
    default:
      return typeof item['content'] === 'string' ? [text(item['content'])] : listOf(item['content']).map(contentPart)
  }
}

function contentPart(value: unknown): MessagePart {
  const part = fieldsOf(value)
  const written = textOf(part['text'])
  if (written !== undefined) return text(written)
  if (part['type'] === 'refusal') return { type: 'refusal', content: textOf(part['refusal']) ?? '' }
  const modality = part['type'] === 'input_image' ? 'image' : part['type'] === 'audio' ? 'audio' : 'file'
  const source = part[modality]
  return typeof source === 'string' && /^(https?|data):/.test(source)
    ? media(modality, source)
    : blob(modality, undefined, source)
}
