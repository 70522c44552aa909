import { context, createContextKey } from '@opentelemetry/api'
import type { Context } from '@opentelemetry/api'
import type { AgentRun } from '../agent-run.ts'

/** The run of an agent, as what happens inside it sees it. */
export class AgentScope {
  readonly agent: unknown
  /** Set where the loop ends the run, since it goes on after the agent has handed over its stream; taken by that loop. */
  run: AgentRun | undefined
  /** The agent's loop has been made; before that, a call of the same agent is a part of this one. */
  looping = false
  /** What the last call of a model failed with; the loop keeps it to itself. */
  modelError: unknown

  constructor(agent: unknown, run: AgentRun | undefined) {
    this.agent = agent
    this.run = run
  }
}

const key = createContextKey('spanwarden.mastra.agent')

export const withAgentScope = (from: Context, scope: AgentScope): Context => from.setValue(key, scope)

export function agentScope(): AgentScope | undefined {
  const value = context.active().getValue(key)
  return value instanceof AgentScope ? value : undefined
}
