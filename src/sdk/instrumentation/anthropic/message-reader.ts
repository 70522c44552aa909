import { ATTR_GEN_AI_CONVERSATION_COMPACTED, ATTR_GEN_AI_OUTPUT_MESSAGES } from '../../../conventions.ts'
import { GrowingText, contentJson, toolArguments } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import { blockParts } from './message-content.ts'
import { anthropicUsage } from './usage.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'

/** Reads a Message, whole or as the events of a stream build it up. Its blocks are kept when content is captured. */
export class MessageReader implements AnswerReader {
  readonly #capture: boolean
  #message: Fields | undefined
  #stopReason: string | undefined
  #usage: Fields = {}
  /** The counts are final: a stream says them again when the answer is complete. */
  #counted = false
  #characters = 0
  readonly #blocks: GrowingBlock[] = []

  constructor(capture: boolean) {
    this.#capture = capture
  }

  whole(body: unknown): ModelResponse {
    const message = fieldsOf(body)
    this.#start(message)
    this.#counted = countOf(this.#usage['output_tokens']) !== undefined
    listOf(message['content']).forEach((block, position) => this.#startBlock(position, fieldsOf(block)))
    return this.soFar()
  }

  event(event: unknown): void {
    const { type, index, message, delta, usage, content_block: block } = fieldsOf(event)
    if (type === 'message_start') return this.#start(fieldsOf(message))
    if (type === 'message_delta') return this.#finish(fieldsOf(delta), fieldsOf(usage))
    const position = countOf(index)
    if (position === undefined) return
    if (type === 'content_block_start') this.#startBlock(position, fieldsOf(block))
    if (type === 'content_block_delta') this.#grow(position, fieldsOf(delta))
  }

  soFar(): ModelResponse {
    return {
      id: nameOf(this.#message?.['id']),
      model: nameOf(this.#message?.['model']),
      finishReasons: this.#message === undefined ? [] : [this.#stopReason],
      usage: anthropicUsage(this.#usage, !this.#counted),
      outputCharacters: this.#characters,
      errorType: undefined,
      attributes: this.#isCompacted() ? { [ATTR_GEN_AI_CONVERSATION_COMPACTED]: true } : {},
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

  /** The provider summed up the conversation before it answered. */
  #isCompacted(): boolean {
    return listOf(this.#usage['iterations']).some((iteration) => fieldsOf(iteration)['type'] === 'compaction')
  }

  #start(message: Fields): void {
    this.#message = message
    this.#stopReason = nameOf(message['stop_reason'])
    this.#count(fieldsOf(message['usage']))
  }

  #finish(delta: Fields, usage: Fields): void {
    this.#stopReason = nameOf(delta['stop_reason']) ?? this.#stopReason
    this.#counted ||= countOf(usage['output_tokens']) !== undefined
    this.#count(usage)
  }

  /** `message_delta` repeats the counts and may correct them: the last value wins, null corrects nothing. */
  #count(usage: Fields): void {
    const sent = Object.entries(usage).filter(([, value]) => value !== null && value !== undefined)
    this.#usage = { ...this.#usage, ...Object.fromEntries(sent) }
  }

  #startBlock(position: number, block: Fields): void {
    if (!this.#counted) this.#characters += charactersOf([block['text'], block['thinking'], block['input']])
    if (this.#capture && position < BLOCKS_MAX) this.#blocks[position] = new GrowingBlock(block)
  }

  #grow(position: number, delta: Fields): void {
    const { text, thinking, partial_json: json } = delta
    this.#characters += (textOf(text) ?? textOf(thinking) ?? textOf(json) ?? '').length
    this.#blocks[position]?.add(delta)
  }
}

/** Content blocks of one answer that are recorded. */
const BLOCKS_MAX = 4_096

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
