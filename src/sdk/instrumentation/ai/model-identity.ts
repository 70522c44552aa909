import {
  GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK,
  GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI,
  GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI,
  GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI,
  GEN_AI_PROVIDER_NAME_VALUE_MISTRAL_AI,
  GEN_AI_PROVIDER_NAME_VALUE_MOONSHOT_AI,
  GEN_AI_PROVIDER_NAME_VALUE_X_AI,
} from '../../../conventions.ts'
import { endpointOf } from '../endpoint.ts'
import { fieldsOf, nameOf } from '../fields.ts'
import type { Fields } from '../fields.ts'

/** What a model of the AI SDK says of itself. */
export interface ModelIdentity {
  readonly provider: string
  readonly model: string | undefined
  readonly serverAddress: string | undefined
  readonly serverPort: number | undefined
}

/**
 * Who answers: known hosts name their provider, since every OpenAI-compatible service can stand behind `createOpenAI({ baseURL })`;
 * else the first words of the model's own `provider` (`openai.responses`, `google.vertex.chat`, `groq.chat`).
 */
export function identityOf(model: Fields): ModelIdentity {
  const endpoint = endpointOf(baseUrlOf(model))
  return {
    provider: endpoint.provider ?? providerName(nameOf(model['provider']) ?? ''),
    model: nameOf(model['modelId']),
    serverAddress: endpoint.address,
    serverPort: endpoint.port,
  }
}

/** The providers' packages keep their base URL in `config`, as a text or as a function that makes the URL of a request. */
function baseUrlOf(model: Fields): unknown {
  const { baseURL, baseUrl, url } = fieldsOf(model['config'])
  for (const known of [baseURL, baseUrl, url]) {
    if (typeof known === 'string') return known
  }
  try {
    if (typeof url === 'function') return Reflect.apply(url, undefined, [{ path: '', modelId: model['modelId'] }])
    if (typeof baseUrl === 'function') return Reflect.apply(baseUrl, undefined, [])
  } catch {
    // Not the function that was expected: the address stays unknown.
  }
  return undefined
}

function providerName(provider: string): string {
  const found = PROVIDERS.find(
    ([prefix]) => provider === prefix || provider.startsWith(`${prefix}.`) || provider.startsWith(`${prefix}-`),
  )
  // Others are their own name: `openai.chat` is openai, `groq.chat` is groq.
  return found?.[1] ?? (provider.split('.', 1)[0] || 'unknown')
}

const PROVIDERS: readonly (readonly [prefix: string, provider: string])[] = [
  ['google.vertex', GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI],
  ['google-vertex', GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI],
  ['vertex', GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI],
  ['google', GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI],
  ['amazon-bedrock', GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK],
  ['bedrock', GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK],
  ['azure', GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI],
  ['mistral', GEN_AI_PROVIDER_NAME_VALUE_MISTRAL_AI],
  ['moonshotai', GEN_AI_PROVIDER_NAME_VALUE_MOONSHOT_AI],
  ['xai', GEN_AI_PROVIDER_NAME_VALUE_X_AI],
  ['togetherai', 'together'],
]
