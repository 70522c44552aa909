import { SpanKind, SpanStatusCode, context, trace } from '@opentelemetry/api'
import type { Attributes, Context, Span } from '@opentelemetry/api'
import {
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_REQUEST_STREAM,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_OPENAI_RESPONSE_SERVICE_TIER,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_SPANWARDEN_CALL_ATTEMPTS,
} from '../conventions.ts'
import { isBelievable } from './believable-usage.ts'
import { boundWords, boundedWord } from './bounded-words.ts'
import { ambientOf, inheritedAttributes, spanParent, withAmbient, withSpan } from './context.ts'
import { errorTypeOf, statusOf } from './call-error.ts'
import { callKind } from './call-kind.ts'
import { CallAttempts } from './guard/call-attempts.ts'
import { decisionAttributes } from './guard/decision-attributes.ts'
import { isDenial } from './guard/denial-error.ts'
import { ruleOf } from './guard/model-gate.ts'
import { textOf } from './instrumentation/fields.ts'
import { costAttributes, nanoCostOf, usageAttributes, usageEstimate } from './model-usage.ts'
import type { TokenUsage } from './model-usage.ts'
import type { GuardDecision, GuardedAttempt, InnerCall, ModelCallScope } from './context.ts'
import type { SdkContext } from './instrumentation/instrumentation.ts'

/** What is known of a model call before it is made. Absent values are `undefined`. */
export interface ModelRequest {
  /** `gen_ai.operation.name`: chat, text_completion, embeddings, generate_content. */
  readonly operation: string
  readonly provider: string
  readonly model: string | undefined
  readonly serverAddress: string | undefined
  readonly serverPort: number | undefined
  readonly stream: boolean
  /** The library's or the application's own id; wins over the one in the context. */
  readonly conversationId: string | undefined
  /** Further attributes of the request, without content. */
  readonly attributes: Attributes
  /** Attributes with content; called only when content is captured. */
  readonly content: () => Attributes
  /** Characters of what is sent to the model: for the estimate when the provider counts no tokens. Called at most once. */
  readonly inputCharacters?: () => number
  /** The operation uses no tokens that are paid (a moderation, a fetched response). */
  readonly unmetered?: boolean
  /** When the call began, by `sdk.now()`, where that is not now. */
  readonly startedMs?: number
  /** When the call began, where it is told of afterwards. */
  readonly startTime?: Date
  /** A framework reports the call; the span gives way to that of a client library's call inside it. */
  readonly framework?: boolean
}

/** What a provider answered, or the part of it that arrived. */
export interface ModelResponse {
  readonly id: string | undefined
  readonly model: string | undefined
  /** One per choice in the provider's order; `undefined` where no reason arrived. Empty when the operation has no choices. */
  readonly finishReasons: readonly (string | undefined)[]
  readonly usage: TokenUsage | undefined
  /** Characters of the answer that arrived, reasoning and tool arguments included: for the estimate when the provider counts no tokens. */
  readonly outputCharacters?: number | undefined
  /** Set when an answer that arrived whole says that the call failed. */
  readonly errorType: string | undefined
  readonly attributes: Attributes
  /** Attributes with content; called only when content is captured. */
  readonly content: () => Attributes
}

/**
 * Starts the span of one model call as the caller sees it, retries included, as a child of the active span.
 * Exactly one span ends for it: by `succeed`, `fail` or `stop`, whichever comes first, or when everything that could
 * call these is garbage collected (an answer that nobody read), with the time of the last thing that happened.
 */
