import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID,
  ATTR_GEN_AI_REQUEST_REASONING_LEVEL,
  ATTR_GEN_AI_REQUEST_STREAM_CURSOR,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_P,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_STATUS,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  ATTR_OPENAI_API_TYPE,
  ATTR_OPENAI_REQUEST_SERVICE_TIER,
  ATTR_OPENAI_RESPONSE_SERVICE_TIER,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_FETCH_RESPONSE,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
  GEN_AI_OUTPUT_TYPE_VALUE_TEXT,
  OPENAI_API_TYPE_VALUE_RESPONSES,
} from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, isFields, listOf, nameOf, numberOf, textOf } from '../fields.ts'
import { present } from '../present.ts'
import { requestedTier } from './chat.ts'
import { responseInput, responseOutput } from './response-items.ts'
import { openAiUsage } from './usage.ts'
import type { Attributes } from '@opentelemetry/api'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
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
  inputCharacters: (body) => charactersOf([body['instructions'], body['input'], body['tools']]),
  reader: (keep) => new ResponseReader(keep),
}

/**
 * `responses.retrieve` and `responses.cancel`: a response that was made before. Its tokens are those of the call that made it and are not told
 * again, as the conventions demand; that it failed does not make the fetching fail.
 */
export const fetchedResponses: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_FETCH_RESPONSE,
  body: ([id, query]) => ({ id, stream: fieldsOf(query)['stream'], starting_after: fieldsOf(query)['starting_after'] }),
  attributes: (body) => ({
    [ATTR_OPENAI_API_TYPE]: OPENAI_API_TYPE_VALUE_RESPONSES,
    ...present({
      [ATTR_GEN_AI_RESPONSE_ID]: nameOf(body['id']),
      [ATTR_GEN_AI_REQUEST_STREAM_CURSOR]: cursorOf(body['starting_after']),
    }),
  }),
  content: () => ({}),
  unmetered: true,
  reader(keep) {
    const reader = new ResponseReader(keep)
    const fetched = (response: ModelResponse): ModelResponse => ({
      ...response,
      usage: undefined,
      errorType: undefined,
      attributes: { ...response.attributes, ...present({ [ATTR_GEN_AI_RESPONSE_STATUS]: reader.status }) },
    })
    return {
      whole: (body) => fetched(reader.whole(body)),
      event: (event) => reader.event(event),
      soFar: () => fetched(reader.soFar()),
    }
  },
}

const cursorOf = (cursor: unknown): string | undefined => (typeof cursor === 'number' ? String(cursor) : nameOf(cursor))

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
  #errorType: string | undefined
  #characters = 0
  readonly #keep: boolean
  readonly #items: unknown[] = []

  constructor(keep: boolean) {
    this.#keep = keep
  }

  get status(): string | undefined {
    return nameOf(this.#response['status'])
  }

  whole(body: unknown): ModelResponse {
    this.#response = fieldsOf(body)
    if (this.#response['usage'] === undefined) this.#characters = charactersOf(this.#response['output'])
    return this.soFar()
  }

  event(event: unknown): void {
    const { type, response, item, delta, code } = fieldsOf(event)
    if (isFields(response)) this.#response = response
    if (typeof delta === 'string') this.#characters += delta.length
    // openai 6 hands an error event on like any other.
    if (type === 'error') this.#errorType = nameOf(code) ?? 'error'
    if (this.#keep && type === 'response.output_item.done' && this.#items.length < ITEMS_MAX) this.#items.push(item)
  }

  soFar(): ModelResponse {
    const answer = this.#response
    const output = listOf(answer['output'])
    const reason = finishReason(answer)
    return {
      id: nameOf(answer['id']),
      model: nameOf(answer['model']),
      finishReasons: reason === undefined ? [] : [reason],
      usage: responseUsage(answer, output),
      outputCharacters: this.#characters === 0 ? undefined : this.#characters,
      errorType:
        answer['status'] === 'failed'
          ? (nameOf(fieldsOf(answer['error'])['code']) ?? 'response_failed')
          : this.#errorType,
      attributes: present({ [ATTR_OPENAI_RESPONSE_SERVICE_TIER]: nameOf(answer['service_tier']) }),
      content: () => ({
        [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson(responseOutput(output.length > 0 ? output : this.#items, reason)),
      }),
    }
  }
}

/** Tokens, and the searches that are billed by the piece: OpenAI counts those that search, not those that open or look through a page. */
function responseUsage(answer: Fields, output: readonly unknown[]): TokenUsage | undefined {
  const usage = openAiUsage(answer['usage'])
  if (usage === undefined) return undefined
  const searches = output.map(fieldsOf).filter((item) => {
    const action = fieldsOf(item['action'])['type']
    return item['type'] === 'web_search_call' && (action === undefined || action === 'search')
  })
  const fileSearches = output.filter((item) => fieldsOf(item)['type'] === 'file_search_call')
  return { ...usage, webSearches: searches.length, fileSearches: fileSearches.length }
}

/** Output items of an unfinished stream that are recorded. */
const ITEMS_MAX = 1_024

/** Why a Response ended: the reason of an incomplete one, else its status; nothing while it is still being made. */
function finishReason(answer: Fields): string | undefined {
  const status = nameOf(answer['status'])
  if (status === 'queued' || status === 'in_progress') return undefined
  return nameOf(fieldsOf(answer['incomplete_details'])['reason']) ?? status
}
