import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_AWS_BEDROCK_GUARDRAIL_ID,
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_STOP_SEQUENCES,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_K,
  ATTR_GEN_AI_REQUEST_TOP_P,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
} from '../../../conventions.ts'
import { contentJson } from '../../content.ts'
import { countOf, fieldsOf, listOf, nameOf, numberOf, textsOf } from '../fields.ts'
import { present } from '../present.ts'
import { GrowingBlocks, blockParts, converseInput } from './blocks.ts'
import { converseUsage } from './usage.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'
import type { BedrockApi } from './api.ts'

/** Converse and ConverseStream: one format for all models. */
export const converse: BedrockApi = {
  request: (input) => ({
    operation: GEN_AI_OPERATION_NAME_VALUE_CHAT,
    unmetered: false,
    attributes: attributesOf(input),
    content: () => converseContent(input),
    input: () => [input['system'], input['messages'], input['toolConfig']],
  }),
  reader: (keep) => new ConverseReader(keep),
}

function attributesOf(input: Fields): Attributes {
  const inference = fieldsOf(input['inferenceConfig'])
  const more = fieldsOf(input['additionalModelRequestFields'])
  return present({
    [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(inference['maxTokens']),
    [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(inference['temperature']),
    [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(inference['topP']),
    [ATTR_GEN_AI_REQUEST_TOP_K]: countOf(more['top_k'] ?? fieldsOf(more['inferenceConfig'])['topK']),
    [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(inference['stopSequences']),
    [ATTR_GEN_AI_OUTPUT_TYPE]:
      fieldsOf(fieldsOf(input['outputConfig'])['textFormat'])['type'] === 'json_schema'
        ? GEN_AI_OUTPUT_TYPE_VALUE_JSON
        : undefined,
    [ATTR_AWS_BEDROCK_GUARDRAIL_ID]: nameOf(fieldsOf(input['guardrailConfig'])['guardrailIdentifier']),
  })
}

/** Content of a request in Converse's format, which Nova's own has too. */
export function converseContent(input: Fields): Attributes {
  const content: Attributes = { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(converseInput(listOf(input['messages']))) }
  const system = listOf(input['system']).map(fieldsOf).flatMap(blockParts)
  if (system.length > 0) content[ATTR_GEN_AI_SYSTEM_INSTRUCTIONS] = contentJson(system)
  return content
}

/** Reads an answer in Converse's format, whole or as the events of a stream, whose last one counts the tokens. */
export class ConverseReader implements AnswerReader {
  readonly #blocks: GrowingBlocks
  #started = false
  #stopReason: string | undefined
  #usage: TokenUsage | undefined

  constructor(keep: boolean) {
    this.#blocks = new GrowingBlocks(keep)
  }

  whole(output: unknown): ModelResponse {
    const answer = fieldsOf(output)
    this.#started = true
    this.#stopReason = nameOf(answer['stopReason'])
    this.#usage = converseUsage(answer['usage'], answer['serviceTier'])
    this.#blocks.set(listOf(fieldsOf(fieldsOf(answer['output'])['message'])['content']))
    return this.soFar()
  }

  event(event: unknown): void {
    const { contentBlockStart, contentBlockDelta, messageStop, metadata } = fieldsOf(event)
    this.#started = true
    if (contentBlockDelta !== undefined) {
      const { contentBlockIndex, delta } = fieldsOf(contentBlockDelta)
      this.#blocks.add(countOf(contentBlockIndex) ?? 0, fieldsOf(delta))
    } else if (contentBlockStart !== undefined) {
      const { contentBlockIndex, start } = fieldsOf(contentBlockStart)
      this.#blocks.start(countOf(contentBlockIndex) ?? 0, fieldsOf(start))
    } else if (messageStop !== undefined) {
      this.#stopReason = nameOf(fieldsOf(messageStop)['stopReason'])
    } else if (metadata !== undefined) {
      const { usage, serviceTier } = fieldsOf(metadata)
      this.#usage = converseUsage(usage, serviceTier) ?? this.#usage
    }
  }

  soFar(): ModelResponse {
    return {
      id: undefined,
      model: undefined,
      finishReasons: this.#started ? [this.#stopReason] : [],
      usage: this.#usage,
      outputCharacters: this.#blocks.characters,
      errorType: undefined,
      attributes: {},
      content: () => ({
        [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([
          { role: 'assistant', parts: this.#blocks.parts(), finish_reason: this.#stopReason },
        ]),
      }),
    }
  }
}
