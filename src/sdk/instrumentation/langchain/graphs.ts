import { context } from '@opentelemetry/api'
import { observe } from '../../observe.ts'
import { fieldsOf, isFields, nameOf } from '../fields.ts'
import { gate } from './gate.ts'
import { activeRun, observeInvocation } from './invocation.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'
import type { Invocation } from './invocation.ts'

/**
 * Observes the runs of compiled graphs, agents among them: `invoke`, `stream`, `streamEvents` and `batch` all read the generator that
 * `_streamIterator` makes, and the graph runs inside its first `next()`. The span ends with the loop: who stops reading leaves it running.
 */
export function observeGraphs(base: object, sdk: SdkContext): void {
  gate(base, '_streamIterator', (self, [input, options], proceed) =>
    observeInvocation(sdk, () => graphRun(fieldsOf(self), input, fieldsOf(options)), proceed),
  )
  if (!Object.hasOwn(base, '_runLoop')) return
  gate(base, '_runLoop', (_self, [params], proceed) => {
    const run = activeRun()
    if (run === undefined) return proceed()
    return observe(proceed, context.active(), {
      returned: () => run.finish(fieldsOf(fieldsOf(params)['loop'])['output']),
      failed: (error) => run.fail(error),
    })
  })
}

function graphRun(graph: Fields, input: unknown, options: Fields): Invocation {
  const kind = isAgent(fieldsOf(graph['nodes'])) ? 'agent' : 'workflow'
  return {
    kind,
    name: nameOfGraph(graph, options, kind),
    description: nameOf(graph['description']),
    conversationId: threadId(options) ?? threadId(fieldsOf(graph['config'])),
    input: () => messagesOf(input),
    output: (state) => messagesOf(state).slice(-1),
  }
}

/**
 * `createAgent` makes a graph with the node `model_request`; `createReactAgent` one with the nodes `agent` and `tools`, the latter a ToolNode,
 * and so does everyone who writes that loop by hand.
 */
function isAgent(nodes: Fields): boolean {
  if (isFields(nodes['model_request'])) return true
  return isFields(nodes['agent']) && Array.isArray(fieldsOf(fieldsOf(nodes['tools'])['bound'])['tools'])
}

/** A graph that got no name has that of the node which it is in another graph; a workflow else the library's own word. */
function nameOfGraph(graph: Fields, options: Fields, kind: Invocation['kind']): string | undefined {
  const name = nameOf(graph['name'])
  if (name !== undefined && name !== DEFAULT_NAME) return name
  const node = nameOf(fieldsOf(options['metadata'])['langgraph_node'])
  return node ?? (kind === 'workflow' ? DEFAULT_NAME : undefined)
}

const DEFAULT_NAME = 'LangGraph'

function threadId(config: Fields): string | undefined {
  const id = fieldsOf(config['configurable'])['thread_id']
  return nameOf(typeof id === 'number' ? String(id) : id)
}

/** The messages of a state, of an update, or of a command that resumes. */
function messagesOf(state: unknown): readonly unknown[] {
  const { messages, update } = fieldsOf(state)
  const found = messages ?? fieldsOf(update)['messages']
  if (Array.isArray(found)) return found
  return found === undefined ? [] : [found]
}
