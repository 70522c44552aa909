import type * as AgentsModule from '@openai/agents'
import type * as AiProviderModule from '@ai-sdk/openai'
import type * as AiModule from 'ai'
import type * as AnthropicModule from '@anthropic-ai/sdk'
import type * as BedrockModule from '@aws-sdk/client-bedrock-runtime'
import type * as CohereModule from 'cohere-ai'
import type * as GoogleModule from '@google/genai'
import type * as GroqModule from 'groq-sdk'
import type * as MistralModule from '@mistralai/mistralai'
import type * as OllamaModule from 'ollama'
import type * as OpenAiModule from 'openai'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { loadLangChain } from './langchain.ts'
import { buildOf } from './with-previous.ts'
import type { Build, HookedSdk } from './hooked.ts'

/** One way to call a model: with a client library, or with a framework that calls it for the agent. */
export interface ModelCaller {
  /** As the conventions name it; the server prices by it. */
  readonly provider: string
  readonly model: string
  /** Whether it tries again after a 503. */
  readonly retries?: boolean
  /** Whether a call takes a signal. */
  readonly abortable: boolean
  /** Whether the tool that the model calls is run by the library. */
  readonly runsTools?: boolean
  /** Resolves to the answer, or to its items as they come. */
  ask(call: CallerOptions): Promise<unknown>
}

export interface CallerOptions {
  /** Base URL, without the version that OpenAI's clients put behind the host. */
  readonly base: string
  readonly stream: boolean
  readonly signal: AbortSignal
  readonly maxRetries: number
  /** What the agent's tool does. */
  readonly work: () => Promise<void>
}

const NO_RETRIES = { strategy: 'none' as const }
const messages = [{ role: 'user' as const, content: 'question' }]

