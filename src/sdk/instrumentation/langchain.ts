import { observeAgentExecutors } from './langchain/agent-executor.ts'
import { keepContext } from './langchain/async-caller.ts'
import { observeEmbeddings } from './langchain/embeddings.ts'
import { prototypeOf } from './langchain/gate.ts'
import { observeGraphs } from './langchain/graphs.ts'
import { chatInput, textInput } from './langchain/model-request.ts'
import { observeModels } from './langchain/models.ts'
import { observeRetrievers } from './langchain/retrievers.ts'
import { observeTools } from './langchain/tools.ts'
import type { Instrumentation, ModulePatch, SdkContext } from './instrumentation.ts'

/**
 * Models, tools, retrievers and embeddings of LangChain, of all packages that build on its base classes. The base classes' methods are gated,
 * since callbacks carry no context: what a tool or a model does has to land below its span. Nothing of LangSmith is touched. A model whose
 * client is observed itself (ChatOpenAI, ChatAnthropic, …) leaves the span to the client.
 */
export const langchainCore: Instrumentation = {
  library: '@langchain/core',
  majors: [0, 1],
  modules: [
    base('language_models/chat_models', 'BaseChatModel', (prototype, sdk) => observeModels(prototype, chatInput, sdk)),
    base('language_models/llms', 'BaseLLM', (prototype, sdk) => observeModels(prototype, textInput, sdk)),
    base('tools/index', 'StructuredTool', observeTools),
    base('retrievers/index', 'BaseRetriever', observeRetrievers),
    { file: /^dist\/embeddings\.(js|cjs)$/, names: ['Embeddings', 'exports'], patch: observeEmbeddings },
    base('utils/async_caller', 'AsyncCaller', keepContext),
  ],
}

/** Graphs and the agents made of them: `createAgent` of langchain 1, `createReactAgent`, graphs of one's own. */
export const langgraph: Instrumentation = {
  library: '@langchain/langgraph',
  majors: [0, 1],
  modules: [base('pregel/index', 'Pregel', observeGraphs)],
}

/** AgentExecutor, the agent loop of langchain before 1.0. */
export const langchain: Instrumentation = {
  library: 'langchain',
  majors: [0, 1],
  modules: [base('agents/executor', 'AgentExecutor', observeAgentExecutors)],
}

function base(file: string, name: string, observe: (prototype: object, sdk: SdkContext) => void): ModulePatch {
  return {
    file: new RegExp(`^dist/${file}\\.(js|cjs)$`),
    names: [name],
    patch: (bindings, sdk) => observe(prototypeOf(bindings, name), sdk),
  }
}
