import { context, metrics, propagation, trace } from '@opentelemetry/api'
import type { ContextManager, Span, TextMapPropagator, Tracer, TracerOptions, TracerProvider } from '@opentelemetry/api'
import type { Instrumentation } from './instrumentation/instrumentation.ts'

export interface Globals {
  readonly contextManager: ContextManager
  readonly propagator: TextMapPropagator
  readonly tracerProvider: TracerProvider
}

/**
 * Puts ours into the API's globals, and makes room there when the application brings an OpenTelemetry SDK of its own, before or after us. Then its
 * provider, propagators and context manager are the global ones: what the application records goes where the application wants it, and our spans,
 * which never come from the global provider, are children and parents of its spans through the common context.
 */
export class SharedGlobals {
  /** True when the application has an SDK of its own. */
  attached = false
  #onAttach: () => void = () => undefined
  readonly #ours: Globals
  readonly #provider: SwitchProvider

  constructor(ours: Globals) {
    this.#ours = ours
    this.#provider = new SwitchProvider(ours.tracerProvider)
  }

  register(): void {
    admitOlderApi()
    context.setGlobalContextManager(this.#ours.contextManager)
    propagation.setGlobalPropagator(this.#ours.propagator)
    this.attached = !trace.setGlobalTracerProvider(this.#provider)
  }

  /** `listener` is called when the application's SDK is seen: now, if that is the case already. */
  onAttach(listener: () => void): void {
    this.#onAttach = listener
    if (this.attached) listener()
  }

  /** From here on, a registration of the application's replaces ours instead of being refused. */
  makeRoom(): Instrumentation {
    const { contextManager, propagator } = this.#ours
    const ourMeters = globals()?.['metrics']
    const shares: readonly Share[] = [
      {
        file: 'trace',
        className: 'TraceAPI',
        method: 'setGlobalTracerProvider',
        replace: (theirs, api) => isTracerProvider(theirs) && this.#giveWayTo(theirs, api),
      },
      {
        file: 'context',
        className: 'ContextAPI',
        method: 'setGlobalContextManager',
        replace: exchange('context', contextManager),
      },
      {
        file: 'propagation',
        className: 'PropagationAPI',
        method: 'setGlobalPropagator',
        replace: exchange('propagation', propagator),
      },
      {
        file: 'metrics',
        className: 'MetricsAPI',
        method: 'setGlobalMeterProvider',
        replace: exchange('metrics', ourMeters),
      },
    ]
    const own = { trace, context, propagation, metrics }
    for (const share of shares) patchClass(Reflect.getPrototypeOf(own[share.file]), share)
    return {
      library: '@opentelemetry/api',
      majors: [1],
      isPlumbing: true,
      modules: shares.map((share) => ({
        file: new RegExp(`^(?:dist|build/src)/api/${share.file}\\.(?:js|cjs|mjs)$`),
        names: [share.className],
        patch: (bindings) => {
          const api = bindings[share.className]
          patchClass(typeof api === 'function' ? api.prototype : undefined, share)
        },
      })),
    }
  }

  #giveWayTo(theirs: TracerProvider, api: unknown): boolean {
    const proxy = trace.getTracerProvider()
    if (this.attached || globals()?.['trace'] !== proxy) return false
    this.attached = true
    this.#provider.current = theirs
    delegate(proxy, theirs)
    // Tracers that this copy of the API gave out before anyone had registered.
    delegate(isRecord(api) ? api['_proxyTracerProvider'] : undefined, theirs)
    this.#onAttach()
    return true
  }
}

function delegate(proxy: unknown, provider: TracerProvider): void {
  const set: unknown = isRecord(proxy) ? proxy['setDelegate'] : undefined
  if (typeof set === 'function') Reflect.apply(set, proxy, [provider])
}

/** One way of the API's to register something. */
interface Share {
  readonly file: 'trace' | 'context' | 'propagation' | 'metrics'
  readonly className: string
  readonly method: string
  /** True: done. False: the API's own way. */
  readonly replace: (theirs: unknown, api: unknown) => boolean
}

function patchClass(prototype: unknown, { method, replace }: Share): void {
  if (typeof prototype !== 'object' || prototype === null) throw new TypeError(`no class with ${method}`)
  const original: unknown = Reflect.get(prototype, method)
  if (typeof original !== 'function') throw new TypeError(`no method ${method}`)
  const value = new Proxy(original, {
    apply: (target, self, args) => replace(args[0], self) || Reflect.apply(target, self, args),
  })
  Object.defineProperty(prototype, method, { value, configurable: true, writable: true, enumerable: false })
}

/** Replaces one of the API's globals as long as it is ours. Not by the API itself: that refuses another version of itself. */
const exchange =
  (name: string, ours: unknown) =>
  (theirs: unknown): boolean => {
    const all = globals()
    if (typeof theirs !== 'object' || theirs === null || all === undefined || all[name] !== ours) return false
    return Reflect.set(all, name, theirs)
  }

/** Hands out tracers that follow when the provider changes: a module may have asked for its tracer before the application's SDK started. */
class SwitchProvider implements TracerProvider {
  current: TracerProvider

  constructor(first: TracerProvider) {
    this.current = first
  }

  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    let provider: TracerProvider | undefined
    let tracer: Tracer | undefined
    return new SwitchTracer(() => {
      if (tracer === undefined || provider !== this.current) {
        provider = this.current
        tracer = provider.getTracer(name, version, options)
      }
      return tracer
    })
  }
}

class SwitchTracer implements Tracer {
  readonly current: () => Tracer

  constructor(current: () => Tracer) {
    this.current = current
  }

  startSpan(...args: Parameters<Tracer['startSpan']>): Span {
    return this.current().startSpan(...args)
  }

  startActiveSpan(...args: unknown[]): ReturnType<Tracer['startActiveSpan']> {
    const tracer = this.current()
    return Reflect.apply(tracer.startActiveSpan, tracer, args)
  }
}

/** The tracer that makes the spans, behind one that the global provider has handed out. */
export const tracerBehind = (tracer: unknown): unknown => (tracer instanceof SwitchTracer ? tracer.current() : tracer)

/**
 * The API takes no globals of an older minor version than its own: with an application on 1.9 that was first, ours would see no context at all.
 * The globals' shape is the same in all of 1.x, so that they are declared to be of our version; 1.9 takes those.
 */
function admitOlderApi(): void {
  const all = globals()
  if (all === undefined || all['trace'] === undefined || trace.getTracerProvider() === all['trace']) return
  if (!Reflect.set(all, 'version', API_VERSION)) {
    Reflect.set(globalThis, Symbol.for('opentelemetry.js.api.1'), { ...all, version: API_VERSION })
  }
}

/** Version of `@opentelemetry/api` in this package; a test compares. */
export const API_VERSION = '1.10.0'

function globals(): Record<string, unknown> | undefined {
  const all: unknown = Reflect.get(globalThis, Symbol.for('opentelemetry.js.api.1'))
  return isRecord(all) ? all : undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const isTracerProvider = (value: unknown): value is TracerProvider =>
  isRecord(value) && typeof value['getTracer'] === 'function'
