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
  /** The model call under way: what happens inside it is part of it. Tools and agents that start inside a framework's call are not. */
  readonly modelCall?: ModelCallScope | undefined
}

/** One model call, as the calls inside it see it. */
export interface ModelCallScope {
  /**
   * A call of a client library is about to be made inside. A framework's span gives way to it: it is not reported, and the context that
   * surrounded it is returned as the parent. Undefined when this is a client library's own call, which stays.
   */
  giveWay(): Context | undefined
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
