import { SpanKind, trace } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_AGENT_DESCRIPTION,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_WORKFLOW_NAME,
  GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
  GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW,
} from '../../../conventions.ts'
import { agentAmbient, ambientOf, inheritedAttributes, spanParent, withAmbient, withSpan } from '../../context.ts'
import { contentJson } from '../../content.ts'
import { failSpan, guarded } from '../../fail-span.ts'
import { observe } from '../../observe.ts'
import { present } from '../present.ts'
import { isSteering } from './steering.ts'
import { langchainMessages } from './messages.ts'
import type { Attributes, Span } from '@opentelemetry/api'
import type { SdkContext } from '../instrumentation.ts'

/** One run of an agent or of a graph of steps. */
export interface Invocation {
  readonly kind: 'agent' | 'workflow'
  readonly name: string | undefined
  readonly description: string | undefined
  /** LangGraph's `thread_id`. */
  readonly conversationId: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Called only when content is captured. */
  readonly input: () => readonly unknown[]
  /** The messages to record of what the run gave, the last item of a stream. Called only when content is captured. */
  readonly output: (result: unknown) => readonly unknown[]
}

/** Runs `proceed`, which returns a promise or an async generator, inside the span of the run. */
export function observeInvocation(sdk: SdkContext, describe: () => Invocation, proceed: () => unknown): unknown {
  const begun = begin(sdk, describe)
  if (begun === undefined) return proceed()
  const { run, within, invocation } = begun
  let last: unknown
  const result = observe(proceed, within, {
    signal: invocation.signal,
    item: (item) => {
      run.progress()
      if (sdk.captureContent) last = item
    },
    returned: (value) => run.finish(value ?? last),
    stopped: () => run.finish(last),
    failed: (error) => run.fail(error),
  })
  // A stream that nobody reads to its end or closes: the span ends when it is collected, with the time of its last item.
  if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result) unread.register(result, run)
  return result
}

/** The run whose span is the active one. */
export function activeRun(): OpenRun | undefined {
  const span = trace.getActiveSpan()
  return span === undefined ? undefined : runs.get(span)
}

const runs = new WeakMap<Span, OpenRun>()

const unread = new FinalizationRegistry<OpenRun>((run) => run.collected())

/** A run under way. The first that ends it has an effect. No method throws. */
export class OpenRun {
  readonly #sdk: SdkContext
  readonly #span: Span
  readonly #invocation: Invocation
  #lastMs: number
  #over = false

  constructor(sdk: SdkContext, span: Span, invocation: Invocation) {
    this.#sdk = sdk
    this.#span = span
    this.#invocation = invocation
    this.#lastMs = sdk.now()
    runs.set(span, this)
  }

  progress(): void {
    this.#lastMs = this.#sdk.now()
  }

  finish(result: unknown): void {
    this.#end(() => {
      if (this.#sdk.captureContent) record(this.#span, ATTR_GEN_AI_OUTPUT_MESSAGES, this.#invocation.output(result))
    })
  }

  fail(error: unknown): void {
    this.#end(() => {
      if (!isSteering(error)) failSpan(this.#span, error, this.#sdk.captureContent)
    })
  }

  collected(): void {
    if (this.#over) return
    this.#over = true
    this.#span.end(new Date(Date.now() - (this.#sdk.now() - this.#lastMs)))
  }

  #end(settle: () => void): void {
    if (this.#over) return
    this.#over = true
    guarded(this.#sdk, 'langchain: ending an invocation', settle)
    this.#span.end()
  }
}

/** A fault of ours here means an unobserved run, never a failed one. */
function begin(sdk: SdkContext, describe: () => Invocation) {
  try {
    const invocation = describe()
    const { kind, name, conversationId } = invocation
    const outer = spanParent()
    const operation =
      kind === 'agent' ? GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT : GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW
    const attributes: Attributes = {
      ...inheritedAttributes(outer),
      ...present({ [ATTR_GEN_AI_OPERATION_NAME]: operation, [ATTR_GEN_AI_CONVERSATION_ID]: conversationId }),
      ...(kind === 'agent'
        ? present({ [ATTR_GEN_AI_AGENT_NAME]: name, [ATTR_GEN_AI_AGENT_DESCRIPTION]: invocation.description })
        : present({ [ATTR_GEN_AI_WORKFLOW_NAME]: name })),
    }
    // The name of the agent around it is not that of one without a name.
    if (kind === 'agent' && name === undefined) delete attributes[ATTR_GEN_AI_AGENT_NAME]
    const spanName = name === undefined ? operation : `${operation} ${name}`
    const span = sdk.tracer.startSpan(spanName, { kind: SpanKind.INTERNAL, attributes }, outer)
    recordInput(sdk, span, invocation)
    const { conversationId: outerConversation } = ambientOf(outer)
    const ambient = {
      ...(kind === 'agent' ? agentAmbient(outer, span, name) : {}),
      conversationId: conversationId ?? outerConversation,
      toolCall: undefined,
      modelCall: undefined,
    }
    return { invocation, run: new OpenRun(sdk, span, invocation), within: withSpan(withAmbient(outer, ambient), span) }
  } catch (error) {
    sdk.fault('langchain: begin invocation', error)
    return undefined
  }
}

function recordInput(sdk: SdkContext, span: Span, { input }: Invocation): void {
  if (!sdk.captureContent) return
  guarded(sdk, 'langchain: input of an invocation', () => record(span, ATTR_GEN_AI_INPUT_MESSAGES, input()))
}

function record(span: Span, attribute: string, messages: readonly unknown[]): void {
  if (messages.length > 0) span.setAttribute(attribute, contentJson(langchainMessages(messages)))
}
