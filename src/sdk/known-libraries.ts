/** A library that speaks to models, or near them, and has no instrumentation of its own. */
export interface KnownLibrary {
  /** By way of what its calls are seen; undefined: they are not seen, or as plain HTTP only. */
  readonly through?: string
  /** What to know or to do. */
  readonly advice?: string
}

const plainHttp: KnownLibrary = { advice: 'its requests are seen as plain HTTP at most' }
const local: KnownLibrary = {
  advice: 'it runs models in this process, which nothing observes; mark the calls with agent() and tool()',
}

/** Said by the doctor and in the start-up line: silence about them would be taken for "no calls". */
export const knownLibraries: ReadonlyMap<string, KnownLibrary> = new Map([
  [
    '@ai-sdk/mcp',
    { through: 'ai', advice: 'tools are seen where the AI SDK runs them; no trace context goes to the server' },
  ],
  [
    '@ai-sdk/otel',
    { through: 'ai', advice: 'the AI SDK is observed without it; spans of both are two traces of one call' },
  ],
  ['@anthropic-ai/bedrock-sdk', { through: '@anthropic-ai/sdk' }],
  ['@anthropic-ai/vertex-sdk', { through: '@anthropic-ai/sdk' }],
  ['@aws-sdk/client-bedrock-agent-runtime', plainHttp],
  ['@azure-rest/ai-inference', plainHttp],
  ['@azure/openai', { through: 'openai' }],
  ['@cerebras/cerebras_cloud_sdk', plainHttp],
  ['@fal-ai/client', plainHttp],
  ['@google-cloud/vertexai', { advice: 'its successor @google/genai is observed' }],
  ['@google/adk', { through: '@google/genai' }],
  ['@google/generative-ai', { advice: 'its successor @google/genai is observed' }],
  ['@huggingface/tiny-agents', { through: '@huggingface/inference' }],
  ['@huggingface/transformers', local],
  ['@ibm-cloud/watsonx-ai', plainHttp],
  ['@langchain/anthropic', { through: '@langchain/core' }],
  ['@langchain/openai', { through: '@langchain/core' }],
  ['@perplexity-ai/perplexity_ai', plainHttp],
  ['@strands-agents/sdk', { through: 'the model clients that it uses', advice: 'agent() marks its agents' }],
  ['@xenova/transformers', local],
  ['beeai-framework', { through: 'ai' }],
  ['genkit', { through: 'the model clients that it uses', advice: 'agent() marks its flows' }],
  ['llamaindex', { through: 'the model clients that it uses', advice: 'agent() marks its agents' }],
  ['node-llama-cpp', local],
  ['replicate', plainHttp],
  ['voyageai', plainHttp],
])
