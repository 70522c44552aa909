import { ATTR_GEN_AI_OUTPUT_MESSAGES, GEN_AI_OPERATION_NAME_VALUE_CHAT } from '../../../conventions.ts'
import { contentJson } from '../../content.ts'
import { startModelCall } from '../../model-call.ts'
import { blockParts } from '../anthropic/message-content.ts'
import { anthropicUsage } from '../anthropic/usage.ts'
import { fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import type { MessagePart } from '../../content.ts'
import type { ModelCall, ModelResponse } from '../../model-call.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'

export interface ToldRequest {
  /** The id of the answer. */
  readonly id: string | undefined
  readonly since: Date
  readonly model: string | undefined
  readonly provider: string
}

/** A call of a model that another process made and tells of, block by block. Its request is not told, its prompt not even counted. */
export class ToldCall {
  readonly id: string | undefined
  readonly #call: ModelCall
  readonly #keepContent: boolean
  readonly #parts: MessagePart[] = []
  #characters = 0
  #usage: Fields = {}
  #model: string | undefined
  #reason: string | undefined
  #error: string | undefined

  constructor(sdk: SdkContext, { id, since, model, provider }: ToldRequest) {
    this.id = id
    this.#keepContent = sdk.captureContent || sdk.recordInference !== undefined
    this.#call = startModelCall(sdk, {
      operation: GEN_AI_OPERATION_NAME_VALUE_CHAT,
      provider,
      model,
      serverAddress: undefined,
      serverPort: undefined,
      stream: false,
      conversationId: undefined,
      attributes: {},
      content: () => ({}),
      startTime: since,
    })
  }

  answer({ content, usage, stop_reason: reason, model }: Fields, error: string | undefined): void {
    for (const block of listOf(content).map(fieldsOf)) {
      this.#characters += charactersOf(block)
      if (this.#keepContent && this.#parts.length < PARTS_MAX) this.#parts.push(...blockParts(block))
    }
    this.#model = nameOf(model)
    this.#error ??= error
    if (this.#reason === undefined) this.end(fieldsOf(usage), { stop_reason: reason })
  }

  /** Counts, final when a reason comes with them. */
  end(usage: Fields, { stop_reason: reason }: Fields): void {
    this.#usage = { ...this.#usage, ...usage }
    this.#reason = nameOf(reason) ?? this.#reason
  }

  close(): void {
    this.#call.succeed(this.#response())
  }

  #response(): ModelResponse {
    const isAnswer = this.#error === undefined
    return {
      id: isAnswer ? this.id : undefined,
      model: isAnswer ? this.#model : undefined,
      finishReasons: this.#reason === undefined || !isAnswer ? [] : [this.#reason],
      // Without a reason they are those of the answer's beginning.
      usage: isAnswer ? anthropicUsage(this.#usage, this.#reason === undefined) : undefined,
      outputCharacters: this.#characters,
      errorType: this.#error,
      attributes: {},
      content: () => ({
        [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([
          { role: 'assistant', parts: this.#parts, finish_reason: this.#reason },
        ]),
      }),
    }
  }
}

/** Blocks of one answer that are kept as content. */
const PARTS_MAX = 1_000

function charactersOf({ text, thinking, input }: Fields): number {
  const written = textOf(text) ?? textOf(thinking)
  if (written !== undefined) return written.length
  return input === undefined ? 0 : (JSON.stringify(input)?.length ?? 0)
}