export function startModelCall(sdk: SdkContext, request: ModelRequest): ModelCall {
  const active = context.active()
  const parent = spanParent(active)
  const attributes: Attributes = {
    [ATTR_GEN_AI_OPERATION_NAME]: request.operation,
    [ATTR_GEN_AI_PROVIDER_NAME]: request.provider,
    ...inheritedAttributes(parent),
    ...request.attributes,
  }
  if (request.model !== undefined) attributes[ATTR_GEN_AI_REQUEST_MODEL] = request.model
  if (request.serverAddress !== undefined) attributes[ATTR_SERVER_ADDRESS] = request.serverAddress
  if (request.serverPort !== undefined) attributes[ATTR_SERVER_PORT] = request.serverPort
  if (request.stream) attributes[ATTR_GEN_AI_REQUEST_STREAM] = true
  if (request.conversationId !== undefined) attributes[ATTR_GEN_AI_CONVERSATION_ID] = request.conversationId
  boundWords(attributes)
  const name = request.model === undefined ? request.operation : `${request.operation} ${boundedWord(request.model)}`
  const { startedMs } = request
  const startTime = startedMs === undefined ? undefined : new Date(Date.now() - (sdk.now() - startedMs))
  const span = sdk.tracer.startSpan(
    name,
    { kind: SpanKind.CLIENT, attributes, ...(startTime === undefined ? {} : { startTime }) },
    parent,
  )
  const open = new OpenCall(sdk, request, span, attributes, parent)
  const { modelCall, admitted } = ambientOf(active)
  modelCall?.inside(open)
  if (admitted?.attempt !== undefined) {
    open.attempted(admitted.attempt)
    admitted.attempt = undefined
  }
  return new ModelCall(open, withSpan(withAmbient(parent, { modelCall: open }), span))
}

/** One model call under way. No method throws, none but the first that settles has an effect. */
export class ModelCall {
  readonly #open: OpenCall
  readonly #context: Context

  constructor(open: OpenCall, callContext: Context) {
    this.#open = open
    this.#context = callContext
    unread.register(this, open, this)
  }

  /** Runs `work`, the library's own code, with the call's span active. What it throws passes through. */
  run<T>(work: () => T): T {
    return context.with(this.#context, work)
  }

  get settled(): boolean {
    return this.#open.settled
  }

  /** Something of the answer arrived; the first chunk of a stream is timed. */
  progress(chunk: boolean): void {
    this.#open.progress(chunk)
  }

  succeed(response: ModelResponse): void {
    this.#settle('succeed', () => this.#open.end(response, undefined, true))
  }

  /** The caller gets `error`. `partial` is what had arrived before. */
  fail(error: unknown, partial?: ModelResponse): void {
    this.#settle('fail', () => this.#open.end(partial, error))
  }

  /** The caller broke off or does not read the answer: no error, and usage as far as it is known. */
  stop(partial?: ModelResponse): void {
    this.#settle('stop', () => this.#open.end(partial))
  }

  /** What the caller gets for `error`: the guard's own word, where the library has put another one in its place. */
  callersError(error: unknown): unknown {
    return this.#open.refused ?? error
  }

  get refused(): Error | undefined {
    return this.#open.refused
  }

  /** `listener` is called when the guard denies or cuts the call, with its error: a library may go on trying, its caller need not wait for that. */
  onRefused(listener: (error: Error) => void): void {
    this.#open.onRefused = listener
  }

  #settle(how: string, end: () => void): void {
    if (this.#open.settled) return
    unread.unregister(this)
    this.#open.guard(`model call: ${how}`, end)
  }
}

/** Calls whose answer nobody can read any more. Holds the open part only, never the ModelCall whose collection it awaits. */
const unread = new FinalizationRegistry<OpenCall>((open) => open.guard('model call: collect', () => open.collected()))

class OpenCall implements InnerCall, ModelCallScope {
  readonly operation: string
  readonly model: string | undefined
  readonly provider: string
  readonly framework: boolean
  readonly outer: Span | undefined
  answer: InnerCall['answer']
  onRefused: ((error: Error) => void) | undefined
  #attempts: CallAttempts | undefined
  readonly #sdk: SdkContext
  /** Until the end: a connection that was opened by the call keeps its context, and this with it, alive. */
  #request: ModelRequest | undefined
  /** Calls of client libraries inside this one of a framework. */
  #inner: InnerCall[] | undefined
  readonly #span: Span
  readonly #startMs: number
  /** What the event will tell; kept only when there is one. */
  #told: Attributes | undefined
  #lastMs: number
  #firstChunkMs: number | undefined
  #tries = 0
  settled = false

