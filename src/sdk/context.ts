import { context, createContextKey, trace } from '@opentelemetry/api'
import type { Attributes, Context, Span } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_SPANWARDEN_RETRY_ATTEMPT,
  ATTR_USER_ID,
} from '../conventions.ts'
import type { RetryState } from './runtime.ts'
import type { DenialError } from './guard/denial-error.ts'

/** What agents, tools and sessions hand down to the spans below them. */
export interface Ambient {
  readonly conversationId?: string | undefined
  readonly userId?: string | undefined
  readonly agentName?: string | undefined
  /** The invoke_agent span of the agent that acts, and how many agents are around it. */
  readonly agentSpan?: Span | undefined
  readonly agentDepth?: number | undefined
  /** The execute_tool span that is open, so that a protocol client below can complete it instead of opening a second one. */
  readonly toolCall?: { readonly name: string; readonly span: Span } | undefined
  /** The model call under way: what happens inside it is part of it. Tools and agents that start inside a framework's call are not. */
  readonly modelCall?: ModelCallScope | undefined
  /** What is called inside of `retry()`. */
  readonly retrying?: RetryState | undefined
  /** A request that the guard has let through; who sends it takes it out. */
  readonly admitted?: Admitted | undefined
  /** A person takes a call back: tools that are called for it are not asked for. */
  readonly isRollback?: boolean | undefined
}

/** One model call, as the calls inside it see it. */
export interface ModelCallScope {
  /** A framework reports this call: its span may give way, so what begins inside is a child of `outer`, the span around the call. */
  readonly framework: boolean
  readonly outer: Span | undefined
  /** It has ended; a timer or a connection that it left behind keeps its context. What happens there is no part of it. */
  readonly over: boolean
  readonly model: string | undefined
  readonly provider: string
  /** The guard's error, once it has denied or cut the call. */
  readonly refused: Error | undefined
  /** The guard has let one more request of it through: what it cost is known with the answer. */
  attempted(attempt: GuardedAttempt): void
  /** A request of it is made: the first, or one more. */
  tried(): void
  /** What the guard has decided about it, and the error that says so. */
  decided(decision: GuardDecision, denial?: Error): void
  /** Another model call begins inside. A framework's span gives way to it where the two are the same call, seen twice. */
  inside(call: InnerCall): void
}

/** A slot that the sender of a request finds. */
export interface Admitted {
  attempt: GuardedAttempt | undefined
  /** It has left this process's hands. */
  isSent?: boolean
}

/** One request of a model call, as the guard holds money for it. */
export interface GuardedAttempt {
  readonly decision: GuardDecision
  /** The error of a stop that has cut it. */
  readonly refused: Error | undefined
  /** Called when a stop cuts it, with that error. */
  onceAborted(listener: (error: DenialError) => void): void
  /** In nano-USD; undefined: nobody knows. The first time counts. */
  end(cost: number | undefined): void
}

export interface GuardDecision {
  readonly decision: 'allow' | 'warn' | 'deny'
  readonly rule?: string | undefined
  readonly loopLevel?: 'warn' | 'stop' | undefined
  /** The limit of the output that was put in because too little money was left, in tokens. */
  readonly clampedTo?: number | undefined
}

/** What is to be known of a model call inside another one. */
export interface InnerCall {
  readonly operation: string
  /** Undefined as long as it is not known. */
  readonly answer: { readonly id: string | undefined; readonly outputTokens: number | undefined } | undefined
}

/** The context for a span that begins in `active`: not below the span of a framework's model call, since that may not be reported in the end. */
export function spanParent(active: Context = context.active()): Context {
  const { framework = false, outer } = ambientOf(active).modelCall ?? {}
  if (!framework) return active
  return outer === undefined ? trace.deleteSpan(active) : withSpan(active, outer)
}

export const ambientOf = (from: Context = context.active()): Ambient => {
  const value = from.getValue(key)
  return isAmbient(value) ? value : none
}

/** The context in which `more` is known as well. */
export const withAmbient = (from: Context, more: Ambient): Context =>
  new LightContext(from, [key, { ...ambientOf(from), ...more, [mark]: true }])

/** What an agent hands down to what it does. A loop without a name acts for the agent around it. */
export function agentAmbient(outer: Context, span: Span, name: string | undefined): Ambient {
  const { agentDepth } = ambientOf(outer)
  const known = { agentSpan: span, agentDepth: agentDepth === undefined ? 0 : agentDepth + 1 }
  return name === undefined ? known : { ...known, agentName: name }
}

/** Attributes that every model, tool and agent span takes from what surrounds it: conversation, user, executing agent. */
export function inheritedAttributes(from: Context = context.active()): Attributes {
  const { conversationId, userId, agentName, retrying } = ambientOf(from)
  const attributes: Attributes = {}
  if (conversationId !== undefined) attributes[ATTR_GEN_AI_CONVERSATION_ID] = conversationId
  if (userId !== undefined) attributes[ATTR_USER_ID] = userId
  if (agentName !== undefined) attributes[ATTR_GEN_AI_AGENT_NAME] = agentName
  if (retrying !== undefined && retrying.attempt > 1) attributes[ATTR_SPANWARDEN_RETRY_ATTEMPT] = retrying.attempt
  return attributes
}

/** `from` with `span` as the active one. */
export const withSpan = (from: Context, span: Span): Context => trace.setSpan(from, span)

// Context keys of the API are `Symbol.for` symbols, so that another copy of this module (the app's own bundle) finds the same value.
const key = createContextKey('spanwarden.ambient')
const mark = Symbol.for('spanwarden.ambient')
const none: Ambient = {}

/**
 * A context that keeps its few own values beside the one it comes from. The API's own copies a map and makes three functions for each value
 * that is set.
 */
class LightContext implements Context {
  readonly #base: Context
  /** Keys and values in turns. */
  readonly #own: readonly unknown[]

  constructor(from: Context, own: readonly unknown[]) {
    const isLight = from instanceof LightContext
    this.#base = isLight ? from.#base : from
    this.#own = isLight ? overlaid(from.#own, own) : own
  }

  getValue(searched: symbol): unknown {
    const at = placeOf(searched, this.#own)
    return at === undefined ? this.#base.getValue(searched) : this.#own[at + 1]
  }

  setValue(changed: symbol, value: unknown): Context {
    return new LightContext(this, [changed, value])
  }

  deleteValue(deleted: symbol): Context {
    return new LightContext(this, [deleted, undefined])
  }
}

/** Bounded by the number of keys that there are. */
function overlaid(own: readonly unknown[], [key, value]: readonly unknown[]): readonly unknown[] {
  const at = placeOf(key, own)
  return at === undefined ? [...own, key, value] : own.with(at + 1, value)
}

function placeOf(searched: unknown, own: readonly unknown[]): number | undefined {
  for (let at = 0; at < own.length; at += 2) if (own[at] === searched) return at
  return undefined
}

const isAmbient = (value: unknown): value is Ambient => typeof value === 'object' && value !== null && mark in value
