import { context } from '@opentelemetry/api'
import { startModelCall } from '../../model-call.ts'
import { observe } from '../../observe.ts'
import { fieldsOf, isFields } from '../fields.ts'
import { gate, ownerOf } from './gate.ts'
import { signalOf } from './signal.ts'
import { StreamedAnswer } from './streamed-answer.ts'
import { wholeAnswer } from './whole-answer.ts'
import { modelRequest } from './model-request.ts'
import type { ModelCall } from '../../model-call.ts'
import type { SdkContext } from '../instrumentation.ts'
import type { ModelInput } from './model-request.ts'

/**
 * Observes the models of one base class, whoever wrote them. The base class has no method of its own that asks the provider: its subclasses
 * write `_generate`, `_streamResponseChunks` and `_streamChatModelEvents`. They are gated where the first call on an object of theirs finds
 * them, which is before it uses them: every way in (`invoke`, `stream`, `batch`, `generate`, `streamEvents`, with or without a cache) comes by
 * `ENTRY`. What the cache answers never gets to them, so it is no model call.
 */
export function observeModels(base: object, input: ModelInput, sdk: SdkContext): void {
  const prepared = new WeakSet<object>()
  gate(base, ENTRY, (self, _args, proceed) => {
    if (isFields(self)) prepare(self, base, prepared, input, sdk)
    return proceed()
  })
}

const ENTRY = '_separateRunnableConfigFromCallOptionsCompat'
const WHOLE = '_generate'
const STREAMS = ['_streamResponseChunks', '_streamChatModelEvents'] as const

/** The methods stay as they are in the base class: it tells by comparing them with its own what a subclass can do. */
function prepare(model: object, base: object, prepared: WeakSet<object>, input: ModelInput, sdk: SdkContext): void {
  const prototype: unknown = Object.getPrototypeOf(model)
  const own = [WHOLE, ...STREAMS].some((method) => Object.hasOwn(model, method))
  if (!isFields(prototype) || (prepared.has(prototype) && !own)) return
  prepared.add(prototype)
  try {
    const whole = ownerOf(model, WHOLE, base)
    if (whole !== undefined) observeWhole(whole, input, sdk)
    for (const method of STREAMS) {
      const owner = ownerOf(model, method, base)
      if (owner !== undefined) observeStreams(owner, method, input, sdk)
    }
  } catch (error) {
    sdk.fault('langchain: model class', error)
  }
}

function observeWhole(owner: object, input: ModelInput, sdk: SdkContext): void {
  gate(owner, WHOLE, (self, args, proceed) => {
    const call = begin(self, args, false, input, sdk)
    if (call === undefined) return proceed()
    return observe(proceed, contextOf(call), {
      returned: (result) => ours(sdk, call, () => call.succeed(wholeAnswer(result))),
      failed: (error) => call.fail(error),
    })
  })
}

function observeStreams(owner: object, method: string, input: ModelInput, sdk: SdkContext): void {
  gate(owner, method, (self, args, proceed) => {
    const call = begin(self, args, true, input, sdk)
    if (call === undefined) return proceed()
    const answer = new StreamedAnswer(sdk.captureContent)
    return observe(proceed, contextOf(call), {
      signal: signalOf(args[1]),
      item: (item) =>
        ours(sdk, call, () => {
          // A client's own span has taken over, or the reader is gone.
          if (call.settled) return
          call.progress(true)
          answer.add(item)
        }),
      returned: () => ours(sdk, call, () => call.succeed(answer.completed())),
      stopped: () => ours(sdk, call, () => call.stop(answer.soFar())),
      failed: (error) => ours(sdk, call, () => call.fail(error, answer.soFar())),
    })
  })
}

/** A fault of ours here means an unobserved call, never a failed one. */
function begin(
  self: unknown,
  [messages, options]: readonly unknown[],
  stream: boolean,
  input: ModelInput,
  sdk: SdkContext,
): ModelCall | undefined {
  try {
    return startModelCall(sdk, modelRequest(fieldsOf(self), messages, fieldsOf(options), stream, input))
  } catch (error) {
    sdk.fault('langchain: begin model call', error)
    return undefined
  }
}

const contextOf = (call: ModelCall) => call.run(() => context.active())

/** A fault of ours ends the span and is counted; the caller's call goes on untouched. */
function ours(sdk: SdkContext, call: ModelCall, step: () => void): void {
  try {
    step()
  } catch (error) {
    sdk.fault('langchain: model answer', error)
    call.stop()
  }
}
