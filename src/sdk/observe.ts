import { context } from '@opentelemetry/api'
import type { Context } from '@opentelemetry/api'
import { whenAborted } from './when-aborted.ts'

export interface Outcome {
  /** The call has returned, its promise is fulfilled, or its generator is done. */
  readonly returned: (value: unknown) => void
  readonly failed: (error: unknown) => void
  /** A generator has given an item. */
  readonly item?: (value: unknown) => void
  /** The reader closed a generator before its end; without this it counts as returned. */
  readonly stopped?: () => void
  /** With which a generator's reader can abort it. Libraries may then neither read it on nor close it. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs `call` with `within` as the active context and reports how it ends, whatever it is: a plain function, an async one, a generator, an
 * async generator, or a function that returns a promise-like object of its own. The caller gets what it would have got.
 * No callback may throw; exactly one of `returned`, `failed` and `stopped` is called, once.
 */
export function observe(call: () => unknown, within: Context, outcome: Outcome): unknown {
  const result = attempt(() => context.with(within, call), outcome)
  if (typeof result !== 'object' || result === null) {
    outcome.returned(result)
    return result
  }
  if (result instanceof Promise && result.constructor === Promise) return settled(result, outcome)
  if (isGenerator(result)) return observeGenerator(result, within, outcome)
  if (typeof Reflect.get(result, 'then') === 'function') return observeThenable(result, outcome)
  outcome.returned(result)
  return result
}

function attempt<Result>(call: () => Result, outcome: Outcome): Result {
  try {
    return call()
  } catch (error) {
    outcome.failed(error)
    throw error
  }
}

/** A plain promise: the caller gets one that settles alike, so that an unhandled rejection stays one, and stays one only. */
const settled = (promise: Promise<unknown>, outcome: Outcome): Promise<unknown> =>
  promise.then(
    (value) => {
      outcome.returned(value)
      return value
    },
    (error: unknown) => {
      outcome.failed(error)
      throw error
    },
  )

/**
 * A promise-like object with more to it (lazy queries, API promises): the same object is returned. Its `then` is not called by us, since
 * that may be what starts its work; it is watched.
 */
function observeThenable(thenable: object, outcome: Outcome): object {
  const original: unknown = Reflect.get(thenable, 'then')
  if (typeof original !== 'function') return thenable
  const once = onlyOnce(outcome)
  const watched = (onFulfilled?: unknown, onRejected?: unknown): unknown =>
    Reflect.apply(original, thenable, [
      (value: unknown) => {
        once.returned(value)
        return typeof onFulfilled === 'function' ? Reflect.apply(onFulfilled, undefined, [value]) : value
      },
      (error: unknown) => {
        once.failed(error)
        if (typeof onRejected === 'function') return Reflect.apply(onRejected, undefined, [error])
        throw error
      },
    ])
  // oxlint-disable-next-line unicorn/no-thenable -- the object has a `then` already
  if (!Reflect.defineProperty(thenable, 'then', { value: watched, configurable: true, writable: true }))
    outcome.returned(undefined)
  return thenable
}

/** A generator's body runs inside `next()`: the context has to be there every time, and the call ends when the body does. */
function observeGenerator(generator: object, within: Context, outcome: Outcome): object {
  const reading = new GeneratorReading(outcome)
  for (const method of ['next', 'return', 'throw'] as const) {
    const original: unknown = Reflect.get(generator, method)
    if (typeof original !== 'function') continue
    const step: Step = (...argument) => {
      reading.begin(method)
      let result: unknown
      try {
        result = context.with(within, () => Reflect.apply(original, generator, argument))
      } catch (error) {
        reading.failed(method, error)
        throw error
      }
      if (!(result instanceof Promise)) return reading.stepped(result)
      return result.then(
        (value) => reading.stepped(value),
        (error: unknown) => {
          reading.failed(method, error)
          throw error
        },
      )
    }
    Reflect.defineProperty(generator, method, { value: step, configurable: true, writable: true })
  }
  return generator
}

type Step = (argument?: unknown) => unknown

class GeneratorReading {
  readonly #outcome: Outcome
  readonly #once: OnceOutcome
  readonly #release: () => void
  #closing = false
  #pending = 0

  constructor(outcome: Outcome) {
    this.#outcome = outcome
    this.#once = onlyOnce(outcome)
    this.#release = whenAborted(outcome.signal, this)
  }

  begin(method: string): void {
    this.#pending += 1
    if (method === 'return') this.#closing = true
  }

  stepped(step: unknown): unknown {
    this.#pending -= 1
    if (typeof step !== 'object' || step === null) return step
    const value: unknown = Reflect.get(step, 'value')
    if (Reflect.get(step, 'done') !== true) {
      this.#outcome.item?.(value)
      if (this.#outcome.signal?.aborted === true) this.aborted()
    } else this.#end(() => (this.#closing ? this.#once.stopped(value) : this.#once.returned(value)))
    return step
  }

  /** A read that is under way may fail because of the closing: that is not what the reader sees. */
  failed(method: string, error: unknown): void {
    this.#pending -= 1
    this.#end(() => (this.#closing && method !== 'return' ? this.#once.stopped() : this.#once.failed(error)))
  }

  /** A step that is under way tells how it ended itself. */
  aborted(): void {
    if (this.#pending === 0) this.#end(() => this.#once.stopped())
  }

  #end(report: () => void): void {
    this.#release()
    report()
  }
}

/** Generators, not every iterable: an array or a stream that a function returns is its result. */
const isGenerator = (value: object): boolean => {
  const tag: unknown = Reflect.get(value, Symbol.toStringTag)
  return (tag === 'AsyncGenerator' || tag === 'Generator') && typeof Reflect.get(value, 'next') === 'function'
}

interface OnceOutcome {
  readonly returned: (value: unknown) => void
  readonly failed: (error: unknown) => void
  readonly stopped: (value?: unknown) => void
}

function onlyOnce(outcome: Outcome): OnceOutcome {
  let over = false
  const first = (report: () => void): void => {
    if (over) return
    over = true
    report()
  }
  const { stopped } = outcome
  return {
    returned: (value) => first(() => outcome.returned(value)),
    failed: (error) => first(() => outcome.failed(error)),
    stopped: (value) => first(() => (stopped === undefined ? outcome.returned(value) : stopped())),
  }
}
