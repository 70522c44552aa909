import { context, trace } from '@opentelemetry/api'
import type { Tracer } from '@opentelemetry/api'
import { ambientOf } from '../../context.ts'
import { fieldsOf, isFields } from '../fields.ts'

/**
 * The client can make spans of its own, with content and without cost. Where they would go to the global tracer provider, the one of a call
 * that has ours is held back; those of other APIs stay, and so do all that go to a provider of the application's own or to Mistral.
 * They run with our span as the active one, so what they do with theirs (propagation) is done with ours.
 */
export function holdBackCallSpans(bindings: Record<string, unknown>): void {
  const { getOrCreateOtelTracer: original, getRegisteredTracerProvider: registered } = bindings
  if (typeof original !== 'function' || typeof registered !== 'function') throw new TypeError('no tracer to replace')
  bindings['getOrCreateOtelTracer'] = (provider?: unknown, options?: unknown): unknown => {
    const tracer: unknown = Reflect.apply(original, undefined, [provider, options ?? {}])
    if (ambientOf().modelCall === undefined || !isTracer(tracer)) return tracer
    const chosen: unknown =
      provider ??
      (fieldsOf(options)['useRegisteredProvider'] === false ? undefined : Reflect.apply(registered, undefined, []))
    return isGlobal(chosen) ? withoutSpans(tracer) : tracer
  }
}

const isTracer = (value: unknown): value is Tracer => isFields(value) && typeof value['startSpan'] === 'function'

function isGlobal(provider: unknown): boolean {
  if (provider === undefined || provider === null) return true
  const global: unknown = trace.getTracerProvider()
  const { getDelegate } = fieldsOf(global)
  return (
    provider === global || (typeof getDelegate === 'function' && provider === Reflect.apply(getDelegate, global, []))
  )
}

function withoutSpans(tracer: Tracer): Tracer {
  const filtered: Tracer = Object.create(tracer)
  filtered.startSpan = (_name, _options, from = context.active()) =>
    trace.wrapSpanContext(trace.getSpanContext(from) ?? NO_SPAN_CONTEXT)
  return filtered
}

const NO_SPAN_CONTEXT = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }
