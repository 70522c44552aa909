import { context, propagation, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api'
import type { Context, Link, Span } from '@opentelemetry/api'
import { withAmbient } from '../../context.ts'
import { fieldsOf, isFields } from '../fields.ts'
import type { Fields } from '../fields.ts'
import { isProtocolMethod } from './message-attributes.ts'

/**
 * The message with `traceparent`, `tracestate` and `baggage` in `params._meta`, unprefixed (SEP-414). The caller's objects stay as they are,
 * and keys that he has set himself win. Methods that are not of the protocol have schemas of their own, which may refuse `_meta`: they get
 * it only when they have it already.
 */
export function withTraceContext(message: Fields, within: Context): Fields {
  const params = message['params']
  if (params !== undefined && !isFields(params)) return message
  const own = fieldsOf(params)['_meta']
  if (!isFields(own) && !isProtocolMethod(String(message['method']))) return message
  const carrier: Record<string, string> = {}
  propagation.inject(within, carrier)
  if (Object.keys(carrier).length === 0) return message
  return { ...message, params: { ...params, _meta: { ...carrier, ...fieldsOf(own) } } }
}

export interface Surroundings {
  readonly parent: Context
  readonly links: Link[]
}

/**
 * Where a received message belongs: below the span that its `_meta` names, linked with the one that is active here (of the HTTP request
 * that carried it, for instance); without `_meta` below the active one.
 */
export function surroundingsOf(meta: unknown): Surroundings {
  const active = context.active()
  const here = trace.getSpan(active)
  const live = here !== undefined && isLive(here) ? here : undefined
  const carried = propagation.extract(ROOT_CONTEXT, textsIn(meta))
  const remote = trace.getSpanContext(carried)
  if (remote === undefined) return { parent: live === undefined ? alone(active) : active, links: [] }
  const near = live?.spanContext()
  const base = near?.traceId === remote.traceId ? active : alone(active)
  const baggage = propagation.getBaggage(carried)
  const parent = trace.setSpanContext(baggage === undefined ? base : propagation.setBaggage(base, baggage), remote)
  return { parent, links: near === undefined || near.spanId === remote.spanId ? [] : [{ context: near }] }
}

/**
 * Pipes and sockets keep the context in which they were opened. A span that has ended is such a leftover: what arrives now is not part
 * of it, nor of the agent that was running then.
 */
const isLive = (span: Span): boolean => {
  const { isRemote, traceFlags } = span.spanContext()
  return (
    trace.isSpanContextValid(span.spanContext()) &&
    (span.isRecording() || isRemote === true || (traceFlags & TraceFlags.SAMPLED) === 0)
  )
}

const alone = (from: Context): Context =>
  withAmbient(trace.deleteSpan(from), {
    conversationId: undefined,
    userId: undefined,
    agentName: undefined,
    agentSpan: undefined,
    agentDepth: undefined,
    toolCall: undefined,
    modelCall: undefined,
  })

function textsIn(meta: unknown): Record<string, string> {
  const carrier: Record<string, string> = {}
  for (const key of propagation.fields()) {
    const value = fieldsOf(meta)[key]
    if (typeof value === 'string') carrier[key] = value
  }
  return carrier
}
