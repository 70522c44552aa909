import { GrowingText, blob, media, text, toolArguments } from '../../content.ts'
import { countOf, fieldsOf, isFields, listOf, nameOf, textOf } from '../fields.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { Fields } from '../fields.ts'

/** Messages of a chat request in the conventions' shape. */
export const chatInput = (messages: readonly unknown[]): ChatMessage[] =>
  messages.map(fieldsOf).map((message) => ({
    role: textOf(message['role']) ?? 'unknown',
    parts: inputParts(message),
    name: nameOf(message['name']),
  }))

export const chatOutput = (choices: readonly ChatChoice[]): ChatMessage[] =>
  choices.map((choice) => ({ role: choice.role, parts: choice.parts(), finish_reason: choice.finishReason }))

/** One choice of an answer: its message whole, or as the deltas of a stream build it up. */
export class ChatChoice {
  role = 'assistant'
  finishReason: string | undefined
  readonly #reasoning = new GrowingText()
  readonly #content = new GrowingText()
  readonly #refusal = new GrowingText()
  readonly #toolCalls: ToolCall[] = []
  readonly #keep: boolean
  #characters = 0

  /** `keep`: the content will be asked for. Without it, characters are counted only. */
  constructor(keep: boolean) {
    this.#keep = keep
  }

  /** Characters of all that the model wrote. */
  get characters(): number {
    return this.#characters
  }

  /** `message` is a whole message or a delta: the two differ in what is missing only. */
  add(message: Fields, finishReason: unknown): void {
    this.role = nameOf(message['role']) ?? this.role
    this.finishReason = nameOf(finishReason) ?? this.finishReason
    // `reasoning_content` is DeepSeek's field, `reasoning` that of Groq, OpenRouter and Cerebras.
    this.#add(this.#reasoning, message['reasoning_content'] ?? message['reasoning'])
    this.#add(this.#content, message['content'])
    this.#add(this.#refusal, message['refusal'])
    for (const [position, call] of listOf(message['tool_calls']).map(fieldsOf).entries()) this.#toolCall(call, position)
    if (message['function_call'] !== undefined && message['function_call'] !== null) {
      this.#toolCall({ index: 0, function: message['function_call'] }, 0)
    }
  }

  parts(): MessagePart[] {
    const parts: MessagePart[] = []
    if (this.#reasoning.value !== '') parts.push({ type: 'reasoning', content: this.#reasoning.value })
    if (this.#content.value !== '') parts.push(text(this.#content.value))
    if (this.#refusal.value !== '') parts.push({ type: 'refusal', content: this.#refusal.value })
    for (const call of this.#toolCalls) {
      parts.push({ type: 'tool_call', id: call.id, name: call.name, arguments: toolArguments(call.arguments.value) })
    }
    return parts
  }

  #add(text: GrowingText, more: unknown): void {
    if (typeof more !== 'string') return
    this.#characters += more.length
    if (this.#keep) text.add(more)
  }

  /** Calls without an index (some providers leave it out) are told apart by their id, else by their place. */
  #toolCall(call: Fields, position: number): void {
    const called = fieldsOf(call['function'] ?? call['custom'])
    const written = writtenOf(called['arguments'] ?? called['input'])
    this.#characters += written.length + (textOf(called['name'])?.length ?? 0)
    if (!this.#keep) return
    const id = nameOf(call['id'])
    const index = countOf(call['index'])
    const key = index ?? id ?? position
    const name = nameOf(called['name'])
    let known = this.#toolCalls.findLast((other) => other.key === key)
    // Some providers give every call of a stream the index 0.
    const another = known?.id !== undefined && id !== undefined && known.id !== id && name !== undefined
    if (known === undefined || another) {
      if (this.#toolCalls.length >= TOOL_CALLS_MAX) return
      known = { key, id: undefined, name: '', arguments: new GrowingText() }
      this.#toolCalls.push(known)
    }
    known.id ??= id
    known.name = name ?? known.name
    known.arguments.add(written)
  }
}

/** Mistral can send the arguments as an object. */
const writtenOf = (args: unknown): string => textOf(args) ?? (isFields(args) ? JSON.stringify(args) : '')

interface ToolCall {
  readonly key: number | string
  id: string | undefined
  name: string
  readonly arguments: GrowingText
}

/** Tool calls of one choice that are recorded. */
const TOOL_CALLS_MAX = 256

function inputParts(message: Fields): MessagePart[] {
  if (message['role'] === 'tool' || message['role'] === 'function') {
    return [{ type: 'tool_call_response', id: nameOf(message['tool_call_id']), response: message['content'] ?? null }]
  }
  const choice = new ChatChoice(true)
  choice.add({ ...message, content: textOf(message['content']) }, undefined)
  return [...listOf(message['content']).map(fieldsOf).flatMap(contentPart), ...choice.parts()]
}

/** By the names of OpenAI's formats. */
const AUDIO_TYPES: Readonly<Record<string, string>> = { wav: 'audio/wav', mp3: 'audio/mpeg' }

function contentPart(part: Fields): MessagePart[] {
  const words = textOf(part['text']) ?? textOf(part['refusal'])
  if (words !== undefined) return [text(words)]
  const url = textOf(fieldsOf(part['image_url'])['url'] ?? part['image_url'])
  if (url !== undefined) return [media('image', url)]
  const { data: audio, format } = fieldsOf(part['input_audio'])
  if (typeof audio === 'string') return [blob('audio', AUDIO_TYPES[textOf(format) ?? ''], audio)]
  const file = fieldsOf(part['file'])
  const fileId = textOf(file['file_id'])
  if (fileId !== undefined) return [{ type: 'file', modality: 'document', file_id: fileId }]
  const data = textOf(file['file_data'])
  return data === undefined ? [] : [blob('document', undefined, data)]
}