/** By name. */
export async function modelCallers(
  test: HookedSdk,
  major: Build['major'] = 'current',
): Promise<Readonly<Record<string, ModelCaller>>> {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: modules loaded by name
  const load = async <Module>(name: string): Promise<Module> =>
    (await test.load(name, buildOf(name, major))) as unknown as Module
  const { OpenAI } = await load<typeof OpenAiModule>('openai')
  const { Groq } = await load<typeof GroqModule>('groq-sdk')
  const { Anthropic } = await load<typeof AnthropicModule>('@anthropic-ai/sdk')
  const { GoogleGenAI } = await load<typeof GoogleModule>('@google/genai')
  const { BedrockRuntime } = await load<typeof BedrockModule>('@aws-sdk/client-bedrock-runtime')
  const { Mistral } = await load<typeof MistralModule>('@mistralai/mistralai')
  const { CohereClientV2 } = await load<typeof CohereModule>('cohere-ai')
  const { Ollama } = await load<typeof OllamaModule>('ollama')
  const ai = await load<typeof AiModule>('ai')
  const { createOpenAI } = await load<typeof AiProviderModule>('@ai-sdk/openai')
  const agents = await load<typeof AgentsModule>('@openai/agents')
  const lc = await loadLangChain(test, { major, format: 'esm' })
  const openAiClient = ({ base, maxRetries }: CallerOptions) =>
    new OpenAI({ apiKey: 'key', baseURL: `${base}/v1`, maxRetries })
  const gpt = { provider: 'openai', model: 'gpt-4o-mini', abortable: true }
  const schema = { type: 'object' as const, properties: {}, additionalProperties: true as const }
  return {
    openai: {
      ...gpt,
      retries: true,
      ask: async (call) =>
        openAiClient(call).chat.completions.create(
          { model: gpt.model, messages, stream: call.stream },
          { signal: call.signal },
        ),
    },
    'openai helper': {
      ...gpt,
      ask: async (call) =>
        openAiClient(call).chat.completions.stream({ model: gpt.model, messages }, { signal: call.signal }),
    },
    responses: {
      ...gpt,
      retries: true,
      ask: async (call) =>
        openAiClient(call).responses.create(
          { model: gpt.model, input: 'question', stream: call.stream },
          { signal: call.signal },
        ),
    },
    embeddings: {
      ...gpt,
      model: 'text-embedding-3-small',
      retries: true,
      ask: async (call) =>
        openAiClient(call).embeddings.create(
          { model: 'text-embedding-3-small', input: 'question', encoding_format: 'float' },
          { signal: call.signal },
        ),
    },
    groq: {
      provider: 'groq',
      model: 'llama-3.3-70b-versatile',
      retries: true,
      abortable: true,
      ask: async ({ base, maxRetries, stream, signal }) =>
        new Groq({ apiKey: 'key', baseURL: base, maxRetries }).chat.completions.create(
          { model: 'llama-3.3-70b-versatile', messages, stream },
          { signal },
        ),
    },
    anthropic: {
      provider: 'anthropic',
      model: 'claude-haiku-4-5',
      retries: true,
      abortable: true,
      ask: async ({ base, maxRetries, stream, signal }) =>
        new Anthropic({ apiKey: 'key', baseURL: base, maxRetries }).messages.create(
          { model: 'claude-haiku-4-5', max_tokens: 9, messages, stream },
          { signal },
        ),
    },
    google: {
      provider: 'gcp.gemini',
      model: 'gemini-2.5-flash',
      abortable: true,
      ask: async ({ base, stream, signal, maxRetries }) => {
        const { models } = new GoogleGenAI({
          apiKey: 'key',
          httpOptions: { baseUrl: base, retryOptions: { attempts: 1 + maxRetries, initialDelay: 60 } },
        })
        const request = { model: 'gemini-2.5-flash', contents: 'question', config: { abortSignal: signal } }
        return stream ? models.generateContentStream(request) : models.generateContent(request)
      },
    },
    bedrock: {
      provider: 'aws.bedrock',
      model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
      abortable: true,
      ask: async ({ base, stream, signal, maxRetries }) => {
        const runtime = new BedrockRuntime({
          region: 'us-east-1',
          endpoint: base,
          credentials: { accessKeyId: 'id', secretAccessKey: 'key' },
          maxAttempts: 1 + maxRetries,
          requestHandler: new NodeHttpHandler(),
        })
        const modelId = 'us.anthropic.claude-haiku-4-5-20251001-v1:0'
        const input = { modelId, messages: [{ role: 'user' as const, content: [{ text: 'question' }] }] }
        if (!stream) return runtime.converse(input, { abortSignal: signal })
        return (await runtime.converseStream(input, { abortSignal: signal })).stream
      },
    },
    mistral: {
      provider: 'mistral_ai',
      model: 'mistral-small-latest',
      abortable: true,
      ask: async ({ base, stream, signal, maxRetries }) => {
        const backoff = {
          initialInterval: 60_000,
          maxInterval: 60_000,
          exponent: 1,
          maxElapsedTime: 60_000 * maxRetries,
        }
        const retryConfig =
          maxRetries === 0 ? NO_RETRIES : { strategy: 'backoff' as const, backoff, retryConnectionErrors: true }
        const { chat } = new Mistral({ apiKey: 'key', serverURL: base, retryConfig })
        const request = { model: 'mistral-small-latest', messages }
        const options = { fetchOptions: { signal } }
        return stream ? chat.stream(request, options) : chat.complete(request, options)
      },
    },
    cohere: {
      provider: 'cohere',
      model: 'command-a-03-2025',
      abortable: true,
      ask: async ({ base, stream, signal, maxRetries }) => {
        const client = new CohereClientV2({ token: 'key', environment: base, maxRetries })
        const request = { model: 'command-a-03-2025', messages }
        const options = { abortSignal: signal }
        return stream ? client.chatStream(request, options) : client.chat(request, options)
      },
    },
    ollama: {
      provider: 'ollama',
      model: 'llama3.2',
      abortable: false,
      ask: async ({ base, stream }) => {
        const client = new Ollama({ host: base })
        return stream
          ? client.chat({ model: 'llama3.2', messages, stream: true })
          : client.chat({ model: 'llama3.2', messages })
      },
    },
    ai: {
      ...gpt,
      retries: true,
      runsTools: true,
      ask: async ({ base, stream, signal, maxRetries, work }) => {
        const look = ai.tool({ inputSchema: ai.jsonSchema(schema), execute: work })
        const options = {
          model: createOpenAI({ apiKey: 'key', baseURL: `${base}/v1` }).chat(gpt.model),
          prompt: 'question',
          tools: { look },
          stopWhen: ({ steps }: { steps: readonly unknown[] }) => steps.length >= 4,
          abortSignal: signal,
          maxRetries,
        }
        return stream ? ai.streamText({ ...options, onError: () => undefined }).fullStream : ai.generateText(options)
      },
    },
    langchain: {
      ...gpt,
      runsTools: true,
      ask: async ({ base, stream, signal, maxRetries, work }) => {
        const llm = new lc.openai.ChatOpenAI({
          model: gpt.model,
          apiKey: 'key',
          maxRetries,
          configuration: { baseURL: `${base}/v1` },
        })
        const look = lc.tools.tool(work, { name: 'look', description: 'Looks', schema })
        const agent = lc.prebuilt.createReactAgent({ llm, tools: [look] })
        const input = { messages: [{ role: 'user', content: 'question' }] }
        return stream ? agent.stream(input, { signal, streamMode: 'messages' }) : agent.invoke(input, { signal })
      },
    },
    'openai agents': {
      ...gpt,
      runsTools: true,
      ask: async (call) => {
        const { stream, signal, work } = call
        const model = new agents.OpenAIChatCompletionsModel(openAiClient(call), gpt.model)
        const look = agents.tool({
          name: 'look',
          description: 'Looks',
          parameters: { ...schema, required: [] },
          strict: false,
          execute: work,
        })
        const helper = new agents.Agent({ name: 'helper', model, tools: [look] })
        const runner = new agents.Runner({ tracingDisabled: true })
        if (!stream) return runner.run(helper, 'question', { signal })
        const run = await runner.run(helper, 'question', { signal, stream: true })
        for await (const _ of run) continue
        return run.completed
      },
    },
  }
}
