import { GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI, GEN_AI_PROVIDER_NAME_VALUE_OPENAI } from '../../conventions.ts'
import { observeCreate } from './observe-create.ts'
import { endpointOf } from './endpoint.ts'
import { nameOf } from './fields.ts'
import { chatCompletions } from './openai/chat.ts'
import { completions } from './openai/completions.ts'
import { embeddings } from './openai/embeddings.ts'
import { responses } from './openai/responses.ts'
import type { ModelRequest } from '../model-call.ts'
import type { Fields } from './fields.ts'
import type { Instrumentation, ModulePatch } from './instrumentation.ts'
import type { OpenAiApi } from './openai/api.ts'

/**
 * The `openai` client and what speaks through it: Azure, Groq, DeepSeek, Together, OpenRouter, xAI, Perplexity, Cerebras, local servers.
 *
 * The `create` methods are the one gate: `parse()`, `stream()` and `runTools()` call them on the client, so they need no patch of
 * their own and no call is seen twice.
 */
export const openai: Instrumentation = {
  library: 'openai',
  userAgent: /OpenAI\/JS/,
  majors: [4, 5, 6, 7],
  modules: [
    create(/^resources\/chat\/completions\/completions\.(js|mjs)$/, 'Completions', chatCompletions),
    create(/^resources\/responses\/responses\.(js|mjs)$/, 'Responses', responses),
    create(/^resources\/embeddings\.(js|mjs)$/, 'Embeddings', embeddings),
    create(/^resources\/completions\.(js|mjs)$/, 'Completions', completions),
  ],
}

/**
 * The arguments reach the library as the caller gave them. Asking streams for their usage (`stream_options.include_usage`) and
 * hiding the extra chunk would be done in observe-create.ts: change the body, filter the observed events.
 */
function create(file: RegExp, resource: string, api: OpenAiApi): ModulePatch {
  return {
    file,
    names: [resource],
    patch: (bindings, sdk) =>
      observeCreate(
        bindings[resource],
        (client, body) => ({ request: requestOf(api, body, client), reader: api.reader() }),
        sdk,
      ),
  }
}

function requestOf(api: OpenAiApi, body: Fields, client: Fields): ModelRequest {
  const endpoint = endpointOf(client['baseURL'])
  return {
    operation: api.operation,
    // An Azure client keeps its API version; behind a private host name nothing else tells it apart.
    provider:
      endpoint.provider ??
      (nameOf(client['apiVersion']) === undefined
        ? GEN_AI_PROVIDER_NAME_VALUE_OPENAI
        : GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI),
    model: nameOf(body['model']),
    serverAddress: endpoint.address,
    serverPort: endpoint.port,
    stream: body['stream'] === true,
    conversationId: api.conversationId?.(body),
    attributes: api.attributes(body),
    content: () => api.content(body),
  }
}
