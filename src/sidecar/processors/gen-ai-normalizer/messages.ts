import { Fields, isObject } from './fields.ts'
import { parseJson, toJson } from './json-text.ts'
import { partsOf, toolCallOf, toolResponseOf } from './message-parts.ts'
import type { Part } from './message-parts.ts'

/** A message as the GenAI conventions have it. */
export type Message = Record<string, unknown>
export type Side = 'input' | 'output'

/**
 * The messages that a value of any dialect holds: JSON of messages in the form of OpenAI, Anthropic, the AI SDK or the conventions, or a text, which is one
 * message of the user or of the model. `same` when they are in today's form already; undefined when there is nothing.
 */
export function messagesOf(value: unknown, side: Side): Message[] | 'same' | undefined {
  if (value === undefined || value === '') return undefined
  const structured = typeof value === 'string' ? parseJson(value) : value
  if (Array.isArray(structured) && structured.length > 0) {
    if (structured.every(isOfToday)) return 'same'
    if (structured.every(isMessage)) return structured.map((message) => messageOf(message, side))
  }
  if (isObject(structured)) {
    if (isMessage(structured)) return [messageOf(structured, side)]
    const prompt = promptOf(structured)
    if (prompt !== undefined) return prompt
  }
  return [{ role: roleOf(side), parts: [{ type: 'text', content: typeof value === 'string' ? value : toJson(value) }] }]
}

/** One message in today's form; fields that it does not name are kept. */
export function messageOf(message: object, side: Side): Message {
  const fields = new Fields(message)
  const role = fields.takeText('role') ?? roleOf(side)
  const reasoning = fields.takeText('reasoning', 'reasoning_content')
  const parts: Part[] = reasoning === undefined || reasoning === '' ? [] : [{ type: 'reasoning', content: reasoning }]
  const callId = fields.takeText('tool_call_id', 'toolCallId')
  const contents = [fields.take('parts'), fields.take('content'), fields.take('contents')]
    .map(spelledOut)
    .filter((content) => content !== undefined)
  if (callId !== undefined) parts.push(toolResponseOf({ id: callId, content: contents.shift() ?? '' }))
  parts.push(...partsOf(contents))
  const known = new Set(parts.map((part) => toJson(part)))
  for (const name of ['tool_calls', 'toolCalls']) {
    const calls = callsIn(fields.peek(name))
    if (calls === undefined) continue
    fields.take(name)
    // Some write a call among the parts and in the list.
    parts.push(...calls.map(toolCallOf).filter((part) => !known.has(toJson(part))))
  }
  const call = fields.peek('function_call')
  if (isObject(call)) parts.push(toolCallOf(Object(fields.take('function_call'))))
  const refusal = fields.takeText('refusal')
  if (refusal !== undefined && refusal !== '') parts.push({ type: 'refusal', content: refusal })
  return fields.with({ role, parts })
}

const roleOf = (side: Side): string => (side === 'input' ? 'user' : 'assistant')

const isMessage = (value: unknown): value is Record<string, unknown> =>
  isObject(value) &&
  typeof value['role'] === 'string' &&
  ('content' in value || 'parts' in value || 'tool_calls' in value)

const isOfToday = (value: unknown): boolean =>
  isObject(value) &&
  typeof value['role'] === 'string' &&
  Array.isArray(value['parts']) &&
  value['parts'].every((part: unknown) => isObject(part) && typeof part['type'] === 'string' && !('text' in part))

/** A list of parts may be JSON in a string; the JSON of nothing is nothing. */
function spelledOut(content: unknown): unknown {
  if (content === 'null') return undefined
  if (typeof content !== 'string' || !content.startsWith('[{')) return content ?? undefined
  const parsed = parseJson(content)
  const isList =
    Array.isArray(parsed) && parsed.every((part: unknown) => isObject(part) && typeof part['type'] === 'string')
  return isList ? parsed : content
}

/** A list of calls, perhaps as JSON; undefined when it is anything else. */
function callsIn(value: unknown): readonly object[] | undefined {
  const list = typeof value === 'string' ? parseJson(value) : value
  return Array.isArray(list) && list.every(isObject) ? list : undefined
}

/** What `ai.prompt` holds: `system`, and `prompt` or `messages`. */
function promptOf(prompt: Record<string, unknown>): Message[] | undefined {
  const keys = Object.keys(prompt)
  if (keys.length === 0 || !keys.every((key) => key === 'system' || key === 'prompt' || key === 'messages'))
    return undefined
  const { system, prompt: asked, messages } = prompt
  const said = [asked, messages].map((value) => (value === undefined ? [] : messagesOf(value, 'input')))
  if (said.some((part) => part === 'same' || part === undefined)) return undefined
  return [
    ...(system === undefined || system === null ? [] : [{ role: 'system', parts: partsOf(system) }]),
    ...said.flatMap((part) => (Array.isArray(part) ? part : [])),
  ]
}
