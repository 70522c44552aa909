import { startModelCall } from '../model-call.ts'
import { observeReadable } from '../readable-stream.ts'
import { observeIterable } from '../stream.ts'
import { isFields } from './fields.ts'
import type { ModelCall } from '../model-call.ts'
import type { StreamObserver } from '../stream.ts'
import type { AnswerReader } from './api-promise.ts'
import type { SdkContext } from './instrumentation.ts'
import type { DescribedCall } from './observe-create.ts'

/** An asynchronous function of a client library that makes one model call, and what its promise settles with. */
export interface CallShape {
  /** The call that is about to be made with these arguments; undefined when it is none to observe. */
  describe(self: unknown, args: readonly unknown[]): DescribedCall | undefined
  /** The provider's answer in what the promise is fulfilled with: a parsed body, or the stream that the caller reads. */
  answer(settled: unknown): Answer
  /** The signal with which the caller can abort this call. */
  signal?(args: readonly unknown[]): AbortSignal | undefined
}

/**
 * `signal`: the one with which a stream itself can be aborted, where the library makes one for each. `refused`: the body of an answer that the
 * provider gave and the library did not accept.
 */
export type Answer =
  | { readonly value: unknown; readonly signal?: AbortSignal | undefined }
  | { readonly error: unknown; readonly refused?: unknown }

/** Whether somebody will ask for the content of an answer, so that a reader has to keep it. */
export const keepsContent = (sdk: SdkContext): boolean => sdk.captureContent || sdk.recordInference !== undefined

type Callable = (this: unknown, ...args: unknown[]) => unknown

const isCallable = (value: unknown): value is Callable => typeof value === 'function'

/** Replaces a method of a prototype by its observed form. Throws when there is no such method. */
export function observeMethod(owner: unknown, method: string, shape: CallShape, sdk: SdkContext): void {
  const prototype: unknown = typeof owner === 'function' ? owner.prototype : undefined
  if (!isFields(prototype)) throw new TypeError('the client class is missing')
  const value = observedCall(prototype[method], shape, sdk)
  Object.defineProperty(prototype, method, { value, configurable: true, writable: true, enumerable: false })
}

/**
 * The same function, observed: its plain promise settles as before, with the very same value, whose stream is observed in place. What is
 * no function, or observed already, is given back or refused.
 */
export function observedCall(original: unknown, shape: CallShape, sdk: SdkContext): Callable {
  if (!isCallable(original)) throw new TypeError('the function to observe is missing')
  if (observed.has(original)) return original
  const replacement: Callable = function (...args) {
    const make = (): unknown => Reflect.apply(original, this, args)
    const begun = beginCall(shape, this, args, sdk)
    return begun === undefined ? make() : observe(begun, make, shape, sdk)
  }
  observed.add(replacement)
  for (const key of ['name', 'length']) {
    Object.defineProperty(replacement, key, { value: Reflect.get(original, key), configurable: true })
  }
  return replacement
}

const observed = new WeakSet<object>()

/** A call whose span is open. */
export interface BegunCall {
  readonly call: ModelCall
  readonly reader: AnswerReader
  readonly signal: AbortSignal | undefined
}

/** A fault of ours here means an unobserved call, never a failed one. */
export function beginCall(
  shape: CallShape,
  self: unknown,
  args: readonly unknown[],
  sdk: SdkContext,
): BegunCall | undefined {
  try {
    const described = shape.describe(self, args)
    if (described === undefined) return undefined
    const signal = shape.signal?.(args)
    return { call: startModelCall(sdk, described.request), reader: described.reader, signal }
  } catch (error) {
    sdk.fault('model call: begin', error)
    return undefined
  }
}

function observe(begun: BegunCall, make: () => unknown, shape: CallShape, sdk: SdkContext): unknown {
  const { call } = begun
  let promise: unknown
  try {
    promise = call.run(make)
  } catch (error) {
    call.fail(error)
    throw call.callersError(error)
  }
  if (!(promise instanceof Promise)) {
    sdk.fault('model call: unknown shape', new TypeError('no promise'))
    call.stop()
    return promise
  }
  // The caller gets the derived promise instead of the original one, so a rejection that nobody handles is still reported once.
  const settled = promise.then(
    (value: unknown) => {
      settleCall(begun, shape, value, sdk)
      return value
    },
    (error: unknown) => {
      failCall(begun, error, sdk)
      throw call.callersError(error)
    },
  )
  return sdk.guard === undefined ? settled : orRefused(settled, begun, sdk)
}

/** A library may try again what was denied, and sleep before it: it is denied again at once, but nobody waits for that. */
const orRefused = (settled: Promise<unknown>, begun: BegunCall, sdk: SdkContext): Promise<unknown> =>
  new Promise((resolve, reject) => {
    begun.call.onRefused((error) => {
      failCall(begun, error, sdk)
      reject(error)
    })
    settled.then(resolve, reject)
  })

/** The caller is about to get what the call gave. Never throws. */
export function settleCall(begun: BegunCall, shape: CallShape, settled: unknown, sdk: SdkContext): void {
  ours(begun, sdk, () => settle(begun, shape.answer(settled), sdk))
}

/** The caller is about to get an error. Never throws. */
export function failCall(begun: BegunCall, error: unknown, sdk: SdkContext): void {
  ours(begun, sdk, () => begun.call.fail(error, begun.reader.soFar()))
}

function settle(begun: BegunCall, answer: Answer, sdk: SdkContext): void {
  const { call, reader } = begun
  if ('error' in answer) {
    return call.fail(answer.error, answer.refused === undefined ? reader.soFar() : reader.whole(answer.refused))
  }
  const { value, signal = begun.signal } = answer
  if (value instanceof ReadableStream) {
    call.progress(false)
    observeReadable(value, streamObserver(begun, sdk), signal)
  } else if (isAsyncIterable(value)) {
    call.progress(false)
    observeIterable(value, streamObserver(begun, sdk), signal)
  } else {
    call.succeed(reader.whole(value))
  }
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  isFields(value) && Symbol.asyncIterator in value

function streamObserver(begun: BegunCall, sdk: SdkContext): StreamObserver {
  const { call, reader } = begun
  return {
    item: (event) => {
      call.progress(true)
      ours(begun, sdk, () => reader.event(event))
    },
    refused: () => call.refused,
    completed: () => ours(begun, sdk, () => call.succeed(reader.soFar())),
    stopped: () => ours(begun, sdk, () => call.stop(reader.soFar())),
    failed: (error) => ours(begun, sdk, () => call.fail(error, reader.soFar())),
  }
}

/** A fault of ours ends the span and is counted; the caller's promise goes on untouched. */
function ours({ call }: BegunCall, sdk: SdkContext, step: () => void): void {
  try {
    step()
  } catch (error) {
    sdk.fault('model answer', error)
    call.stop()
  }
}
