import { BASE64_CHARACTERS_MIN, dataUrlOf, fingerprint, isBinary } from './fingerprint.ts'

/** A part of a message: the shapes of gen-ai-input-messages.json and gen-ai-output-messages.json of the GenAI conventions. */
export type MessagePart =
  | { readonly type: 'text' | 'reasoning' | 'refusal'; readonly content: string }
  | {
      readonly type: 'tool_call'
      readonly id?: string | undefined
      readonly name: string
      readonly arguments?: unknown
    }
  | { readonly type: 'tool_call_response'; readonly id?: string | undefined; readonly response: unknown }
  | {
      readonly type: 'server_tool_call'
      readonly id?: string | undefined
      readonly name: string
      readonly server_tool_call: ServerTool
    }
  | {
      readonly type: 'server_tool_call_response'
      readonly id?: string | undefined
      readonly server_tool_call_response: ServerTool
    }
  | { readonly type: 'uri'; readonly modality: string; readonly uri: string }
  | { readonly type: 'file'; readonly modality: string; readonly file_id: string }
  | {
      readonly type: 'blob'
      readonly modality: string
      readonly mime_type?: string | undefined
      readonly content: string
    }

/** What a provider tells of a tool that it runs itself. The schema wants its kind, the rest is the provider's. */
export interface ServerTool {
  readonly type: string
  readonly [field: string]: unknown
}

export interface ChatMessage {
  readonly role: string
  readonly parts: readonly MessagePart[]
  readonly name?: string | undefined
  readonly finish_reason?: string | undefined
}

/** Longest content attribute, in characters of JSON. What is longer keeps its shape and loses the ends of its longest strings. */
export const CONTENT_CHARACTERS_MAX = 262_144

/**
 * Content as the JSON string that backends expect of `gen_ai.input.messages` and its like: always valid JSON, and never longer
 * than `CONTENT_CHARACTERS_MAX`. Cut strings end in `… [N characters cut]`. Binary data, however deep in a tool's result, stands by its
 * fingerprint.
 */
export function contentJson(content: unknown): string {
  const json = wholeJson(content)
  if (json === undefined) return allCut(`more than ${VALUES_MAX} values`)
  if (json.length <= CONTENT_CHARACTERS_MAX) return json
  const plain: unknown = JSON.parse(json)
  const shortened = (keep: number): string =>
    JSON.stringify(plain, (_key, value: unknown) => (typeof value === 'string' ? cut(value, keep) : value))
  // What is too long with its strings at their shortest is not tried in between.
  const shortest = shortened(STRING_CHARACTERS_MIN)
  if (shortest.length > CONTENT_CHARACTERS_MAX) return allCut(`${json.length} characters`)
  for (let keep = CONTENT_CHARACTERS_MAX >> 2; keep > STRING_CHARACTERS_MIN; keep >>= 2) {
    const shorter = shortened(keep)
    if (shorter.length <= CONTENT_CHARACTERS_MAX) return shorter
  }
  return shortest
}

/** Undefined for what has so many values that it cannot be short: to write a long list of numbers would hold the agent up for seconds. */
function wholeJson(content: unknown): string | undefined {
  let values = 0
  try {
    return (
      JSON.stringify(content, function (this: unknown, key: string, value: unknown): unknown {
        values += 1
        if (values > VALUES_MAX) throw TOO_MANY
        return withoutBinary.call(this, key, value)
      }) ?? 'null'
    )
  } catch (error) {
    if (error === TOO_MANY) return undefined
    throw error
  }
}

const TOO_MANY = new RangeError('too many values')

const allCut = (what: string): string => JSON.stringify([{ role: 'unknown', parts: [text(`[${what} cut]`)] }])

export const text = (content: string): MessagePart => ({ type: 'text', content })

/** `told` as the schema wants it: under its own kind if it has one, else under `type`. */
export function serverTool(type: string, told: unknown): ServerTool {
  if (typeof told !== 'object' || told === null || Array.isArray(told)) return { type, value: told }
  const own: unknown = Reflect.get(told, 'type')
  return { ...told, type: typeof own === 'string' && own !== '' ? own : type }
}

/** The arguments of a tool call: the object that its JSON says, or the text itself when it is none. */
export function toolArguments(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return json
  }
}

/** Arguments or result of a tool for its span: a text as it is, anything else as JSON. */
export function contentText(content: unknown): string {
  return typeof content === 'string' ? cut(spoken(content), CONTENT_CHARACTERS_MAX) : contentJson(content)
}

/** Media by address; what is inlined is named by its fingerprint. */
export function media(modality: string, url: string): MessagePart {
  const inlined = dataUrlOf(url)
  if (inlined === undefined) return { type: 'uri', modality, uri: url }
  return { type: 'blob', modality, mime_type: inlined.mimeType || undefined, content: fingerprint(inlined.data) }
}

/** Bytes, base64 or a `data:` URL. To be called where content is captured only: it hashes. */
export const blob = (modality: string, mimeType: string | undefined, data: unknown): MessagePart =>
  typeof data === 'string' && data.startsWith('data:')
    ? media(modality, data)
    : { type: 'blob', modality, mime_type: mimeType, content: fingerprint(data) }

/** A text that grows with the events of a stream, kept up to the size that can be recorded at all. */
export class GrowingText {
  #text = ''

  add(more: unknown): void {
    if (typeof more === 'string' && this.#text.length < CONTENT_CHARACTERS_MAX) this.#text += more
  }

  get value(): string {
    return this.#text
  }
}

const STRING_CHARACTERS_MIN = 16

/** Values of one content that are looked at, those without one included. */
const VALUES_MAX = CONTENT_CHARACTERS_MAX

const cut = (value: string, keep: number): string =>
  value.length <= keep ? value : `${value.slice(0, keep).toWellFormed()}… [${value.length - keep} characters cut]`

/** A replacer for JSON.stringify; what `toJSON` made of a Buffer is passed over for the Buffer. */
function withoutBinary(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'string') return spoken(value)
  if (typeof value !== 'object' || value === null) return value
  const original: unknown = typeof this === 'object' && this !== null ? Reflect.get(this, key) : value
  return isBinary(original) ? fingerprint(original) : value
}

/** A text, or what is told of it when it is no text but data. */
function spoken(value: string): string {
  if (isBinary(value)) return fingerprint(value)
  const inlined = value.startsWith('data:') ? dataUrlOf(value) : undefined
  return inlined === undefined || inlined.data.length < BASE64_CHARACTERS_MIN
    ? value
    : `data:${inlined.mimeType} ${fingerprint(inlined.data)}`
}
