import {
  ATTR_GEN_AI_AGENT_DESCRIPTION,
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
} from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { observe } from '../../observe.ts'
import { startAgentRun } from '../agent-run.ts'
import { providerError } from '../ai/model-method.ts'
import { promptMessages } from '../ai/prompt-content.ts'
import { fieldsOf, isFields, nameOf, textOf } from '../fields.ts'
import { gate, prototypeOf } from '../langchain/gate.ts'
import { present } from '../present.ts'
import { replaceFunction } from '../replace-function.ts'
import { AgentScope, agentScope, withAgentScope } from './scope.ts'
import type { AgentRun } from '../agent-run.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'

/** Agents: those that return their answer, and those that return a stream of it while their loop runs. */
export function observeAgents(bindings: Record<string, unknown>, sdk: SdkContext): void {
  const prototype = prototypeOf(bindings, 'Agent')
  for (const [method, answers] of METHODS) {
    if (!Object.hasOwn(prototype, method)) continue
    gate(prototype, method, (self, args, proceed) => runAgent(self, args, answers, proceed, sdk))
  }
}

type Answers = 'whole' | 'stream' | 'network'

const METHODS: readonly (readonly [method: string, answers: Answers])[] = [
  ['generate', 'whole'],
  ['resumeGenerate', 'whole'],
  ['stream', 'stream'],
  ['resumeStream', 'stream'],
  ['network', 'network'],
  ['resumeNetwork', 'network'],
]

/** From here on the stream of a run is made by a loop, which outlives the call. */
export function observeLoops(bindings: Record<string, unknown>): void {
  replaceFunction(bindings, 'workflowLoopStream', (original) => (args) => {
    const scope = agentScope()
    if (scope !== undefined) scope.looping = true
    return original(...args)
  })
}

function runAgent(
  agent: unknown,
  args: readonly unknown[],
  answers: Answers,
  proceed: () => unknown,
  sdk: SdkContext,
): unknown {
  const surrounding = agentScope()
  if (surrounding?.agent === agent && surrounding?.looping === false) return proceed()
  const run = begin(fieldsOf(agent), args, sdk)
  if (run === undefined) return proceed()
  const scope = new AgentScope(agent, answers === 'whole' ? undefined : run)
  if (answers === 'network') scope.looping = true
  return observe(proceed, withAgentScope(run.context, scope), {
    returned: (value) => {
      // A stream is there; the run is over when its loop is, which may be already.
      if (answers !== 'whole' && scope.looping) return
      const { finishReason, text: output } = answers === 'whole' ? readable(value, sdk) : {}
      finish(run, finishReason, output)
    },
    failed: (error) => run.fail(errorOf(error)),
  })
}

/** What ended the loop of an agent that streams. */
export function endLoop(run: AgentRun, outcome: Fields, modelError: unknown): void {
  const { status, error, result } = outcome
  if (status === 'failed') return run.fail(errorOf(error))
  if (status !== 'success') return run.stop()
  const { stepResult, output, result: told } = fieldsOf(result)
  const { reason } = fieldsOf(stepResult)
  if (reason === 'error') return run.fail(errorOf(modelError))
  finish(run, reason, fieldsOf(output)['text'] ?? told)
}

/** Mastra wraps what a tool, a model or a processor threw, has codes for its own errors, and makes what a step threw a plain object. */
export function errorOf(error: unknown): unknown {
  const { cause, id, domain } = fieldsOf(error)
  const isMastra = nameOf(id) !== undefined && domain !== undefined
  const thrown = isMastra && isFields(cause) ? cause : error
  const { name, message } = fieldsOf(thrown)
  if (isMastra && thrown === error) return Object.assign(new Error(textOf(message)), { code: id })
  if (!isFields(thrown) || thrown instanceof Error) return providerError(thrown)
  return Object.assign(new Error(textOf(message)), { name: nameOf(name) })
}

function finish(run: AgentRun, reason: unknown, output: unknown): void {
  const known = NO_REASONS.has(reason) ? undefined : nameOf(reason)
  run.succeed(known === undefined ? {} : { [ATTR_GEN_AI_RESPONSE_FINISH_REASONS]: [known] }, () => {
    const told = nameOf(output)
    return {
      [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([
        { role: 'assistant', parts: told === undefined ? [] : [text(told)] },
      ]),
    }
  })
}

/** What Mastra says where no model has finished. */
const NO_REASONS: ReadonlySet<unknown> = new Set(['undefined', 'unknown', 'tripwire', 'interrupted', 'suspended'])

function readable(value: unknown, sdk: SdkContext): Fields {
  try {
    const { finishReason, text: output } = fieldsOf(value)
    return { finishReason, text: output }
  } catch (error) {
    sdk.fault('mastra: result', error)
    return {}
  }
}

function begin(agent: Fields, [messages, given]: readonly unknown[], sdk: SdkContext): AgentRun | undefined {
  try {
    const options = fieldsOf(given)
    return startAgentRun(sdk, {
      name: nameOf(agent['name']) ?? nameOf(agent['id']),
      conversationId: threadOf(options),
      attributes: present({
        [ATTR_GEN_AI_REQUEST_MODEL]: nameOf(fieldsOf(options['model'] ?? agent['model'])['modelId']),
        [ATTR_GEN_AI_AGENT_DESCRIPTION]: descriptionOf(agent),
      }),
      content: () => ({ [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(inputMessages(messages)) }),
    })
  } catch (error) {
    sdk.fault('mastra: begin of an agent', error)
    return undefined
  }
}

function descriptionOf(agent: Fields): string | undefined {
  const { getDescription } = agent
  return typeof getDescription === 'function' ? nameOf(Reflect.apply(getDescription, agent, [])) : undefined
}

function threadOf({ memory, threadId }: Fields): string | undefined {
  const { thread } = fieldsOf(memory)
  return nameOf(thread) ?? nameOf(fieldsOf(thread)['id']) ?? nameOf(threadId)
}

/** A text, messages, or a mixture of both. */
const inputMessages = (messages: unknown): ReturnType<typeof promptMessages> =>
  (Array.isArray(messages) ? messages : [messages]).flatMap((message) => {
    const written = textOf(message)
    return promptMessages([written === undefined ? message : { role: 'user', content: written }])
  })
