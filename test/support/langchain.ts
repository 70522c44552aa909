import type * as ChatModels from '@langchain/core/language_models/chat_models'
import type * as Llms from '@langchain/core/language_models/llms'
import type * as Messages from '@langchain/core/messages'
import type * as Outputs from '@langchain/core/outputs'
import type * as Tools from '@langchain/core/tools'
import type * as Retrievers from '@langchain/core/retrievers'
import type * as EmbeddingsModule from '@langchain/core/embeddings'
import type * as Documents from '@langchain/core/documents'
import type * as LangGraph from '@langchain/langgraph'
import type * as Prebuilt from '@langchain/langgraph/prebuilt'
import type * as OpenAiModels from '@langchain/openai'
import type { BaseMessage } from '@langchain/core/messages'
import type { Build, HookedSdk } from './hooked.ts'

/** The parts of LangChain that tests use, of one build. What is loaded is typed like the current major. */
export interface LangChain {
  readonly chatModels: typeof ChatModels
  readonly llms: typeof Llms
  readonly messages: typeof Messages
  readonly outputs: typeof Outputs
  readonly tools: typeof Tools
  readonly retrievers: typeof Retrievers
  readonly embeddings: typeof EmbeddingsModule
  readonly documents: typeof Documents
  readonly graph: typeof LangGraph
  readonly prebuilt: typeof Prebuilt
  readonly openai: typeof OpenAiModels
}

export async function loadLangChain(test: HookedSdk, build: Build): Promise<LangChain> {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: modules loaded by name
  const load = async <Module>(name: string): Promise<Module> => (await test.load(name, build)) as unknown as Module
  return {
    chatModels: await load('@langchain/core/language_models/chat_models'),
    llms: await load('@langchain/core/language_models/llms'),
    messages: await load('@langchain/core/messages'),
    outputs: await load('@langchain/core/outputs'),
    tools: await load('@langchain/core/tools'),
    retrievers: await load('@langchain/core/retrievers'),
    embeddings: await load('@langchain/core/embeddings'),
    documents: await load('@langchain/core/documents'),
    graph: await load('@langchain/langgraph'),
    prebuilt: await load('@langchain/langgraph/prebuilt'),
    openai: await load('@langchain/openai'),
  }
}

/** What an own model answers, one script entry for each call; the last one repeats. */
export interface Scripted {
  readonly text?: string
  readonly toolCalls?: readonly { readonly name: string; readonly args: Record<string, unknown>; readonly id: string }[]
  readonly usage?: Messages.UsageMetadata
  readonly metadata?: Record<string, unknown>
  readonly error?: Error
  /** Called before each chunk of a stream. */
  readonly beforeChunk?: (index: number) => Promise<void>
}

/** A chat model that somebody wrote for a provider without a package; `streams`: it can stream, one chunk a character. */
export function scriptedModel(
  { chatModels, messages, outputs }: LangChain,
  scripts: readonly Scripted[],
  { streams = true, cache = false }: { streams?: boolean; cache?: boolean } = {},
): ChatModels.BaseChatModel {
  const left = [...scripts]
  const next = (): Scripted => (left.length > 1 ? left.shift() : left[0]) ?? {}
  class ChatHomegrown extends chatModels.BaseChatModel {
    model = 'home-1'
    temperature = 0.5
    _llmType(): string {
      return 'homegrown'
    }
    override bindTools() {
      return this
    }
    async _generate(_input: BaseMessage[]): Promise<Outputs.ChatResult> {
      await Promise.resolve()
      const { text = '', toolCalls = [], usage, metadata = {}, error } = next()
      if (error !== undefined) throw error
      const tool_calls = toolCalls.map((call) => ({ ...call, type: 'tool_call' as const }))
      const message = new messages.AIMessage({
        content: text,
        tool_calls,
      })
      Object.assign(message, { usage_metadata: usage })
      message.response_metadata = { ...metadata }
      return { generations: [{ text, message }] }
    }
  }
  class StreamingHomegrown extends ChatHomegrown {
    override async *_streamResponseChunks(): AsyncGenerator<Outputs.ChatGenerationChunk> {
      const { text = '', toolCalls = [], usage, metadata = {}, error, beforeChunk } = next()
      for (const [index, character] of [...text].entries()) {
        await beforeChunk?.(index)
        yield new outputs.ChatGenerationChunk({
          text: character,
          message: new messages.AIMessageChunk({ content: character }),
        })
      }
      if (error !== undefined) throw error
      const calls = toolCalls.map(({ name, id, args }, index) => ({ name, id, index, args: JSON.stringify(args) }))
      const tool_call_chunks = calls.map((call) => ({ ...call, type: 'tool_call_chunk' as const }))
      const last = new messages.AIMessageChunk({ content: '', tool_call_chunks })
      Object.assign(last, { usage_metadata: usage })
      last.response_metadata = { ...metadata }
      yield new outputs.ChatGenerationChunk({ text: '', message: last })
    }
  }
  return streams ? new StreamingHomegrown({ cache }) : new ChatHomegrown({ cache })
}
