import { Fields, isObject } from './fields.ts'
import { parseJson, toJson } from './json-text.ts'

/** A part of a message as the GenAI conventions have it (gen-ai-input-messages.json): `type`, and what belongs to it. */
export type Part = Record<string, unknown>

/** The parts of a message's content, however a library writes it: a text, a part, a list of these, or nothing. */
export function partsOf(content: unknown): Part[] {
  if (content === undefined || content === null || content === '') return []
  if (Array.isArray(content)) return content.flatMap((part: unknown) => partsOf(part))
  if (isObject(content)) return [partOf(content)]
  return [{ type: 'text', content: typeof content === 'string' ? content : toJson(content) }]
}

/** A call of a tool: of OpenAI (`function` in it, arguments as JSON in a string), Anthropic (`input`), the AI SDK (`toolName`). */
export function toolCallOf(call: object): Part {
  const fields = new Fields(call)
  if (CALLS.has(String(fields.peek('type')))) fields.take('type')
  const inner = fields.peek('function')
  const named = isObject(inner) ? new Fields(inner) : undefined
  if (named !== undefined) fields.take('function')
  const id = fields.takeText('id', 'toolCallId', 'tool_call_id', 'call_id')
  const name = named?.takeText('name') ?? fields.takeText('name', 'toolName')
  const args = named?.take('arguments') ?? fields.take('arguments', 'input', 'args')
  const part = fields.with({
    type: 'tool_call',
    id,
    name: name ?? '',
    arguments: typeof args === 'string' ? (parseJson(args) ?? args) : args,
  })
  const rest = named?.with({})
  return rest === undefined || Object.keys(rest).length === 0 ? part : { ...part, function: rest }
}

export function toolResponseOf(response: object): Part {
  const fields = new Fields(response)
  if (RESPONSES.has(String(fields.peek('type')))) fields.take('type')
  const id = fields.takeText('tool_call_id', 'toolCallId', 'tool_use_id', 'call_id', 'id')
  const output = fields.take('response', 'output', 'result', 'content')
  return fields.with({ type: 'tool_call_response', id, response: output ?? '' })
}

const TEXTS = new Set(['text', 'input_text', 'output_text'])
const REASONINGS = new Set(['reasoning', 'thinking'])
const CALLS = new Set(['tool_call', 'tool-call', 'tool_use', 'function_call', 'function'])
const RESPONSES = new Set(['tool_call_response', 'tool-result', 'tool_result', 'function_call_output'])
const MEDIA: Readonly<Record<string, string>> = {
  image: 'image',
  image_url: 'image',
  input_image: 'image',
  audio: 'audio',
  input_audio: 'audio',
  video: 'video',
}

function partOf(part: Record<string, unknown>): Part {
  const type = part['type']
  if (typeof type !== 'string') {
    const { text } = part
    if (typeof text === 'string') return textPart(new Fields(part))
    return { type: 'text', content: toJson(part) }
  }
  if (TEXTS.has(type)) return textPart(new Fields(part))
  if (REASONINGS.has(type)) {
    const fields = new Fields(part)
    fields.take('type')
    return fields.with({ type: 'reasoning', content: fields.takeText('content', 'thinking', 'text') ?? '' })
  }
  if (CALLS.has(type)) return toolCallOf(part)
  if (RESPONSES.has(type)) return toolResponseOf(part)
  const modality = MEDIA[type]
  // What the conventions have no kind for is a part of its own kind.
  return modality === undefined ? part : mediaPart(new Fields(part), type, modality)
}

function textPart(fields: Fields): Part {
  fields.take('type')
  return fields.with({ type: 'text', content: fields.takeText('content', 'text') ?? '' })
}

/** An image, a sound or a film: by its address where it has one, else its bytes. */
function mediaPart(fields: Fields, type: string, modality: string): Part {
  fields.take('type')
  const source = fields.take(type, 'image', 'source', 'url', 'data')
  const inner = isObject(source) ? new Fields(source) : undefined
  const held = inner === undefined ? source : inner.take('url', 'data', 'file_id')
  const mime = fields.takeText('mediaType', 'mimeType', 'mime_type') ?? inner?.takeText('media_type', 'mime_type')
  const rest = inner?.with({}) ?? {}
  const more = Object.keys(rest).length === 0 ? {} : { source: rest }
  if (typeof held !== 'string') return fields.with({ type, ...(held === undefined ? {} : { [type]: held }), ...more })
  const isAddress = /^[a-z][a-z0-9+.-]{1,15}:/i.test(held)
  const kind = isAddress
    ? { type: 'uri', modality, mime_type: mime, uri: held }
    : { type: 'blob', modality, mime_type: mime, content: held }
  return fields.with({ ...kind, ...more })
}
