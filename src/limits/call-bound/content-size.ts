import { isFields } from './fields.ts'
import type { Fields } from './fields.ts'

/** What is not text: its tokens do not follow from its bytes. */
export type MediaKind = 'image' | 'audio' | 'video' | 'file'

export interface ContentSize {
  /** UTF-8 of all texts and names in the body, as they are or in NFKC, whichever is more, and of the JSON around them; without the data of media. */
  readonly bytes: number
  readonly media: Readonly<Record<MediaKind, number>>
  /** Something asks for a cache of an hour, which costs more than one of five minutes. */
  readonly isCachedForAnHour: boolean
}

/** Nesting that is looked into. */
export const BODY_DEPTH_MAX = 100

/** Measures the content of a request, a byte of which is a token at most. Undefined when it is nested too deep to be looked at. */
export function contentSizeOf(body: unknown): ContentSize | undefined {
  const size = { bytes: 0, media: { image: 0, audio: 0, video: 0, file: 0 }, isCachedForAnHour: false }
  return addValue(size, body, 0, 'text') ? size : undefined
}

interface Sum {
  bytes: number
  readonly media: Record<MediaKind, number>
  isCachedForAnHour: boolean
}

/** `plain`: arguments and schemas of tools, where `type: image` means nothing. `media`: inside of something that is counted already. */
type Place = 'text' | 'plain' | 'media'

function addValue(size: Sum, value: unknown, depth: number, place: Place): boolean {
  if (depth > BODY_DEPTH_MAX) return false
  if (typeof value === 'string') {
    // What a tool takes and gives may be shown to the model as JSON, the rest is as it is.
    if (place === 'plain') size.bytes += utf8Bytes(JSON.stringify(value))
    else if (place === 'text' || !isData(value)) size.bytes += utf8Bytes(value) + 2
    return true
  }
  if (!isFields(value)) {
    size.bytes += NUMBER_BYTES
    return true
  }
  if (isBinary(value)) {
    if (place !== 'media') size.media.file += 1
    return true
  }
  if (Array.isArray(value)) {
    size.bytes += 2 + value.length * ELEMENT_BYTES
    return value.every((item) => addValue(size, item, depth + 1, place))
  }
  const { toJSON } = value
  if (typeof toJSON === 'function') return addValue(size, Reflect.apply(toJSON, value, []), depth + 1, place)
  return addFields(size, value, depth, place)
}

function addFields(size: Sum, fields: Fields, depth: number, place: Place): boolean {
  const kind = place === 'text' ? mediaKindOf(fields) : undefined
  if (kind !== undefined) size.media[kind] += 1
  const inner: Place = kind === undefined ? place : 'media'
  const isToolUse = fields['type'] === 'tool_use' || fields['type'] === 'server_tool_use'
  size.bytes += 2
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue
    if (key === 'ttl' && value !== '5m') size.isCachedForAnHour = true
    size.bytes += utf8Bytes(key) + ENTRY_BYTES
    if (place === 'text' && key === 'images' && Array.isArray(value)) size.media.image += value.length
    const isPlain = PLAIN.has(key) || (isToolUse && key === 'input')
    const next = place === 'text' && key === 'images' ? 'media' : isPlain ? 'plain' : inner
    if (!addValue(size, value, depth + 1, next)) return false
  }
  return true
}

/** Arguments, results in JSON and schemas of tools. */
const PLAIN: ReadonlySet<string> = new Set([
  'functionCall',
  'function_call',
  'toolUse',
  'args',
  'arguments',
  'response',
  'json',
  'parameters',
  'parametersJsonSchema',
  'parameters_json_schema',
  'input_schema',
  'inputSchema',
  'responseSchema',
  'response_schema',
  'response_format',
])

/** Quotes, colon and comma, and what a provider may put between them when it writes a schema for the model. */
const ENTRY_BYTES = 6
const ELEMENT_BYTES = 3
/** No number, `true` or `null` is longer. */
const NUMBER_BYTES = 24

/** As the block says by its type (OpenAI, Anthropic, Mistral, Cohere), its mime type (Google) or its key (Bedrock). */
function mediaKindOf(block: Fields): MediaKind | undefined {
  const { type } = block
  if (typeof type === 'string') {
    const source = isFields(block['source']) ? block['source'] : undefined
    if (type === 'document' && (source?.['type'] === 'text' || source?.['type'] === 'content')) return undefined
    const kind = TYPES.get(type)
    if (kind !== undefined) return kind
  }
  const mime = block['mimeType'] ?? block['mime_type']
  if (typeof mime === 'string' && ('data' in block || 'fileUri' in block || 'file_uri' in block))
    return kindOfMime(mime)
  if ('fileUri' in block || 'file_uri' in block) return 'file'
  for (const [key, kind] of SOURCES) {
    const value = block[key]
    if (isFields(value) && isFields(value['source'])) return kind
  }
  return undefined
}

const TYPES: ReadonlyMap<string, MediaKind> = new Map(
  Object.entries({
    image: 'image',
    image_url: 'image',
    input_image: 'image',
    computer_screenshot: 'image',
    audio: 'audio',
    audio_url: 'audio',
    input_audio: 'audio',
    video: 'video',
    video_url: 'video',
    input_video: 'video',
    file: 'file',
    input_file: 'file',
    document: 'file',
    document_url: 'file',
    container_upload: 'file',
  }),
)

const SOURCES: readonly (readonly [string, MediaKind])[] = [
  ['image', 'image'],
  ['document', 'file'],
  ['video', 'video'],
  ['audio', 'audio'],
]

function kindOfMime(mime: string): MediaKind {
  const [family] = mime.split('/', 1)
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'file'
}

const isBinary = (value: Fields): boolean =>
  ArrayBuffer.isView(value) || value instanceof ArrayBuffer || (typeof Blob === 'function' && value instanceof Blob)

/** What a provider decodes instead of reading it. Shorter texts may be a question of the user's. */
const isData = (text: string): boolean =>
  text.startsWith('data:') || (text.length > DATA_CHARACTERS_MIN && /^[A-Za-z0-9+/_=-]+$/.test(text))

const DATA_CHARACTERS_MIN = 256

/** Some tokenizers read NFKC, in which one letter may become eighteen. */
function utf8Bytes(text: string): number {
  const bytes = Buffer.byteLength(text)
  return bytes === text.length ? bytes : Math.max(bytes, Buffer.byteLength(text.normalize('NFKC')))
}
