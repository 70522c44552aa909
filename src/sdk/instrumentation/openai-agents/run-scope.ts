import { context, createContextKey } from '@opentelemetry/api'
import type { Attributes, Context } from '@opentelemetry/api'
import { ATTR_GEN_AI_INPUT_MESSAGES, ATTR_GEN_AI_OUTPUT_MESSAGES } from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { observe } from '../../observe.ts'
import { startAgentRun } from '../agent-run.ts'
import { fieldsOf, nameOf, textOf } from '../fields.ts'
import { itemMessages } from './agent-items.ts'
import type { AgentRun } from '../agent-run.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'

/**
 * One `Runner.run`. The agent that the caller asked is the root of its spans and lasts as long as the run. An agent that takes over by a
 * handoff is a child of it: the caller sees one invocation, and what the later agent does is its own.
 */
class RunScope {
  readonly root: AgentRun
  /** The agent object that works now, and its run. */
  agent: unknown
  current: AgentRun

  constructor(root: AgentRun, agent: unknown) {
    this.root = root
    this.agent = agent
    this.current = root
  }

  handOver(agent: unknown, run: AgentRun): void {
    this.leave()
    this.agent = agent
    this.current = run
  }

  /** Ends the run of an agent that took over. */
  leave(error?: { readonly error: unknown }): void {
    if (this.current === this.root) return
    if (error === undefined) this.current.succeed()
    else this.current.fail(error.error)
  }
}

const key = createContextKey('spanwarden.openai-agents.run')

const scopeIn = (from: Context): RunScope | undefined => {
  const value = from.getValue(key)
  return value instanceof RunScope ? value : undefined
}

/** The context of the agent that works now; the active one outside of a run. */
export const agentContext = (): Context => scopeIn(context.active())?.current.context ?? context.active()

/** The agent that works now. */
export const currentAgent = (): Fields => fieldsOf(scopeIn(context.active())?.agent)

/** `Runner.run`: over when its promise settles, or, for a streamed run, when its loop ends, which goes on without a reader. */
export function runRunner(runner: Fields, args: readonly unknown[], call: () => unknown, sdk: SdkContext): unknown {
  const scope = begin(runner, args, sdk)
  if (scope === undefined) return call()
  const end = (settle: () => void): void => {
    try {
      settle()
    } catch (error) {
      sdk.fault('openai agents: end of a run', error)
      scope.root.stop()
    }
  }
  const failed = (error: unknown): void => {
    scope.leave({ error })
    scope.root.fail(error)
  }
  return observe(call, scope.root.context.setValue(key, scope), {
    returned: (result) => end(() => (isStreamed(result) ? follow(result, scope, end, failed) : succeed(scope, result))),
    failed: (error) => end(() => failed(error)),
  })
}

/** The step of a turn that names its agent: another one than before has taken over. */
export function enterAgent(agent: unknown, sdk: SdkContext): void {
  const scope = scopeIn(context.active())
  if (scope === undefined || scope.agent === agent) return
  const run = context.with(scope.root.context, () =>
    startAgentRun(sdk, { name: nameOf(fieldsOf(agent)['name']), attributes: {} }),
  )
  scope.handOver(agent, run)
}

function begin(runner: Fields, args: readonly unknown[], sdk: SdkContext): RunScope | undefined {
  try {
    const [given, input, options] = args
    // A run that was interrupted goes on with the agent that it had come to.
    const agent = fieldsOf(input)['_currentAgent'] ?? given
    const run = startAgentRun(sdk, {
      name: nameOf(fieldsOf(agent)['name']),
      conversationId: conversationOf(fieldsOf(options), fieldsOf(runner['config'])),
      attributes: {},
      content: () => inputContent(input),
    })
    return new RunScope(run, agent)
  } catch (error) {
    sdk.fault('openai agents: begin of a run', error)
    return undefined
  }
}

/** A session is not asked for its id: one that lives at the provider would be created by that. */
const conversationOf = (options: Fields, config: Fields): string | undefined =>
  nameOf(options['conversationId']) ?? nameOf(fieldsOf(options['session'])['sessionId']) ?? nameOf(config['groupId'])

interface StreamedRun {
  readonly completed: Promise<unknown>
}

const isStreamed = (result: unknown): result is StreamedRun => fieldsOf(result)['completed'] instanceof Promise

/** The library awaits this promise in the same way, so that the handlers hide no rejection. */
function follow(
  result: StreamedRun,
  scope: RunScope,
  end: (settle: () => void) => void,
  failed: (error: unknown) => void,
): void {
  result.completed.then(
    () =>
      end(() => {
        const { error, cancelled } = fieldsOf(result)
        if (error !== undefined && error !== null) failed(error)
        else if (cancelled === true) {
          scope.leave()
          scope.root.stop()
        } else succeed(scope, result)
      }),
    (error: unknown) => end(() => failed(error)),
  )
}

function succeed(scope: RunScope, result: unknown): void {
  scope.leave()
  scope.root.succeed({}, () => outputContent(fieldsOf(result)['finalOutput']))
}

function inputContent(input: unknown): Attributes {
  // A resumed run has its input in its state.
  if (typeof input !== 'string' && !Array.isArray(input)) return {}
  return { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(itemMessages(input)) }
}

function outputContent(output: unknown): Attributes {
  if (output === undefined) return {}
  const written = textOf(output) ?? JSON.stringify(output)
  return { [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([{ role: 'assistant', parts: [text(written)] }]) }
}
