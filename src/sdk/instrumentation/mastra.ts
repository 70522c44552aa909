import { observeAgents, observeLoops } from './mastra/agents.ts'
import { observeModels, observeResolvedModels } from './mastra/models.ts'
import { observeRuns } from './mastra/runs.ts'
import { observeBuiltTools, observeTools } from './mastra/tools.ts'
import type { Instrumentation } from './instrumentation.ts'

/**
 * `@mastra/core`: agents, networks of agents, workflows, tools; model calls give way to a client library's span.
 *
 * It calls models of the AI SDK's specifications with a loop of its own and never the package `ai`, so the models are observed where its
 * loop asks for them. Its loops are workflows too: those that it marks as internal get no span. Its own tracing needs an exporter of its
 * own and is left alone. Its files are chunks with a hash in their name; a chunk that holds none of the names is passed by.
 */
export const mastra: Instrumentation = {
  library: '@mastra/core',
  majors: [1],
  modules: [
    {
      file: /^dist\/agent-[\w-]{8}\.(js|cjs)$/,
      names: ['Agent', 'Run', 'EventedRun', 'AISDKV5InputStream', 'execute', 'workflowLoopStream'],
      patch(bindings, sdk) {
        observeRuns(bindings, sdk)
        observeLoops(bindings)
        observeModels(bindings, sdk)
        observeAgents(bindings, sdk)
      },
    },
    { file: /^dist\/llm-[\w-]{8}\.(js|cjs)$/, names: ['resolveModelConfig'], patch: observeResolvedModels },
    { file: /^dist\/utils-[\w-]{8}\.(js|cjs)$/, names: ['CoreToolBuilder'], patch: observeBuiltTools },
    { file: /^dist\/tool-[\w-]{8}\.(js|cjs)$/, names: ['createTool'], patch: observeTools },
  ],
}
