import { context, createContextKey } from '@opentelemetry/api'
import type { Context } from '@opentelemetry/api'
import { startModelCall } from '../../model-call.ts'
import { fieldsOf, isFields, textOf } from '../fields.ts'
import type { ModelCall, ModelRequest, ModelResponse } from '../../model-call.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'

/** How one method of a model (`doGenerate`, `doStream`, `doEmbed`, `doRerank`) is asked and how its answer is read. */
export interface ModelMethod {
  readonly name: string
  /** `model` is the model object, `options` the argument of the method. */
  readonly request: (model: Fields, options: Fields) => ModelRequest
  readonly response: (result: Fields, options: Fields) => ModelResponse
  /** For an answer that goes on after the method has returned: observes it and returns what the caller gets. It ends the call itself. */
  readonly follow?: (result: Fields, options: Fields, call: ModelCall, sdk: SdkContext) => unknown
}

/**
 * Observes the methods of a model in place, where it has them: on the class of the provider's package, or on the object itself. The
 * caller keeps his model (`prepareStep` shows it to him), and one look into a set is all that a model that was seen costs.
 */
export function observeModel(model: unknown, methods: readonly ModelMethod[], sdk: SdkContext): void {
  if (!isFields(model)) return
  for (const method of methods) {
    const original = model[method.name]
    if (typeof original !== 'function' || observed.has(original)) continue
    const holder = holderOf(model, method.name)
    const descriptor = holder && Object.getOwnPropertyDescriptor(holder, method.name)
    // Not a method (a proxy that makes a function on each look): what it stands for is observed, or nothing is.
    if (holder === undefined || typeof descriptor?.value !== 'function' || observed.has(descriptor.value)) continue
    const value = observedMethod(descriptor.value, method, sdk)
    observed.add(value)
    Object.defineProperty(holder, method.name, { ...descriptor, value })
  }
}

const observed = new WeakSet<object>()

function holderOf(model: object, name: string): object | undefined {
  for (let holder: object | null = model; holder !== null; holder = Object.getPrototypeOf(holder)) {
    if (Object.hasOwn(holder, name)) return holder
  }
  return undefined
}

type Original = (...args: unknown[]) => unknown

function observedMethod(original: Original, method: ModelMethod, sdk: SdkContext): Original {
  const replacement = {
    [method.name](this: unknown, ...args: unknown[]): unknown {
      const make = (): unknown => Reflect.apply(original, this, args)
      const refused = attemptsIn(context.active())?.refused
      // Who asked has been told already.
      if (refused !== undefined) return Promise.reject(refused)
      const begun = context.active().getValue(unobserved) === true ? undefined : begin(this, method, args, sdk)
      return begun === undefined ? make() : run(make, fieldsOf(args[0]), method, begun, sdk)
    },
  }[method.name]
  if (replacement === undefined) return original
  Object.defineProperty(replacement, 'length', { value: original.length, configurable: true })
  return replacement
}

/** A fault of ours here means an unobserved call, never a failed one. */
function begin(model: unknown, method: ModelMethod, args: readonly unknown[], sdk: SdkContext): Begun | undefined {
  try {
    const attempts = attemptsIn(context.active())
    if (attempts?.call !== undefined && attempts.model === model) return { call: attempts.call, attempts }
    const call = startModelCall(sdk, { ...method.request(fieldsOf(model), fieldsOf(args[0])), framework: true })
    // Inside a model that wraps another one the attempts are those of the outer.
    if (attempts === undefined || attempts.model !== undefined) return { call, attempts: undefined }
    attempts.model = model
    attempts.call = call
    call.onRefused((error) => attempts.onRefused?.(error))
    return { call, attempts }
  } catch (error) {
    sdk.fault('ai: begin of a model call', error)
    return undefined
  }
}

interface Begun {
  readonly call: ModelCall
  /** Where another attempt may follow: then the end of the attempts is the end of the call. */
  readonly attempts: Attempts | undefined
}

async function run(
  make: () => unknown,
  options: Fields,
  method: ModelMethod,
  begun: Begun,
  sdk: SdkContext,
): Promise<unknown> {
  const { call, attempts } = begun
  let result: unknown
  try {
    result = await call.run(make)
    if (attempts !== undefined) attempts.failure = undefined
  } catch (error) {
    if (attempts === undefined || attempts.over) call.fail(providerError(error))
    else attempts.failure = { error }
    throw error
  }
  try {
    if (method.follow !== undefined) return method.follow(fieldsOf(result), options, call, sdk)
    call.succeed(method.response(fieldsOf(result), options))
  } catch (error) {
    sdk.fault('ai: model answer', error)
    call.stop()
  }
  return result
}

/** The error as it is reported: errors of the AI SDK keep the provider's own words in the body that they carry. */
export function providerError(error: unknown): unknown {
  // What is thrown after the last attempt carries the error of that attempt.
  const failure = fieldsOf(error)['lastError'] ?? error
  const { name, statusCode, data, cause, message } = fieldsOf(failure)
  const failed = typeof statusCode === 'number' && statusCode >= 400
  // An answer that could not be fetched or read to its end: what broke it is the cause.
  if (!failed) return name === 'AI_APICallError' && cause instanceof Error ? cause : failure
  const bodies = [failure, fieldsOf(data)['error'], data].map(fieldsOf)
  const word = (key: string): unknown => bodies.map((body) => body[key]).find((value) => value !== undefined)
  return Object.assign(new Error(textOf(message)), { code: word('code'), type: word('type'), statusCode })
}

/** The attempts of one call: the AI SDK repeats a failed one itself. */
class Attempts {
  model: unknown
  call: ModelCall | undefined
  /** How the last one failed. */
  failure: { readonly error: unknown } | undefined
  /** The guard has denied or cut the call: its error. */
  refused: Error | undefined
  onRefused: ((error: Error) => void) | undefined
  /** Nobody waits for them any more; one may still be under way. */
  over = false
}

const attemptsKey = createContextKey('spanwarden.ai.attempts')

const attemptsIn = (from: Context): Attempts | undefined => {
  const value = from.getValue(attemptsKey)
  return value instanceof Attempts ? value : undefined
}

/** Runs the AI SDK's own `retry`: the attempts inside are one call, which fails when it does, when the guard denies it, or when it gives the failure as a value. */
export function asOneCall(retry: () => unknown, failed?: (error: unknown) => void): unknown {
  const attempts = new Attempts()
  const promise = context.with(context.active().setValue(attemptsKey, attempts), retry)
  const over = (failure: Attempts['failure']): void => {
    if (failure !== undefined) {
      attempts.call?.fail(providerError(failure.error))
      failed?.(failure.error)
    }
    // A connection can keep this context alive, and a call waits for its own collection.
    attempts.call = undefined
    attempts.failure = undefined
    attempts.over = true
  }
  // The AI SDK awaits the promise in any case, so that this handler hides no rejection.
  if (!(promise instanceof Promise)) return promise
  promise.then(
    () => over(attempts.failure),
    (error: unknown) => over({ error }),
  )
  const refused = new Promise<never>((_, reject) => {
    attempts.onRefused = (error) => {
      attempts.refused = error
      over({ error })
      reject(error)
    }
  })
  // Some repeat what was denied, and sleep before: nobody waits for that.
  return Promise.race([promise, refused])
}

const unobserved = createContextKey('spanwarden.ai.unobserved')

/** The context of a call that its author has excepted from telemetry. */
export const withoutTelemetry = (from: Context): Context => from.setValue(unobserved, true)

export const isUnobserved = (from: Context): boolean => from.getValue(unobserved) === true
