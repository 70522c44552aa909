import { SpanKind } from '@opentelemetry/api'
import type { Attributes, Context, Span } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
} from '../conventions.ts'
import { agentAmbient, ambientOf, inheritedAttributes, spanParent, withAmbient, withSpan } from './context.ts'
import { failRun } from './fail-run.ts'
import { attempted, guarded } from './fail-span.ts'
import type { SdkContext } from './instrumentation/instrumentation.ts'
import { observe } from './observe.ts'
import type { Queues } from './queues.ts'

/** Runs `call` inside an `invoke_agent` span (INTERNAL). A root invocation counts as a running request until it ends. */
export function runAgent(
  sdk: SdkContext,
  queues: Queues,
  name: string,
  call: () => unknown,
  args: readonly unknown[],
): unknown {
  const outer = spanParent()
  const root = ambientOf(outer).agentName === undefined
  const attributes: Attributes = {
    ...inheritedAttributes(outer),
    [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
    [ATTR_GEN_AI_AGENT_NAME]: name,
  }
  const span = sdk.tracer.startSpan(`invoke_agent ${name}`, { kind: SpanKind.INTERNAL, attributes }, outer)
  if (root) queues.requestStarted()
  const end = (settle: () => void): void => {
    guarded(sdk, 'ending an agent span', settle)
    span.end()
    if (root) queues.requestEnded()
  }
  if (sdk.captureContent && typeof args[0] === 'string')
    span.setAttribute(ATTR_GEN_AI_INPUT_MESSAGES, message('user', args[0]))
  return observe(
    call,
    withSpan(
      withAmbient(outer, { ...agentAmbient(outer, span, name), toolCall: undefined, modelCall: undefined }),
      span,
    ),
    {
      returned: (value) =>
        end(() => {
          if (sdk.captureContent && typeof value === 'string')
            span.setAttribute(ATTR_GEN_AI_OUTPUT_MESSAGES, message('assistant', value))
        }),
      failed: (error) => end(() => failRun(span, error, sdk.captureContent)),
    },
  )
}

/** An agent loop that a library runs. */
export interface AgentCall {
  /** As the library or the application calls it; a loop that nobody named has none. */
  readonly name?: string | undefined
  readonly conversationId?: string | undefined
  /** Further attributes, without content. */
  readonly attributes: Attributes
}

/** `runAgent` for the loops that libraries run. A loop without a name takes none from the agent around it; what it calls does. */
export function runAgentCall(sdk: SdkContext, agent: AgentCall, call: () => unknown): unknown {
  const { name, conversationId } = agent
  const surrounding = spanParent()
  const outer = conversationId === undefined ? surrounding : withAmbient(surrounding, { conversationId })
  const span = attempted(sdk, 'starting an agent span', () => startAgentSpan(sdk, agent, outer))
  if (span === undefined) return call()
  const inner = { toolCall: undefined, modelCall: undefined }
  const within = withSpan(withAmbient(outer, { ...agentAmbient(outer, span, name), ...inner }), span)
  return observe(call, within, {
    returned: () => span.end(),
    failed: (error) => {
      guarded(sdk, 'ending an agent span', () => failRun(span, error, sdk.captureContent))
      span.end()
    },
  })
}

function startAgentSpan(sdk: SdkContext, { name, attributes: more }: AgentCall, outer: Context): Span {
  const attributes: Attributes = {
    ...inheritedAttributes(outer),
    [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
    ...more,
  }
  if (name === undefined) delete attributes[ATTR_GEN_AI_AGENT_NAME]
  else attributes[ATTR_GEN_AI_AGENT_NAME] = name
  const operation = GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT
  const spanName = name === undefined ? operation : `${operation} ${name}`
  return sdk.tracer.startSpan(spanName, { kind: SpanKind.INTERNAL, attributes }, outer)
}

/** One text message as a JSON string, the form that most backends expect on spans. */
const message = (role: 'user' | 'assistant', content: string): string =>
  JSON.stringify([{ role, parts: [{ type: 'text', content }] }])
