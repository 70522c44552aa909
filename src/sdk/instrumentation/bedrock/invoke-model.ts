import { fieldsOf, isFields } from '../fields.ts'
import { chatCompletions } from '../openai/chat.ts'
import { MessageReader } from '../anthropic/message-reader.ts'
import { ConverseReader } from './converse.ts'
import { headersOf } from './exchanges.ts'
import { invokeRequest } from './invoke-request.ts'
import { parsedBody } from './parsed-body.ts'
import { TextReader } from './text-reader.ts'
import { headerUsage, metricsUsage } from './usage.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'
import type { BedrockApi } from './api.ts'

/** InvokeModel and InvokeModelWithResponseStream: bytes in the format of each model's maker. */
export const invokeModel: BedrockApi = {
  request: invokeRequest,
  reader: (keep) => new InvokeReader(keep),
}

/**
 * Reads an answer in its maker's format, which is told by its shape: a model id can be an ARN that says nothing. Token counts that the format
 * has none of are in the headers of a whole answer and in the last event of a stream.
 */
class InvokeReader implements AnswerReader {
  readonly #keep: boolean
  #format: AnswerReader | undefined
  #metrics: TokenUsage | undefined

  constructor(keep: boolean) {
    this.#keep = keep
  }

  whole(output: unknown): ModelResponse {
    const body = parsedBody(fieldsOf(output)['body'])
    this.#metrics = headerUsage(headersOf(output))
    const response = this.#reader(body).whole(body)
    return this.#complete(response)
  }

  event(event: unknown): void {
    const body = parsedBody(fieldsOf(fieldsOf(event)['chunk'])['bytes'])
    this.#metrics = metricsUsage(body['amazon-bedrock-invocationMetrics']) ?? this.#metrics
    this.#reader(body).event(body)
  }

  soFar(): ModelResponse {
    return this.#complete(this.#format?.soFar() ?? NOTHING)
  }

  #reader(body: Fields): AnswerReader {
    this.#format ??= readerOf(body, this.#keep)
    return this.#format
  }

  #complete(response: ModelResponse): ModelResponse {
    const { usage } = response
    // What was counted when the answer began is less than the count of all.
    return { ...response, usage: usage === undefined || usage.partial === true ? (this.#metrics ?? usage) : usage }
  }
}

function readerOf(body: Fields, keep: boolean): AnswerReader {
  if (body['type'] === 'message' || body['type'] === 'message_start') return new MessageReader(keep)
  if (isFields(fieldsOf(body['output'])['message']) || isFields(body['messageStart'])) return new ConverseReader(keep)
  // Mistral, DeepSeek, Jamba, Qwen, gpt-oss and imported models.
  if (Array.isArray(body['choices'])) return chatCompletions.reader(keep)
  return new TextReader(keep)
}

const NOTHING: ModelResponse = {
  id: undefined,
  model: undefined,
  finishReasons: [],
  usage: undefined,
  errorType: undefined,
  attributes: {},
  content: () => ({}),
}
