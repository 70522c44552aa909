import type { Json } from '../store/records.ts'

/** Messages as the GenAI conventions write them, made plain for reading. */
export interface Message {
  /** user, assistant, tool, system … */
  readonly role: string
  readonly finishReason: string
  readonly parts: readonly MessagePart[]
}
export interface MessagePart {
  /** text, reasoning, tool_call, tool_call_response, or another type that a client wrote. */
  readonly type: string
  /** Of tool calls: the tool. */
  readonly name: string
  readonly text: string
}

/** Reads `gen_ai.input.messages` or `gen_ai.output.messages`, as a structure or as its JSON; undefined when it is neither. */
export function readMessages(value: Json | undefined): readonly Message[] | undefined {
  const list = parsed(value)
  if (!Array.isArray(list)) return undefined
  return list.map((message) => ({
    role: text(message, 'role'),
    finishReason: text(message, 'finish_reason'),
    parts: partsOf(message),
  }))
}

/** Reads `gen_ai.system_instructions`, which is a list of parts. */
export function readInstructions(value: Json | undefined): readonly Message[] | undefined {
  const list = parsed(value)
  return Array.isArray(list) ? [{ role: 'system', finishReason: '', parts: list.map(partOf) }] : undefined
}

/** JSON in a string is shown indented, other text as it is. */
export function readable(value: Json): string {
  if (typeof value !== 'string') return JSON.stringify(value, undefined, 2)
  const inner = parsed(value)
  return typeof inner === 'object' && inner !== null ? JSON.stringify(inner, undefined, 2) : value
}

export interface TextPiece {
  readonly text: string
  readonly isRedacted: boolean
}

/** Cuts a text into what was said and the placeholders of redaction, such as [REDACTED:EMAIL]. */
export function redactedPieces(text: string): TextPiece[] {
  return text
    .split(/(\[REDACTED(?::[A-Z0-9_-]+)?\])/)
    .map((piece, i) => ({ text: piece, isRedacted: i % 2 === 1 }))
    .filter(({ text }) => text !== '')
}

function partsOf(message: unknown): MessagePart[] {
  const parts = property(message, 'parts')
  if (Array.isArray(parts)) return parts.map(partOf)
  // Older clients wrote `content`, a text or a list.
  const content = property(message, 'content')
  if (Array.isArray(content)) return content.map(partOf)
  return content === undefined ? [] : [{ type: 'text', name: '', text: shown(content) }]
}

function partOf(part: unknown): MessagePart {
  if (typeof part === 'string') return { type: 'text', name: '', text: part }
  const type = text(part, 'type')
  const inside = ['content', 'text', 'arguments', 'response', 'result'].map((key) => property(part, key))
  const found = inside.find((value) => value !== undefined && value !== null)
  return { type: type === '' ? 'text' : type, name: text(part, 'name'), text: shown(found ?? part) }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return readable(value)
  return JSON.stringify(value, undefined, 2) ?? ''
}

function parsed(value: Json | undefined): unknown {
  if (typeof value !== 'string') return value
  if (!/^\s*[[{]/.test(value)) return undefined
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

const property = (holder: unknown, key: string): unknown =>
  typeof holder === 'object' && holder !== null && Object.hasOwn(holder, key) ? Reflect.get(holder, key) : undefined

function text(holder: unknown, key: string): string {
  const value = property(holder, key)
  return typeof value === 'string' ? value : ''
}
