import type * as AgentModule from '@mastra/core/agent'
import type * as AiProviderModule from '@ai-sdk/openai'
import type * as AnthropicModule from '@anthropic-ai/sdk'
import type * as GoogleModule from '@google/genai'
import type * as HuggingFaceModule from '@huggingface/inference'
import type * as LangChainModule from 'langchain'
import type * as LoggerModule from '@mastra/core/logger'
import type * as OpenAiModule from 'openai'
import type * as OpenRouterModule from '@openrouter/sdk'
import type * as TogetherModule from 'together-ai'
import type * as ToolsModule from '@mastra/core/tools'
import * as z from 'zod'
import { loadLangChain } from './langchain.ts'
import { buildOf } from './with-previous.ts'
import type { Build, HookedSdk } from './hooked.ts'
import type { ModelCaller } from './model-callers.ts'

/** Its types want another version of the AI SDK's models than it takes. */
interface MastraAgents {
  readonly Agent: new (config: object) => AgentModule.Agent
}

const messages = [{ role: 'user' as const, content: 'question' }]
const gpt = { provider: 'openai', model: 'gpt-4o-mini', abortable: true, retries: true }
const schema = { type: 'object' as const, properties: {}, additionalProperties: true as const }

/** Further ways to call a model, by name: the rest of the client libraries, and the loops that run tools. */
export async function moreModelCallers(
  test: HookedSdk,
  major: Build['major'] = 'current',
): Promise<Readonly<Record<string, ModelCaller>>> {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: modules loaded by name
  const load = async <Module>(name: string): Promise<Module> =>
    (await test.load(name, buildOf(name, major))) as unknown as Module
  const { OpenRouter } = await load<typeof OpenRouterModule>('@openrouter/sdk')
  const { InferenceClient } = await load<typeof HuggingFaceModule>('@huggingface/inference')
  const { Together } = await load<typeof TogetherModule>('together-ai')
  const { OpenAI } = await load<typeof OpenAiModule>('openai')
  const { Anthropic } = await load<typeof AnthropicModule>('@anthropic-ai/sdk')
  const { GoogleGenAI } = await load<typeof GoogleModule>('@google/genai')
  // oxlint-disable-next-line typescript/consistent-type-assertions -- as above; for Mastra
  const { createOpenAI } = (await test.load('@ai-sdk/openai')) as unknown as typeof AiProviderModule
  const { Agent } = await load<MastraAgents>('@mastra/core/agent')
  const { createTool } = await load<typeof ToolsModule>('@mastra/core/tools')
  const { noopLogger } = await load<typeof LoggerModule>('@mastra/core/logger')
  // oxlint-disable-next-line typescript/consistent-type-assertions -- as above; before, it had other agents
  const { createAgent } = (await test.load('langchain')) as unknown as typeof LangChainModule
  const lc = await loadLangChain(test, { major: 'current', format: 'esm' })
  return {
    openrouter: {
      ...gpt,
      provider: 'openrouter',
      model: 'openai/gpt-4o-mini',
      ask: async ({ base, stream, signal, maxRetries }) => {
        const backoff = {
          initialInterval: LONG_MS,
          maxInterval: LONG_MS,
          exponent: 1,
          maxElapsedTime: LONG_MS * maxRetries,
        }
        const client = new OpenRouter({
          apiKey: 'key',
          serverURL: base,
          retryConfig: { strategy: 'backoff', backoff, retryConnectionErrors: true },
        })
        const chatRequest = { model: 'openai/gpt-4o-mini', messages }
        return stream
          ? client.chat.send({ chatRequest: { ...chatRequest, stream: true } }, { signal })
          : client.chat.send({ chatRequest }, { signal })
      },
    },
    huggingface: {
      ...gpt,
      provider: 'huggingface',
      model: 'meta-llama/Llama-3.3-70B-Instruct',
      ask: async ({ base, stream, signal }) => {
        const client = new InferenceClient(['hf', 'token'].join('_'), { endpointUrl: base })
        const request = { model: 'meta-llama/Llama-3.3-70B-Instruct', messages }
        return stream ? client.chatCompletionStream(request, { signal }) : client.chatCompletion(request, { signal })
      },
    },
    together: {
      ...gpt,
      provider: 'together',
      model: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
      ask: async ({ base, stream, signal, maxRetries }) =>
        new Together({ apiKey: 'key', baseURL: `${base}/v1`, maxRetries }).chat.completions.create(
          { model: 'meta-llama/Llama-3.3-70B-Instruct-Turbo', messages, stream },
          { signal },
        ),
    },
    'anthropic tool runner': {
      provider: 'anthropic',
      model: 'claude-haiku-4-5',
      abortable: true,
      runsTools: true,
      ask: async ({ base, stream, signal, maxRetries, work }) => {
        const run = async (): Promise<string> => {
          await work()
          return 'done'
        }
        const look = {
          type: 'custom',
          name: 'look',
          description: 'Looks',
          input_schema: schema,
          parse: Object,
          run,
        } as const
        const client = new Anthropic({ apiKey: 'key', baseURL: base, maxRetries })
        const request = { model: 'claude-haiku-4-5', max_tokens: 9, messages, tools: [look] }
        const runner = client.beta.messages.toolRunner(stream ? { ...request, stream: true } : request, { signal })
        return runner.runUntilDone()
      },
    },
    'openai runTools': {
      ...gpt,
      runsTools: true,
      ask: async ({ base, stream, signal, maxRetries, work }) => {
        const client = new OpenAI({ apiKey: 'key', baseURL: `${base}/v1`, maxRetries })
        const run = async (): Promise<string> => {
          await work()
          return 'done'
        }
        const look = {
          type: 'function',
          function: { name: 'look', description: 'Looks', parameters: schema, parse: Object, function: run },
        } as const
        const request = { model: gpt.model, messages, tools: [look] }
        const runner = stream
          ? client.chat.completions.runTools({ ...request, stream: true }, { signal })
          : client.chat.completions.runTools(request, { signal })
        return runner.finalContent()
      },
    },
    'google tools': {
      provider: 'gcp.gemini',
      model: 'gemini-2.5-flash',
      abortable: true,
      runsTools: true,
      ask: async ({ base, stream, signal, maxRetries, work }) => {
        const { models } = new GoogleGenAI({
          apiKey: 'key',
          httpOptions: { baseUrl: base, retryOptions: { attempts: 1 + maxRetries, initialDelay: LONG_MS / 1_000 } },
        })
        const look = {
          tool: async () => ({ functionDeclarations: [{ name: 'look' }] }),
          async callTool() {
            await work()
            return [{ functionResponse: { name: 'look', response: { output: 'done' } } }]
          },
        }
        const request = {
          model: 'gemini-2.5-flash',
          contents: 'question',
          config: { abortSignal: signal, tools: [look] },
        }
        return stream ? models.generateContentStream(request) : models.generateContent(request)
      },
    },
    'langchain createAgent': {
      ...gpt,
      runsTools: true,
      ask: async ({ base, stream, signal, maxRetries, work }) => {
        const configuration = { baseURL: `${base}/v1` }
        const model = new lc.openai.ChatOpenAI({ model: gpt.model, apiKey: 'key', maxRetries, configuration })
        const look = lc.tools.tool(work, { name: 'look', description: 'Looks', schema })
        const agent = createAgent({ model, tools: [look] })
        const input = { messages: [{ role: 'user', content: 'question' }] }
        return stream ? agent.stream(input, { signal, streamMode: 'messages' }) : agent.invoke(input, { signal })
      },
    },
    mastra: {
      ...gpt,
      runsTools: true,
      ask: async ({ base, stream, signal, maxRetries, work }) => {
        const look = createTool({ id: 'look', description: 'Looks', inputSchema: z.object({}), execute: work })
        const model = createOpenAI({ apiKey: 'key', baseURL: `${base}/v1` }).chat(gpt.model)
        const agent = new Agent({
          id: 'helper',
          name: 'helper',
          instructions: 'Help',
          model,
          maxRetries,
          tools: { look },
        })
        agent.__setLogger(noopLogger)
        if (!stream) return agent.generate('question', { abortSignal: signal })
        return (await agent.stream('question', { abortSignal: signal })).fullStream
      },
    },
  }
}

/** A library that slept for so long would be seen by every test. */
const LONG_MS = 60_000
