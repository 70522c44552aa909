import { context } from '@opentelemetry/api'
import { GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS } from '../../../conventions.ts'
import { startModelCall } from '../../model-call.ts'
import { observe } from '../../observe.ts'
import { endpointOf } from '../endpoint.ts'
import { fieldsOf, isFields, listOf } from '../fields.ts'
import { gate, ownerOf } from './gate.ts'
import { langchainModel } from './model-request.ts'
import { langchainProvider } from './provider.ts'
import type { ModelCall, ModelResponse } from '../../model-call.ts'
import type { SdkContext } from '../instrumentation.ts'

/**
 * The base class of embeddings has no method that its subclasses do not write themselves, and nobody calls anything of it but its constructor.
 * So the class is replaced by one that looks at each object made, and gates the methods where it finds them: once for each class.
 */
export function observeEmbeddings(bindings: Record<string, unknown>, sdk: SdkContext): void {
  const { Embeddings: original, exports } = bindings
  if (!isClass(original)) throw new TypeError('no class Embeddings')
  const observed = class Embeddings extends original {
    constructor(...args: unknown[]) {
      super(...args)
      prepare(this, sdk)
    }
  }
  Object.defineProperty(observed, 'length', { value: original.length, configurable: true })
  bindings['Embeddings'] = observed
  // Importers of the ES module see the binding, those of the CommonJS build what it exports.
  if (isFields(exports)) Reflect.set(exports, 'Embeddings', observed)
}

type Class = (new (...args: unknown[]) => object) & { readonly length: number }

const isClass = (value: unknown): value is Class => typeof value === 'function'

const METHODS = ['embedQuery', 'embedDocuments'] as const
const prepared = new WeakSet<object>()

function prepare(embeddings: object, sdk: SdkContext): void {
  const prototype: unknown = Object.getPrototypeOf(embeddings)
  if (!isFields(prototype) || prepared.has(prototype)) return
  prepared.add(prototype)
  try {
    for (const method of METHODS) {
      const owner = ownerOf(embeddings, method, Object.prototype)
      if (owner !== undefined) observeMethod(owner, method, sdk)
    }
  } catch (error) {
    sdk.fault('langchain: embeddings class', error)
  }
}

function observeMethod(owner: object, method: string, sdk: SdkContext): void {
  gate(owner, method, (self, args, proceed) => {
    const call = begin(self, args[0], sdk)
    if (call === undefined) return proceed()
    const within = call.run(() => context.active())
    return observe(proceed, within, {
      returned: () => call.succeed(NO_COUNTS),
      failed: (error) => call.fail(error),
    })
  })
}

/** A fault of ours here means an unobserved call, never a failed one. */
function begin(self: unknown, input: unknown, sdk: SdkContext): ModelCall | undefined {
  try {
    const model = fieldsOf(self)
    const endpoint = endpointOf(model['baseUrl'] ?? model['baseURL'] ?? model['endpoint'])
    return startModelCall(sdk, {
      operation: GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
      provider: endpoint.provider ?? langchainProvider(model),
      model: langchainModel(model, {}),
      serverAddress: endpoint.address,
      serverPort: endpoint.port,
      stream: false,
      conversationId: undefined,
      attributes: {},
      content: () => ({}),
      inputCharacters: () => charactersOf(input),
      framework: true,
    })
  } catch (error) {
    sdk.fault('langchain: begin embeddings', error)
    return undefined
  }
}

const charactersOf = (input: unknown): number =>
  [input, ...listOf(input)].reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0)

/** LangChain's embeddings return vectors and nothing else. */
const NO_COUNTS: ModelResponse = {
  id: undefined,
  model: undefined,
  finishReasons: [],
  usage: undefined,
  errorType: undefined,
  attributes: {},
  content: () => ({}),
}
