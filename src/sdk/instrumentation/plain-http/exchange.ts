import { context } from '@opentelemetry/api'
import { ATTR_HTTP_RESPONSE_STATUS_CODE } from '../../../conventions.ts'
import { startModelCall } from '../../model-call.ts'
import { eventErrorType } from '../error-event.ts'
import { fieldsOf } from '../fields.ts'
import { keepsContent } from '../observe-call.ts'
import { NO_ANSWER } from '../openai/api.ts'
import { BoundedBytes, parsedJson } from './bounded-bytes.ts'
import { AnswerBytes } from './answer-bytes.ts'
import { askedOf } from './routes.ts'
import type { Context } from '@opentelemetry/api'
import type { ModelCall, ModelResponse } from '../../model-call.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Endpoint } from '../endpoint.ts'
import type { SdkContext } from '../instrumentation.ts'

/** Where a request goes. */
export interface Target {
  /** Scheme, host and port. */
  readonly origin: string
  /** With the query. */
  readonly path: string
  readonly method: string
}

/** One request to a model and its answer, told by the bytes that pass. No method throws; what comes after the end is not heard. */
export class PlainExchange {
  readonly #sdk: SdkContext
  readonly #target: Target
  readonly #endpoint: Endpoint
  readonly #context: Context
  readonly #startedMs: number
  readonly #request = new BoundedBytes()
  #call: ModelCall | undefined
  #reader: AnswerReader | undefined
  #answer: AnswerBytes | undefined
  #status: number | undefined
  #errorType: string | undefined
  #over = false

  constructor(sdk: SdkContext, target: Target, endpoint: Endpoint, active: Context) {
    this.#sdk = sdk
    this.#target = target
    this.#endpoint = endpoint
    this.#context = active
    this.#startedMs = sdk.now()
  }

  /** Some of the request's body was sent. */
  sent(chunk: unknown): void {
    if (this.#call === undefined) this.#ours(() => this.#request.add(chunk))
  }

  /** The request is out: what it asks is known. */
  requested(): void {
    this.#ours(() => this.#begin())
  }

  /** The head of the answer has arrived. */
  responded(status: number, header: (name: string) => string | undefined): void {
    this.#ours(() => {
      // An answer under way (100, 103) is not the one.
      if (status < 200) return
      this.#begin().progress(false)
      this.#status = status
      this.#answer = new AnswerBytes(header('content-type'), header('content-encoding'), (event) => this.#event(event))
    })
  }

  /** Some of the answer's body. */
  received(chunk: unknown): void {
    this.#ours(() => {
      this.#call?.progress(this.#answer?.isStream === true)
      this.#answer?.add(chunk)
    })
  }

  ended(): void {
    this.#end((call) => {
      const body = this.#answer?.end()
      const status = this.#status ?? 0
      if (status >= 400) return call.fail({ status, error: body }, undefined)
      if (body === undefined) call.succeed(this.#soFar())
      else call.succeed(this.#response(this.#reader?.whole(body), eventErrorType(body)))
    })
  }

  /** After the head of the answer, an abort is the reader's own. */
  failed(error: unknown): void {
    this.#end((call) => {
      if (this.#status !== undefined && fieldsOf(error)['name'] === 'AbortError') call.stop(this.#soFar())
      else call.fail(error, this.#status === undefined ? undefined : this.#soFar())
    })
  }

  stopped(): void {
    this.#end((call) => call.stop(this.#status === undefined ? undefined : this.#soFar()))
  }

  #begin(): ModelCall {
    if (this.#call !== undefined) return this.#call
    const body = fieldsOf(parsedJson(this.#request.text()))
    this.#request.clear()
    const asked = askedOf(this.#target.path, body)
    if (asked === undefined) throw new TypeError('no such path')
    const { api } = asked
    this.#reader = api.reader(keepsContent(this.#sdk))
    const request = {
      operation: api.operation,
      provider: this.#endpoint.provider ?? asked.provider,
      model: asked.model,
      serverAddress: this.#endpoint.address,
      serverPort: this.#endpoint.port,
      stream: asked.stream,
      conversationId: api.conversationId?.(body),
      attributes: api.attributes(body),
      content: () => api.content(body),
      inputCharacters: () => api.inputCharacters?.(body) ?? 0,
      unmetered: api.unmetered === true,
      startedMs: this.#startedMs,
    }
    this.#call = context.with(this.#context, () => startModelCall(this.#sdk, request))
    return this.#call
  }

  #event(event: unknown): void {
    this.#errorType = eventErrorType(event) ?? this.#errorType
    this.#reader?.event(event)
  }

  #soFar(): ModelResponse {
    return this.#response(this.#reader?.soFar(), this.#errorType)
  }

  #response(read: ModelResponse | undefined, errorType: string | undefined): ModelResponse {
    const said = read ?? NO_ANSWER
    const attributes = { ...said.attributes, [ATTR_HTTP_RESPONSE_STATUS_CODE]: this.#status }
    return { ...said, attributes, errorType: said.errorType ?? errorType }
  }

  #end(how: (call: ModelCall) => void): void {
    this.#ours(() => {
      const call = this.#begin()
      this.#over = true
      how(call)
    })
  }

  #ours(step: () => void): void {
    if (this.#over) return
    try {
      step()
    } catch (error) {
      this.#over = true
      this.#sdk.fault('plain http', error)
      this.#call?.stop()
    }
  }
}
