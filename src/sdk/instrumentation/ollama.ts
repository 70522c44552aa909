import { embeddings } from './ollama/embeddings.ts'
import { chat, generate, systemOne } from './ollama/generation.ts'
import { endpointOf } from './endpoint.ts'
import { fieldsOf, nameOf } from './fields.ts'
import { keepsContent, observeMethod } from './observe-call.ts'
import type { Fields } from './fields.ts'
import type { Instrumentation } from './instrumentation.ts'
import type { CallShape } from './observe-call.ts'
import type { OpenAiApi } from './openai/api.ts'
import type { SdkContext } from './instrumentation.ts'
import type { ModelRequest } from '../model-call.ts'

/**
 * The `ollama` client. Both of its entries use the class of `browser`, which its bundler names `Ollama$1`. Streams are newline-delimited JSON
 * that the client parses; they can only be aborted by the client or by the stream itself, never by a signal of the caller's.
 */
export const ollama: Instrumentation = {
  library: 'ollama',
  userAgent: /ollama-js\//,
  majors: [0],
  modules: [
    {
      file: /^dist\/browser\.(mjs|cjs)$/,
      names: ['Ollama$1', 'Ollama'],
      patch(bindings, sdk) {
        const client = bindings['Ollama$1'] ?? bindings['Ollama']
        for (const [method, api] of Object.entries(METHODS)) observeMethod(client, method, shapeOf(api, sdk), sdk)
        // Since 0.6.4.
        if (typeof client === 'function' && 'systemone' in fieldsOf(client.prototype))
          observeMethod(client, 'systemone', shapeOf(systemOne, sdk), sdk)
      },
    },
  ],
}

const METHODS: Readonly<Record<string, OpenAiApi>> = { chat, generate, embed: embeddings, embeddings }

const shapeOf = (api: OpenAiApi, sdk: SdkContext): CallShape => ({
  describe: (client, [request]) => ({
    request: requestOf(api, fieldsOf(request), fieldsOf(client)),
    reader: api.reader(keepsContent(sdk)),
  }),
  answer: (value) => ({ value, signal: signalOf(value) }),
})

function requestOf(api: OpenAiApi, body: Fields, client: Fields): ModelRequest {
  const endpoint = endpointOf(fieldsOf(client['config'])['host'])
  return {
    operation: api.operation,
    provider: 'ollama',
    model: nameOf(body['model']),
    serverAddress: endpoint.address,
    serverPort: endpoint.port,
    stream: body['stream'] === true,
    conversationId: undefined,
    attributes: api.attributes(body),
    content: () => api.content(body),
    inputCharacters: () => api.inputCharacters?.(body) ?? 0,
  }
}

/** Of a stream's `abort()`. */
function signalOf(value: unknown): AbortSignal | undefined {
  const controller = fieldsOf(value)['abortController']
  return controller instanceof AbortController ? controller.signal : undefined
}
