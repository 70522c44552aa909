import { context, createContextKey } from '@opentelemetry/api'
import { endpointOf } from './endpoint.ts'
import { fieldsOf, isFields, nameOf } from './fields.ts'
import { featureExtraction, textGeneration } from './huggingface/tasks.ts'
import { beginCall, keepsContent, observedCall, settleCall } from './observe-call.ts'
import { chatCompletions } from './openai/chat.ts'
import { replaceFunction } from './replace-function.ts'
import type { ModelRequest } from '../model-call.ts'
import type { BegunCall, CallShape } from './observe-call.ts'
import type { Fields } from './fields.ts'
import type { Instrumentation, SdkContext } from './instrumentation.ts'
import type { OpenAiApi } from './openai/api.ts'

/**
 * The `@huggingface/inference` client. Every task (method of `InferenceClient`, free function, `request`) makes its request by `innerRequest`,
 * or by `innerStreamingRequest` when it streams: there the provider's answer is still whole, and which provider serves it is known. Both
 * call themselves again on a 503, which is part of the same call.
 */
export const huggingface: Instrumentation = {
  library: '@huggingface/inference',
  userAgent: /@huggingface\/inference/,
  majors: [3, 4],
  modules: [
    {
      file: /^dist\/(esm|commonjs)\/utils\/request\.js$/,
      names: ['innerRequest', 'innerStreamingRequest', 'exports'],
      patch(bindings, sdk) {
        replaceFunction(bindings, 'innerRequest', (original) => {
          const within: typeof original = (...args) => inside(() => original(...args))
          const observed = observedCall(within, shapeOf(false, sdk), sdk)
          return (args) => Reflect.apply(observed, undefined, args)
        })
        replaceFunction(bindings, 'innerStreamingRequest', (original) => {
          const shape = shapeOf(true, sdk)
          return (args) => {
            const begun = beginCall(shape, undefined, args, sdk)
            return begun === undefined
              ? original(...args)
              : observeGenerator(begun, () => original(...args), shape, sdk)
          }
        })
      },
    },
  ],
}

const TASKS: Readonly<Record<string, OpenAiApi | undefined>> = {
  conversational: chatCompletions,
  'text-generation': textGeneration,
  'feature-extraction': featureExtraction,
  'sentence-similarity': featureExtraction,
}

/** Marks what happens inside a call: the client's own next try. */
const key = createContextKey('spanwarden.huggingface')
const inside = <T>(work: () => T): T => context.with(context.active().setValue(key, true), work)

const shapeOf = (stream: boolean, sdk: SdkContext): CallShape => ({
  describe(_self, [args, helper, options]) {
    const api = TASKS[String(fieldsOf(options)['task'])]
    if (api === undefined || context.active().getValue(key) === true) return undefined
    return {
      request: requestOf(api, stream, fieldsOf(args), fieldsOf(helper)),
      reader: api.reader(keepsContent(sdk)),
    }
  },
  answer: (settled) => ({ value: stream ? settled : fieldsOf(settled)['data'] }),
  signal: ([, , options]) => {
    const { signal } = fieldsOf(options)
    return signal instanceof AbortSignal ? signal : undefined
  },
})

/** The request is made by the first `next()`, and each one has to find the call around it. */
function observeGenerator(begun: BegunCall, make: () => unknown, shape: CallShape, sdk: SdkContext): unknown {
  const generator = make()
  const next: unknown = fieldsOf(generator)['next']
  if (isFields(generator) && typeof next === 'function') {
    Object.defineProperty(generator, 'next', {
      configurable: true,
      writable: true,
      enumerable: false,
      value: (...args: unknown[]): unknown => begun.call.run(() => inside(() => Reflect.apply(next, generator, args))),
    })
  }
  settleCall(begun, shape, generator, sdk)
  return generator
}

/** `args` is what the caller gave, `helper` the client's knowledge of the provider. */
function requestOf(api: OpenAiApi, stream: boolean, args: Fields, helper: Fields): ModelRequest {
  const { provider, url } = routeOf(args, helper)
  const endpoint = endpointOf(url)
  return {
    operation: api.operation,
    provider: endpoint.provider ?? provider,
    model: nameOf(args['model']),
    serverAddress: endpoint.address,
    serverPort: endpoint.port,
    stream,
    conversationId: undefined,
    attributes: api.attributes(args),
    content: () => api.content(args),
    inputCharacters: () => api.inputCharacters?.(args) ?? 0,
  }
}

/** A provider's own key goes to the provider, everything else by Hugging Face's router, which then is whom the caller pays. */
function routeOf(args: Fields, helper: Fields): { readonly provider: string; readonly url: string | undefined } {
  const own = nameOf(args['endpointUrl'])
  if (own !== undefined) return { provider: HUGGING_FACE, url: own }
  const token = nameOf(args['accessToken'])
  if (token === undefined || token.startsWith('hf_')) return { provider: HUGGING_FACE, url: ROUTER }
  return { provider: nameOf(helper['provider']) ?? HUGGING_FACE, url: nameOf(helper['baseUrl']) }
}

/** The conventions have no name for it: ours, as price lists call it. */
const HUGGING_FACE = 'huggingface'
const ROUTER = 'https://router.huggingface.co'
