import { ATTR_GEN_AI_OUTPUT_MESSAGES } from '../../../conventions.ts'
import { GrowingText, contentJson, toolArguments } from '../../content.ts'
import { countOf, fieldsOf, listOf, nameOf } from '../fields.ts'
import { blockParts } from './message-content.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'

/** Reads a Message, whole or as the events of a stream build it up. */
export class MessageReader implements AnswerReader {
  #message: Fields | undefined
  #stopReason: string | undefined
  #usage: Fields = {}
  readonly #blocks: GrowingBlock[] = []

  whole(body: unknown): ModelResponse {
    const message = fieldsOf(body)
    this.#start(message)
    for (const block of listOf(message['content'])) this.#blocks.push(new GrowingBlock(fieldsOf(block)))
    return this.soFar()
  }

  event(event: unknown): void {
    const { type, index, message, delta, usage, content_block: block } = fieldsOf(event)
    if (type === 'message_start') return this.#start(fieldsOf(message))
    if (type === 'message_delta') {
      this.#stopReason = nameOf(fieldsOf(delta)['stop_reason']) ?? this.#stopReason
      this.#count(fieldsOf(usage))
    }
    const position = countOf(index)
    if (position === undefined || position >= BLOCKS_MAX) return
    if (type === 'content_block_start') this.#blocks[position] = new GrowingBlock(fieldsOf(block))
    if (type === 'content_block_delta') this.#blocks[position]?.add(fieldsOf(delta))
  }

  soFar(): ModelResponse {
    return {
      id: nameOf(this.#message?.['id']),
      model: nameOf(this.#message?.['model']),
      finishReasons: this.#message === undefined ? [] : [this.#stopReason],
      usage: anthropicUsage(this.#usage),
      errorType: undefined,
      attributes: {},
      content: () => ({
        [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([
          {
            role: 'assistant',
            parts: this.#blocks.flatMap((block) => blockParts(block.whole())),
            finish_reason: this.#stopReason,
          },
        ]),
      }),
    }
  }

  #start(message: Fields): void {
    this.#message = message
    this.#stopReason = nameOf(message['stop_reason'])
    this.#count(fieldsOf(message['usage']))
  }

  /** `message_delta` repeats the counts and may correct them: the last value wins, null corrects nothing. */
  #count(usage: Fields): void {
    const sent = Object.entries(usage).filter(([, value]) => value !== null && value !== undefined)
    this.#usage = { ...this.#usage, ...Object.fromEntries(sent) }
  }
}

/** Content blocks of one answer that are recorded. */
const BLOCKS_MAX = 4_096

/** Anthropic counts cached tokens beside `input_tokens`; the conventions count them within. */
function anthropicUsage(usage: Fields): TokenUsage | undefined {
  const input = countOf(usage['input_tokens'])
  const outputTokens = countOf(usage['output_tokens'])
  if (input === undefined && outputTokens === undefined) return undefined
  const cacheReadTokens = countOf(usage['cache_read_input_tokens'])
  const cacheWriteTokens = countOf(usage['cache_creation_input_tokens'])
  return {
    inputTokens: input === undefined ? undefined : input + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0),
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    reasoningTokens: countOf(fieldsOf(usage['output_tokens_details'])['thinking_tokens']),
  }
}

/** A block with the deltas that a stream adds to it. */
class GrowingBlock {
  readonly #start: Fields
  readonly #text = new GrowingText()
  readonly #thinking = new GrowingText()
  readonly #json = new GrowingText()

  constructor(start: Fields) {
    this.#start = start
    this.#text.add(start['text'])
    this.#thinking.add(start['thinking'])
  }

  add(delta: Fields): void {
    this.#text.add(delta['text'])
    this.#thinking.add(delta['thinking'])
    this.#json.add(delta['partial_json'])
  }

  whole(): Fields {
    const json = this.#json.value
    const input = json === '' ? this.#start['input'] : toolArguments(json)
    return { ...this.#start, text: this.#text.value, thinking: this.#thinking.value, input }
  }
}
