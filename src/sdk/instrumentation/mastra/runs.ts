import { context } from '@opentelemetry/api'
import { ATTR_GEN_AI_INPUT_MESSAGES, ATTR_GEN_AI_OUTPUT_MESSAGES } from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { observe } from '../../observe.ts'
import { startWorkflowRun } from '../agent-run.ts'
import { fieldsOf, nameOf } from '../fields.ts'
import { gate, prototypeOf } from '../langchain/gate.ts'
import { endLoop, errorOf } from './agents.ts'
import { agentScope } from './scope.ts'
import type { AgentRun } from '../agent-run.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'

/**
 * Runs of workflows: what `start`, `stream`, `resume` and the others come down to. A run that is suspended has ended well; the rest of it
 * is another one.
 */
export function observeRuns(bindings: Record<string, unknown>, sdk: SdkContext): void {
  const run = prototypeOf(bindings, 'Run')
  for (const method of ['_start', '_resume', '_restart', '_timeTravel']) observeMethod(run, method, sdk)
  if (bindings['EventedRun'] === undefined) return
  const evented = prototypeOf(bindings, 'EventedRun')
  for (const method of ['start', 'resume', 'timeTravel']) observeMethod(evented, method, sdk)
}

function observeMethod(prototype: object, method: string, sdk: SdkContext): void {
  if (!Object.hasOwn(prototype, method)) return
  gate(prototype, method, (self, args, proceed) => {
    const run = fieldsOf(self)
    return isInternal(run) ? runInternal(run, proceed) : runWorkflow(run, fieldsOf(args[0]), proceed, sdk)
  })
}

/** The first bit of `internal` stands for workflows: Mastra hides these from its own traces as well. */
function isInternal(run: Fields): boolean {
  const { internal } = fieldsOf(run['tracingPolicy'])
  return typeof internal === 'number' && internal % 2 === 1
}

/** The loop of an agent that streams, or of a network: with it the agent's run is over. */
function runInternal(run: Fields, proceed: () => unknown): unknown {
  const scope = LOOPS.has(String(run['workflowId'])) ? agentScope() : undefined
  const agentRun = scope?.looping === true ? scope.run : undefined
  if (scope === undefined || agentRun === undefined) return proceed()
  scope.run = undefined
  return observe(proceed, context.active(), {
    returned: (outcome) => endLoop(agentRun, fieldsOf(outcome), scope.modelError),
    failed: (error) => agentRun.fail(errorOf(error)),
  })
}

const LOOPS: ReadonlySet<string> = new Set(['agentic-loop', 'agent-loop-main-workflow'])

function runWorkflow(run: Fields, args: Fields, proceed: () => unknown, sdk: SdkContext): unknown {
  const begun = begin(run, args, sdk)
  if (begun === undefined) return proceed()
  return observe(proceed, begun.context, {
    returned: (outcome) => {
      const { status, error, result } = fieldsOf(outcome)
      if (status === 'failed') begun.fail(errorOf(error))
      else begun.succeed({}, () => message(ATTR_GEN_AI_OUTPUT_MESSAGES, 'assistant', result))
    },
    failed: (error) => begun.fail(errorOf(error)),
  })
}

function begin(run: Fields, args: Fields, sdk: SdkContext): AgentRun | undefined {
  try {
    return startWorkflowRun(sdk, {
      name: nameOf(run['workflowId']),
      attributes: {},
      content: () => message(ATTR_GEN_AI_INPUT_MESSAGES, 'user', args['inputData'] ?? args['resumeData']),
    })
  } catch (error) {
    sdk.fault('mastra: begin of a workflow', error)
    return undefined
  }
}

/** Workflows take and give values of any shape: as one message of JSON. */
const message = (attribute: string, role: string, value: unknown): Record<string, string> =>
  value === undefined
    ? {}
    : {
        [attribute]: contentJson([
          { role, parts: [text(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))] },
        ]),
      }
