import { endpointOf } from '../endpoint.ts'
import { fieldsOf, nameOf } from '../fields.ts'
import { observeApiMethod } from '../observe-create.ts'
import { streamUsageOf } from '../stream-usage.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Fields } from '../fields.ts'
import type { ModulePatch, SdkContext } from '../instrumentation.ts'
import type { DescribedCall } from '../observe-create.ts'
import type { ModelRequest } from '../../model-call.ts'
import type { OpenAiApi } from './api.ts'

/** Whose client it is: the provider behind an endpoint whose host does not tell. */
export type ProviderOf = (endpoint: Endpoint, client: Fields) => string

/**
 * A resource class of a client in OpenAI's format, and the methods of it that call a model. Methods that a version of the library does not
 * have are left out, except the first.
 */
export function resource(
  file: RegExp,
  name: string,
  methods: Readonly<Record<string, OpenAiApi>>,
  providerOf: ProviderOf,
): ModulePatch {
  return {
    file,
    names: [name],
    patch(bindings, sdk) {
      const prototype: unknown = fieldsOf(bindings)[name]
      const has = (method: string): boolean =>
        typeof prototype === 'function' && typeof fieldsOf(prototype.prototype)[method] === 'function'
      for (const [position, [method, api]] of Object.entries(methods).entries()) {
        if (position > 0 && !has(method)) continue
        observeApiMethod(prototype, method, (client, args) => describe(api, client, args, providerOf, sdk), sdk)
      }
    },
  }
}

function describe(
  api: OpenAiApi,
  client: Fields,
  args: readonly unknown[],
  providerOf: ProviderOf,
  sdk: SdkContext,
): DescribedCall {
  const body = api.body?.(args) ?? fieldsOf(args[0])
  return {
    request: requestOf(api, body, client, providerOf),
    reader: api.reader(sdk.captureContent || sdk.recordInference !== undefined),
    streamUsage: api.usageOnRequest === true ? streamUsageOf(client, body, sdk) : undefined,
  }
}

function requestOf(api: OpenAiApi, body: Fields, client: Fields, providerOf: ProviderOf): ModelRequest {
  const endpoint = endpointOf(client['baseURL'])
  return {
    operation: api.operation,
    provider: providerOf(endpoint, client),
    model: nameOf(body['model']),
    serverAddress: endpoint.address,
    serverPort: endpoint.port,
    stream: body['stream'] === true,
    conversationId: api.conversationId?.(body),
    attributes: api.attributes(body),
    content: () => api.content(body),
    ...(api.inputCharacters === undefined ? {} : { inputCharacters: () => api.inputCharacters?.(body) ?? 0 }),
    unmetered: api.unmetered === true,
  }
}
