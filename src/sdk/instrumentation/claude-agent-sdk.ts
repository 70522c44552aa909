import { runQuery } from './claude-agent-sdk/run-query.ts'
import { fieldsOf } from './fields.ts'
import { replaceFunction } from './replace-function.ts'
import type { Instrumentation } from './instrumentation.ts'

/**
 * `@anthropic-ai/claude-agent-sdk`: `query()` starts Claude Code in a process of its own and hands its messages over. A query is an agent;
 * the calls of its models and tools are made over there, and are told here from the messages, each with the times at which they came by.
 *
 * Where that process is told to export traces itself, those of its calls are its own business: a query is then the agent only, under
 * which they hang by the trace context that the library hands down.
 *
 * The package brings its program of 200 MB along, so it is not among the installed ones: test/interop has the tests, for whoever has it.
 */
export const claudeAgentSdk: Instrumentation = {
  library: '@anthropic-ai/claude-agent-sdk',
  majors: [0],
  modules: [
    {
      file: /^(sdk|core)\.mjs$/,
      names: ['query'],
      minified: true,
      patch: (bindings, sdk) =>
        replaceFunction(
          bindings,
          'query',
          (original) => (args) => runQuery(fieldsOf(args[0]), (asked) => original(asked, ...args.slice(1)), sdk),
        ),
    },
  ],
}
