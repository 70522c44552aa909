import { context, createContextKey, trace } from '@opentelemetry/api'
import type { Attributes, Context, Span } from '@opentelemetry/api'
import { ATTR_GEN_AI_AGENT_NAME, ATTR_GEN_AI_CONVERSATION_ID, ATTR_USER_ID } from '../conventions.ts'

/** What agents, tools and sessions hand down to the spans below them. */
export interface Ambient {
  readonly conversationId?: string | undefined
  readonly userId?: string | undefined
  readonly agentName?: string | undefined
  /** The execute_tool span that is open, so that a protocol client below can complete it instead of opening a second one. */
  readonly toolCall?: { readonly name: string; readonly span: Span } | undefined
}

export const ambientOf = (from: Context = context.active()): Ambient => {
  const value = from.getValue(key)
  return isAmbient(value) ? value : none
}

/** The context in which `more` is known as well. */
export const withAmbient = (from: Context, more: Ambient): Context =>
  from.setValue(key, { ...ambientOf(from), ...more, [mark]: true })

/** Attributes that every model, tool and agent span takes from what surrounds it: conversation, user, executing agent. */
export function inheritedAttributes(from: Context = context.active()): Attributes {
  const { conversationId, userId, agentName } = ambientOf(from)
  const attributes: Attributes = {}
  if (conversationId !== undefined) attributes[ATTR_GEN_AI_CONVERSATION_ID] = conversationId
  if (userId !== undefined) attributes[ATTR_USER_ID] = userId
  if (agentName !== undefined) attributes[ATTR_GEN_AI_AGENT_NAME] = agentName
  return attributes
}

/** `from` with `span` as the active one. */
export const withSpan = (from: Context, span: Span): Context => trace.setSpan(from, span)

// Context keys of the API are `Symbol.for` symbols, so that another copy of this module (the app's own bundle) finds the same value.
const key = createContextKey('spanwarden.ambient')
const mark = Symbol.for('spanwarden.ambient')
const none: Ambient = {}

const isAmbient = (value: unknown): value is Ambient => typeof value === 'object' && value !== null && mark in value
