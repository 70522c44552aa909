import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_PROVIDER_NAME,
} from '../../../conventions.ts'
import { fieldId } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import { readContent } from './attribute-value.ts'
import type { AttributeContent } from './attribute-value.ts'
import { isObject } from './fields.ts'
import { parseJson, toJson } from './json-text.ts'
import { messageOf, messagesOf } from './messages.ts'
import type { Message, Side } from './messages.ts'
import type { SpanDraft } from './span-draft.ts'

/**
 * Up to 1.36 the conventions had messages in events of the span; now they are attributes. Puts them there where these are free; returns the Event nodes that are
 * not needed any more.
 */
export function foldEvents(view: OtlpView, span: number, draft: SpanDraft): number[] {
  const found: { node: number; side: Side; messages: readonly Message[] }[] = []
  for (let c = view.first(span), end = view.next(span); c < end; c = view.next(c)) {
    if (view.field(c) !== EVENT) continue
    const name = view.child(c, EVENT_NAME)
    const kind = name < 0 ? undefined : KINDS.get(view.text(name))
    const messages = kind === undefined ? undefined : messagesIn(attributesOf(view, c), kind, draft)
    if (kind !== undefined && messages !== undefined) found.push({ node: c, side: kind.side, messages })
  }
  return [
    [ATTR_GEN_AI_INPUT_MESSAGES, found.filter(({ side }) => side === 'input')] as const,
    [ATTR_GEN_AI_OUTPUT_MESSAGES, found.filter(({ side }) => side === 'output')] as const,
  ].flatMap(([key, events]) => {
    if (events.length === 0 || draft.has(key)) return []
    draft.set(key, toJson(events.flatMap(({ messages }) => messages)))
    return events.map(({ node }) => node)
  })
}

interface Kind {
  readonly side: Side
  readonly role: string
  /** The attribute that holds messages; else the event is one. */
  readonly holds?: string
}

const EVENT = fieldId('Span', 'events')
const EVENT_NAME = fieldId('Event', 'name')
const EVENT_ATTRIBUTES = fieldId('Event', 'attributes')
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['gen_ai.system.message', { side: 'input', role: 'system' }],
  ['gen_ai.user.message', { side: 'input', role: 'user' }],
  ['gen_ai.assistant.message', { side: 'input', role: 'assistant' }],
  ['gen_ai.tool.message', { side: 'input', role: 'tool' }],
  ['gen_ai.choice', { side: 'output', role: 'assistant' }],
  ['gen_ai.content.prompt', { side: 'input', role: 'user', holds: 'gen_ai.prompt' }],
  ['gen_ai.content.completion', { side: 'output', role: 'assistant', holds: 'gen_ai.completion' }],
])

function attributesOf(view: OtlpView, event: number): Map<string, AttributeContent> {
  const attributes = new Map<string, AttributeContent>()
  for (let c = view.first(event), end = view.next(event); c < end; c = view.next(c)) {
    const key = view.field(c) === EVENT_ATTRIBUTES ? view.keyNode(c) : -1
    if (key >= 0) attributes.set(view.text(key), readContent(view, c))
  }
  return attributes
}

/** Undefined for an event without content: it says when something came, and stays. */
function messagesIn(
  fields: Map<string, AttributeContent>,
  kind: Kind,
  draft: SpanDraft,
): readonly Message[] | undefined {
  if (kind.holds !== undefined) {
    const messages = fields.size === 1 ? messagesOf(fields.get(kind.holds), kind.side) : undefined
    return messages === 'same' ? undefined : messages
  }
  if (!['content', 'message', 'tool_calls'].some((name) => fields.has(name))) return undefined
  // The provider is the span's.
  const provider = fields.get('gen_ai.system')
  if (provider === draft.current(ATTR_GEN_AI_PROVIDER_NAME)) fields.delete('gen_ai.system')
  const text = fields.get('message')
  const inner = typeof text === 'string' ? parseJson(text) : text
  if (isObject(inner)) fields.delete('message')
  const { role = kind.role, ...more } = { ...(isObject(inner) ? inner : {}), ...Object.fromEntries(fields) }
  const isTool = kind.role === 'tool' && typeof more['id'] === 'string'
  const { id, ...rest } = more
  return [messageOf({ ...(isTool ? { ...rest, tool_call_id: id } : more), role }, kind.side)]
}
