import {
  GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC,
  GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK,
  GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI,
  GEN_AI_PROVIDER_NAME_VALUE_COHERE,
  GEN_AI_PROVIDER_NAME_VALUE_DEEPSEEK,
  GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI,
  GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI,
  GEN_AI_PROVIDER_NAME_VALUE_GROQ,
  GEN_AI_PROVIDER_NAME_VALUE_IBM_WATSONX_AI,
  GEN_AI_PROVIDER_NAME_VALUE_MISTRAL_AI,
  GEN_AI_PROVIDER_NAME_VALUE_MOONSHOT_AI,
  GEN_AI_PROVIDER_NAME_VALUE_OPENAI,
  GEN_AI_PROVIDER_NAME_VALUE_PERPLEXITY,
  GEN_AI_PROVIDER_NAME_VALUE_X_AI,
} from '../../../conventions.ts'
import { listOf, nameOf } from '../fields.ts'
import type { Fields } from '../fields.ts'

/** The provider that a model or embeddings object of LangChain stands for; its own lower-case name where the conventions have none. */
export function langchainProvider(model: Fields): string {
  const llmType: unknown = model['_llmType']
  const type = typeof llmType === 'function' ? nameOf(Reflect.apply(llmType, model, [])) : undefined
  // `lc_namespace` of a model ends in its package's word; embeddings have neither.
  const word = (type ?? nameOf(listOf(model['lc_namespace']).at(-1)) ?? className(model)).toLowerCase()
  return PROVIDERS.find(([pattern]) => pattern.test(word))?.[1] ?? word
}

const className = (model: Fields): string => model.constructor.name.replace(/^Chat|Embeddings$/g, '') || 'langchain'

/** The words of `_llmType()` and of class names, first match wins. */
const PROVIDERS: readonly (readonly [word: RegExp, provider: string])[] = [
  [/azure/, GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI],
  [/openrouter/, 'openrouter'],
  [/openai/, GEN_AI_PROVIDER_NAME_VALUE_OPENAI],
  [/anthropic|claude/, GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC],
  [/vertex/, GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI],
  [/google|gemini|palm/, GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI],
  [/bedrock|amazon|aws/, GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK],
  [/mistral/, GEN_AI_PROVIDER_NAME_VALUE_MISTRAL_AI],
  [/cohere/, GEN_AI_PROVIDER_NAME_VALUE_COHERE],
  [/groq/, GEN_AI_PROVIDER_NAME_VALUE_GROQ],
  [/deepseek/, GEN_AI_PROVIDER_NAME_VALUE_DEEPSEEK],
  [/xai/, GEN_AI_PROVIDER_NAME_VALUE_X_AI],
  [/perplexity/, GEN_AI_PROVIDER_NAME_VALUE_PERPLEXITY],
  [/watsonx/, GEN_AI_PROVIDER_NAME_VALUE_IBM_WATSONX_AI],
  [/moonshot/, GEN_AI_PROVIDER_NAME_VALUE_MOONSHOT_AI],
  [/together/, 'together'],
  [/ollama/, 'ollama'],
  [/cerebras/, 'cerebras'],
]
