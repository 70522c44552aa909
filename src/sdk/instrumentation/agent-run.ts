import { SpanKind } from '@opentelemetry/api'
import type { Attributes, Context, Span } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_WORKFLOW_NAME,
  GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
  GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW,
} from '../../conventions.ts'
import { boundWords } from '../bounded-words.ts'
import { agentAmbient, inheritedAttributes, spanParent, withAmbient, withSpan } from '../context.ts'
import { failRun } from '../fail-run.ts'
import { guarded } from '../fail-span.ts'
import { errorTypeOf } from '../call-error.ts'
import type { SdkContext } from './instrumentation.ts'

export interface AgentRequest {
  /** As its author named it; an agent without a name has none. */
  readonly name: string | undefined
  /** The framework's own id of the conversation, where it has one. */
  readonly conversationId?: string | undefined
  readonly attributes: Attributes
  /** Attributes with content; called only when content is captured. */
  readonly content?: () => Attributes
}

/**
 * Starts the `invoke_agent` span (INTERNAL) of a framework's run, as a child of the active span. Exactly one span ends for it: by
 * `succeed`, `fail` or `stop`, whichever comes first, or when nothing can call these any more (a stream that nobody reads to its end).
 */
export function startAgentRun(sdk: SdkContext, request: AgentRequest): AgentRun {
  const outer = spanParent()
  const attributes: Attributes = {
    ...inheritedAttributes(outer),
    [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
    ...request.attributes,
  }
  const { name, conversationId, content } = request
  // The agent around this one executes it, but is not it.
  if (name === undefined) delete attributes[ATTR_GEN_AI_AGENT_NAME]
  else attributes[ATTR_GEN_AI_AGENT_NAME] = name
  if (conversationId !== undefined) attributes[ATTR_GEN_AI_CONVERSATION_ID] = conversationId
  if (content !== undefined && sdk.captureContent) {
    guarded(sdk, 'agent: content', () => Object.assign(attributes, content()))
  }
  const spanName = name === undefined ? 'invoke_agent' : `invoke_agent ${name}`
  const span = sdk.tracer.startSpan(spanName, { kind: SpanKind.INTERNAL, attributes }, outer)
  const ambient = {
    toolCall: undefined,
    modelCall: undefined,
    ...agentAmbient(outer, span, name),
    ...(conversationId === undefined ? {} : { conversationId }),
  }
  return new AgentRun(new OpenRun(sdk, span), withSpan(withAmbient(outer, ambient), span))
}

export interface WorkflowRequest {
  readonly name: string | undefined
  readonly attributes: Attributes
  /** Attributes with content; called only when content is captured. */
  readonly content?: () => Attributes
}

/** Starts the `invoke_workflow` span (INTERNAL) of a framework's run, which ends as an agent's does. */
export function startWorkflowRun(sdk: SdkContext, { name, attributes: more, content }: WorkflowRequest): AgentRun {
  const outer = spanParent()
  const operation = GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW
  const attributes: Attributes = { ...inheritedAttributes(outer), [ATTR_GEN_AI_OPERATION_NAME]: operation, ...more }
  if (name !== undefined) attributes[ATTR_GEN_AI_WORKFLOW_NAME] = name
  if (content !== undefined && sdk.captureContent) {
    guarded(sdk, 'workflow: content', () => Object.assign(attributes, content()))
  }
  const spanName = name === undefined ? operation : `${operation} ${name}`
  const span = sdk.tracer.startSpan(spanName, { kind: SpanKind.INTERNAL, attributes }, outer)
  const within = withAmbient(outer, { toolCall: undefined, modelCall: undefined })
  return new AgentRun(new OpenRun(sdk, span), withSpan(within, span))
}

/** One agent run under way. No method throws, none but the first that settles has an effect. */
export class AgentRun {
  /** What the agent does happens in here. */
  readonly context: Context
  readonly #open: OpenRun

  constructor(open: OpenRun, within: Context) {
    this.#open = open
    this.context = within
    abandoned.register(this, open, this)
  }

  /** What became known only when it was under way. */
  know(attributes: Attributes): void {
    this.#open.know(attributes)
  }

  succeed(attributes?: Attributes, content?: () => Attributes): void {
    this.#settle((sdk, span) => {
      if (attributes !== undefined) {
        boundWords(attributes)
        span.setAttributes(attributes)
      }
      if (content !== undefined && sdk.captureContent) span.setAttributes(content())
    })
  }

  fail(error: unknown): void {
    this.#settle((sdk, span) => failRun(span, error, sdk.captureContent, errorTypeOf(error)))
  }

  /** The caller broke off. */
  stop(): void {
    this.#settle(() => undefined)
  }

  #settle(how: (sdk: SdkContext, span: Span) => void): void {
    abandoned.unregister(this)
    this.#open.end(how)
  }
}

/** Holds the open part only, never the AgentRun whose collection it awaits. */
const abandoned = new FinalizationRegistry<OpenRun>((open) => open.end(() => undefined))

class OpenRun {
  readonly #sdk: SdkContext
  readonly #span: Span
  #over = false

  constructor(sdk: SdkContext, span: Span) {
    this.#sdk = sdk
    this.#span = span
  }

  know(attributes: Attributes): void {
    if (!this.#over) this.#span.setAttributes(attributes)
  }

  end(how: (sdk: SdkContext, span: Span) => void): void {
    if (this.#over) return
    this.#over = true
    guarded(this.#sdk, 'agent: end', () => how(this.#sdk, this.#span))
    this.#span.end()
  }
}
