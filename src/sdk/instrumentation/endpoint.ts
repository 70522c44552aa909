import {
  GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC,
  GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK,
  GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI,
  GEN_AI_PROVIDER_NAME_VALUE_COHERE,
  GEN_AI_PROVIDER_NAME_VALUE_DEEPSEEK,
  GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI,
  GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI,
  GEN_AI_PROVIDER_NAME_VALUE_GROQ,
  GEN_AI_PROVIDER_NAME_VALUE_MISTRAL_AI,
  GEN_AI_PROVIDER_NAME_VALUE_MOONSHOT_AI,
  GEN_AI_PROVIDER_NAME_VALUE_OPENAI,
  GEN_AI_PROVIDER_NAME_VALUE_PERPLEXITY,
  GEN_AI_PROVIDER_NAME_VALUE_X_AI,
} from '../../conventions.ts'

/** Where a client sends its calls. */
export interface Endpoint {
  /** `gen_ai.provider.name` that the host stands for; undefined for a local or unknown host. */
  readonly provider: string | undefined
  readonly address: string | undefined
  readonly port: number | undefined
}

/**
 * The endpoint behind a client's base URL. A base URL that is no URL gives an endpoint without fields.
 * Providers without a name in the conventions have our own lower-case one.
 */
export function endpointOf(baseUrl: unknown): Endpoint {
  if (typeof baseUrl !== 'string') return UNKNOWN
  const known = endpoints.get(baseUrl)
  if (known !== undefined) return known
  if (endpoints.size >= ENDPOINTS_MAX) endpoints.clear()
  const endpoint = parse(baseUrl)
  endpoints.set(baseUrl, endpoint)
  return endpoint
}

/** Base URLs kept parsed; one more starts the map anew (an agent talks to a handful). */
const ENDPOINTS_MAX = 100
const endpoints = new Map<string, Endpoint>()
const UNKNOWN: Endpoint = { provider: undefined, address: undefined, port: undefined }

function parse(baseUrl: string): Endpoint {
  if (!URL.canParse(baseUrl)) return UNKNOWN
  const { hostname, port, protocol } = new URL(baseUrl)
  return {
    // A name with a dot behind it is the same host.
    provider: PROVIDERS.find(([domain]) => isWithin(hostname.replace(/\.$/, ''), domain))?.[1],
    address: hostname,
    port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port),
  }
}

/** Vertex AI puts its regions before the domain (`us-east5-aiplatform.googleapis.com`). */
const isWithin = (hostname: string, domain: string): boolean =>
  hostname === domain ||
  hostname.endsWith(`.${domain}`) ||
  (domain === VERTEX_AI_DOMAIN && hostname.endsWith(`-${domain}`))

const VERTEX_AI_DOMAIN = 'aiplatform.googleapis.com'

const PROVIDERS: readonly (readonly [domain: string, provider: string])[] = [
  ['api.openai.com', GEN_AI_PROVIDER_NAME_VALUE_OPENAI],
  ['openai.azure.com', GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI],
  ['services.ai.azure.com', GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI],
  ['cognitiveservices.azure.com', GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI],
  ['api.anthropic.com', GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC],
  ['api.groq.com', GEN_AI_PROVIDER_NAME_VALUE_GROQ],
  ['api.deepseek.com', GEN_AI_PROVIDER_NAME_VALUE_DEEPSEEK],
  ['api.x.ai', GEN_AI_PROVIDER_NAME_VALUE_X_AI],
  ['api.perplexity.ai', GEN_AI_PROVIDER_NAME_VALUE_PERPLEXITY],
  ['api.mistral.ai', GEN_AI_PROVIDER_NAME_VALUE_MISTRAL_AI],
  ['api.moonshot.ai', GEN_AI_PROVIDER_NAME_VALUE_MOONSHOT_AI],
  ['api.moonshot.cn', GEN_AI_PROVIDER_NAME_VALUE_MOONSHOT_AI],
  ['api.cohere.ai', GEN_AI_PROVIDER_NAME_VALUE_COHERE],
  ['api.cohere.com', GEN_AI_PROVIDER_NAME_VALUE_COHERE],
  ['generativelanguage.googleapis.com', GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI],
  [VERTEX_AI_DOMAIN, GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI],
  ['rep.googleapis.com', GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI],
  ['amazonaws.com', GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK],
  ['api.together.xyz', 'together'],
  ['api.together.ai', 'together'],
  ['openrouter.ai', 'openrouter'],
  ['api.cerebras.ai', 'cerebras'],
  ['ollama.com', 'ollama'],
  ['router.huggingface.co', 'huggingface'],
]
