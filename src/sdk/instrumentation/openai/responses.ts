import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID,
  ATTR_GEN_AI_REQUEST_REASONING_LEVEL,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_P,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  ATTR_OPENAI_API_TYPE,
  ATTR_OPENAI_REQUEST_SERVICE_TIER,
  ATTR_OPENAI_RESPONSE_SERVICE_TIER,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
  GEN_AI_OUTPUT_TYPE_VALUE_TEXT,
  OPENAI_API_TYPE_VALUE_RESPONSES,
} from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { countOf, fieldsOf, isFields, listOf, nameOf, numberOf, textOf } from '../fields.ts'
import { present } from '../present.ts'
import { requestedTier } from './chat.ts'
import { responseInput, responseOutput } from './response-items.ts'
import { openAiUsage } from './usage.ts'
import type { Attributes } from '@opentelemetry/api'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { OpenAiApi } from './api.ts'

/** `responses.create`, plain, streaming and in the background (whose answer is only the receipt). */
export const responses: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_CHAT,
  attributes: (body) => ({
    [ATTR_OPENAI_API_TYPE]: OPENAI_API_TYPE_VALUE_RESPONSES,
    ...present({
      [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(body['temperature']),
      [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(body['top_p']),
      [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(body['max_output_tokens']),
      [ATTR_GEN_AI_REQUEST_REASONING_LEVEL]: nameOf(fieldsOf(body['reasoning'])['effort']),
      [ATTR_GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID]: nameOf(body['previous_response_id']),
      [ATTR_GEN_AI_OUTPUT_TYPE]: outputType(fieldsOf(fieldsOf(body['text'])['format'])['type']),
      [ATTR_OPENAI_REQUEST_SERVICE_TIER]: requestedTier(body),
    }),
  }),
  content: inputContent,
  conversationId: (body) => nameOf(body['conversation']) ?? nameOf(fieldsOf(body['conversation'])['id']),
  reader: () => new ResponseReader(),
}

function outputType(format: unknown): string | undefined {
  if (format === 'json_object' || format === 'json_schema') return GEN_AI_OUTPUT_TYPE_VALUE_JSON
  return format === 'text' ? GEN_AI_OUTPUT_TYPE_VALUE_TEXT : undefined
}

function inputContent(body: Fields): Attributes {
  const content: Attributes = { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(responseInput(body['input'])) }
  const instructions = textOf(body['instructions'])
  if (instructions !== undefined) content[ATTR_GEN_AI_SYSTEM_INSTRUCTIONS] = contentJson([text(instructions)])
  return content
}

/**
 * Reads a Response object. The events of a stream carry it several times, the last time complete; the items that were done by
 * then stand in for its output when the stream ends early.
 */
class ResponseReader implements AnswerReader {
  #response: Fields = {}
  readonly #items: unknown[] = []

  whole(body: unknown): ModelResponse {
    this.#response = fieldsOf(body)
    return this.soFar()
  }

  event(event: unknown): void {
    const { type, response, item } = fieldsOf(event)
    if (isFields(response)) this.#response = response
    if (type === 'response.output_item.done' && this.#items.length < ITEMS_MAX) this.#items.push(item)
  }

  soFar(): ModelResponse {
    const answer = this.#response
    const output = listOf(answer['output'])
    const reason = finishReason(answer)
    return {
      id: nameOf(answer['id']),
      model: nameOf(answer['model']),
      finishReasons: reason === undefined ? [] : [reason],
      usage: openAiUsage(answer['usage']),
      errorType:
        answer['status'] === 'failed' ? (nameOf(fieldsOf(answer['error'])['code']) ?? 'response_failed') : undefined,
      attributes: present({ [ATTR_OPENAI_RESPONSE_SERVICE_TIER]: nameOf(answer['service_tier']) }),
      content: () => ({
        [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson(responseOutput(output.length > 0 ? output : this.#items, reason)),
      }),
    }
  }
}

/** Output items of an unfinished stream that are recorded. */
const ITEMS_MAX = 1_024

/** Why a Response ended: the reason of an incomplete one, else its status; nothing while it is still being made. */
function finishReason(answer: Fields): string | undefined {
  const status = nameOf(answer['status'])
  if (status === 'queued' || status === 'in_progress') return undefined
  return nameOf(fieldsOf(answer['incomplete_details'])['reason']) ?? status
}
