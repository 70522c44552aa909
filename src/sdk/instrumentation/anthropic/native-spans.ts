import { trace } from '@opentelemetry/api'
import { fieldsOf, isFields } from '../fields.ts'

/**
 * From 0.134 on the client makes spans of its own once a global tracer provider exists: one for each method of the API, one for a run of
 * the tool runner, one for each tool. They are held back, because they cannot be completed from outside (no finish reasons and no cost,
 * they end inside the client), are named by no convention, put arguments and results on the tools' spans when an environment variable of
 * the client's says so, and make the client send the agent's trace context to the provider. With ours instead, all versions give the same
 * spans, and there is one for each call.
 *
 * The client keeps its tracer in `_tracer`, assigned in the constructor, and works without one when it is undefined. An accessor on the
 * prototype takes that assignment. A client that was given a tracer provider of the application's own keeps its spans: they go elsewhere.
 */
export function holdBackNativeSpans(client: unknown): void {
  const prototype: unknown = typeof client === 'function' ? client.prototype : undefined
  if (!isFields(prototype)) throw new TypeError('the client class is missing')
  const tracers = new WeakMap<object, unknown>()
  Object.defineProperty(prototype, '_tracer', {
    configurable: true,
    enumerable: false,
    get(this: object) {
      return tracers.get(this)
    },
    set(this: object, tracer: unknown) {
      if (goesElsewhere(fieldsOf(fieldsOf(this)['openTelemetry'])['tracerProvider'])) tracers.set(this, tracer)
    },
  })
}

/** True for a provider that is neither missing nor the global one under another name. */
function goesElsewhere(provider: unknown): boolean {
  if (!isFields(provider)) return false
  const global: object = trace.getTracerProvider()
  const delegate: unknown =
    'getDelegate' in global && typeof global.getDelegate === 'function' ? global.getDelegate() : undefined
  return provider !== global && provider !== delegate
}