  constructor(sdk: SdkContext, request: ModelRequest, span: Span, attributes: Attributes, parent: Context) {
    this.operation = request.operation
    this.model = request.model
    this.provider = request.provider
    this.framework = request.framework === true
    this.outer = this.framework ? trace.getSpan(parent) : undefined
    this.#sdk = sdk
    this.#request = request
    this.#span = span
    this.#startMs = request.startedMs ?? sdk.now()
    this.#lastMs = sdk.now()
    if (sdk.recordInference !== undefined) this.#told = { ...attributes }
    this.#setContent(request)
  }

  progress(chunk: boolean): void {
    this.#lastMs = this.#sdk.now()
    if (chunk) this.#firstChunkMs ??= this.#lastMs
  }

  /** Whatever goes wrong in here is ours: the span ends all the same and the caller does not notice. */
  guard(where: string, step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#sdk.fault(where, error)
      this.#close()
    }
  }

  end(response: ModelResponse | undefined, error?: unknown, isWhole = false): void {
    if (this.settled) return
    if (this.#attempts !== undefined) {
      this.#attempts.end(isWhole && this.#isBelievable(response) ? nanoCostOf(this.#cost(response)) : undefined)
    }
    this.answer = { id: response?.id, outputTokens: response?.usage?.outputTokens }
    if (this.#isToldInside()) return this.#letGo()
    if (this.#span.isRecording()) {
      if (response !== undefined) this.#set(this.#answer(response))
      if (response !== undefined) this.#setContent(response)
      if (error === undefined || this.#firstChunkMs !== undefined) this.#setEstimate(response)
      this.#setTimes()
      if (error !== undefined) this.#setError(error)
      else if (response?.errorType !== undefined) this.#setErrorType(response.errorType)
    }
    this.#close()
  }

  collected(): void {
    if (this.settled) return
    this.#attempts?.end(undefined)
    if (this.#inner !== undefined) return this.#letGo()
    this.#setTimes()
    this.#setEstimate(undefined)
    this.#close(new Date(Date.now() - (this.#sdk.now() - this.#lastMs)))
  }

  attempted(attempt: GuardedAttempt): void {
    this.#attempts ??= new CallAttempts()
    this.#attempts.add(attempt)
    attempt.onceAborted((error) => this.onRefused?.(error))
    this.decided(attempt.decision)
  }

  decided(decided: GuardDecision, denial?: Error): void {
    if (denial !== undefined) (this.#attempts ??= new CallAttempts()).denied(denial)
    this.#span.setAttributes(decisionAttributes(decided))
    if (denial !== undefined) this.onRefused?.(denial)
  }

  tried(): void {
    this.#tries += 1
    if (this.#tries > 1) this.#span.setAttribute(ATTR_SPANWARDEN_CALL_ATTEMPTS, this.#tries)
  }

  get refused(): Error | undefined {
    return this.#attempts?.refused
  }

  get over(): boolean {
    return this.settled
  }

  /** A client library's own call stays. A call of another kind (embeddings for a prompt, a moderation) is a call of its own. */
  inside(call: InnerCall): void {
    if (!this.framework || this.settled || callKind(call.operation) !== callKind(this.operation)) return
    this.#sdk.forget(this.#span)
    this.#inner ??= []
    if (this.#inner.length < INNER_CALLS_MAX) this.#inner.push(call)
  }

  /**
   * Whether spans inside are those of this call. They are not when this one's answer is known to be another than theirs: a middleware has asked
   * a model something before the framework asked its own, by means that are not observed.
   */
  #isToldInside(): boolean {
    const { id, outputTokens } = this.answer ?? {}
    if (this.#inner === undefined || id === undefined || outputTokens === undefined) return this.#inner !== undefined
    return this.#inner.some(
      ({ answer }) =>
        answer === undefined || answer.id === undefined || answer.id === id || answer.outputTokens === outputTokens,
    )
  }

  #letGo(): void {
    this.settled = true
    this.#request = undefined
    this.#told = undefined
    this.#inner = undefined
  }

  #close(at?: Date): void {
    if (this.settled) return
    const told = this.#told
    this.#letGo()
    this.#span.end(at)
    if (told !== undefined) this.#sdk.recordInference?.({ span: this.#span.spanContext(), attributes: told })
  }

  #answer(response: ModelResponse): Attributes {
    const attributes: Attributes = { ...response.attributes }
    if (response.id !== undefined) attributes[ATTR_GEN_AI_RESPONSE_ID] = response.id
    if (response.model !== undefined) attributes[ATTR_GEN_AI_RESPONSE_MODEL] = response.model
    if (response.finishReasons.length > 0) {
      // The convention's word for a choice whose reason never arrived.
      attributes[ATTR_GEN_AI_RESPONSE_FINISH_REASONS] = response.finishReasons.map((reason) => reason ?? 'error')
    }
    if (response.usage !== undefined) {
      Object.assign(attributes, usageAttributes(response.usage), this.#cost(response))
    }
    boundWords(attributes)
    return attributes
  }

  #set(attributes: Attributes): void {
    this.#span.setAttributes(attributes)
    if (this.#told !== undefined) Object.assign(this.#told, attributes)
  }

  /** Content that cannot be recorded (a circular object, say) costs the span its content, not its existence. */
  #setContent(source: { readonly content: () => Attributes }): void {
    const { captureContent } = this.#sdk
    if (!captureContent && this.#told === undefined) return
    try {
      const content = source.content()
      if (captureContent) this.#span.setAttributes(content)
      if (this.#told !== undefined) Object.assign(this.#told, content)
    } catch (error) {
      this.#sdk.fault('model call: content', error)
    }
  }

  #cost(response: ModelResponse | undefined): Attributes {
    const usage = response?.usage
    if (response === undefined || usage === undefined) return {}
    const { provider = '', model } = this.#request ?? {}
    const serviceTier = textOf(response.attributes[ATTR_OPENAI_RESPONSE_SERVICE_TIER])
    return costAttributes({ provider, models: [response.model, model], usage, serviceTier, timestampMs: Date.now() })
  }

  #isBelievable({ usage, outputCharacters }: Partial<ModelResponse> = {}): boolean {
    const { operation } = this
    const { inputCharacters, unmetered } = this.#request ?? {}
    if (usage === undefined || unmetered === true) return true
    return isBelievable(usage, { operation, inputCharacters, outputCharacters })
  }

  /** An answer without (all) its token counts is never silently free: it is marked, with an estimate beside the counts. */
  #setEstimate(response: ModelResponse | undefined): void {
    const { unmetered, inputCharacters } = this.#request ?? {}
    if (unmetered === true || response?.errorType !== undefined) return
    const estimate = usageEstimate(response?.usage, inputCharacters, response?.outputCharacters)
    if (estimate !== undefined) this.#set(estimate)
  }

  #setTimes(): void {
    if (this.#firstChunkMs === undefined) return
    this.#set({ [ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK]: (this.#firstChunkMs - this.#startMs) / 1000 })
  }

  #setError(error: unknown): void {
    const denial = this.refused ?? error
    if (isDenial(denial)) this.decided({ decision: 'deny', rule: ruleOf(denial) })
    const status = statusOf(error)
    if (status !== undefined) this.#set({ [ATTR_HTTP_RESPONSE_STATUS_CODE]: status })
    this.#setErrorType(errorTypeOf(error), error)
  }

  #setErrorType(errorType: string, error?: unknown): void {
    this.#set({ [ATTR_ERROR_TYPE]: errorType })
    // A provider's message can quote the prompt or a key, so it counts as content.
    const message = this.#sdk.captureContent && error instanceof Error ? error.message : undefined
    this.#span.setStatus({ code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) })
  }
}

/** Calls inside one call of a framework that are compared with it: its own repetitions mostly. */
const INNER_CALLS_MAX = 16
