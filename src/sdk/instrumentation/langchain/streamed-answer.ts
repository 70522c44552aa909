import { ATTR_GEN_AI_OUTPUT_MESSAGES } from '../../../conventions.ts'
import { GrowingText, contentJson, text, toolArguments } from '../../content.ts'
import { countOf, fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import { contentCharacters, contentParts } from './messages.ts'
import { addUsage, laterUsage, usageMetadata } from './usage.ts'
import { answeringModel, finishReason, providerId } from './whole-answer.ts'
import type { MessagePart } from '../../content.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { Fields } from '../fields.ts'

/** What the items of a model's stream add up to: chunks of `_streamResponseChunks`, or events of `_streamChatModelEvents`. */
export class StreamedAnswer {
  #id: string | undefined
  #model: string | undefined
  #finishReason: string | undefined
  #usage: TokenUsage | undefined
  #characters = 0
  readonly #content: boolean
  readonly #reasoning = new GrowingText()
  readonly #text = new GrowingText()
  readonly #toolCalls: ToolCall[] = []

  /** `content`: what is said is kept as well, not only counted. */
  constructor(content: boolean) {
    this.#content = content
  }

  add(item: unknown): void {
    const fields = fieldsOf(item)
    const event = textOf(fields['event'])
    if (event === undefined) this.#addChunk(fields)
    else this.#addEvent(event, fields)
  }

  soFar(): ModelResponse {
    // A stream that told how it finished has told its counts.
    const partial = this.#finishReason === undefined
    return {
      id: this.#id,
      model: this.#model,
      finishReasons: this.#finishReason === undefined ? [] : [this.#finishReason],
      usage: this.#usage === undefined ? undefined : { ...this.#usage, partial },
      outputCharacters: this.#characters,
      errorType: undefined,
      attributes: {},
      content: () => ({
        [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([
          { role: 'assistant', parts: this.#parts(), finish_reason: this.#finishReason },
        ]),
      }),
    }
  }

  /** The stream was read to its end: its counts are whole, also where it names no reason. */
  completed(): ModelResponse {
    return { ...this.soFar(), usage: this.#usage }
  }

  #addChunk(chunk: Fields): void {
    const message = fieldsOf(chunk['message'])
    const content = message['content'] ?? chunk['text']
    this.#usage = addUsage(this.#usage, usageMetadata(message['usage_metadata']))
    this.#addMetadata(fieldsOf(chunk['generationInfo']))
    this.#addMetadata(fieldsOf(message['response_metadata']))
    this.#id ??= providerId(message['id'])
    this.#characters += contentCharacters(content)
    const calls = listOf(message['tool_call_chunks'])
    for (const call of calls) this.#characters += textOf(fieldsOf(call)['args'])?.length ?? 0
    if (!this.#content) return
    for (const part of contentParts(content)) {
      if (part.type === 'text') this.#text.add(part.content)
      else if (part.type === 'reasoning') this.#reasoning.add(part.content)
    }
    for (const call of calls.map(fieldsOf)) this.#toolCall(call['index'], call, call['args'])
  }

  #addMetadata(metadata: Fields): void {
    this.#model = answeringModel(metadata) ?? this.#model
    this.#finishReason = finishReason(metadata) ?? this.#finishReason
    this.#id ??= providerId(metadata['id'])
  }

  /** Events give the counts of the whole message so far, the last one wins. */
  #addEvent(event: string, fields: Fields): void {
    if (event === 'message-start') this.#id ??= providerId(fields['id'])
    this.#usage = laterUsage(this.#usage, usageMetadata(fields['usage']))
    if (event === 'message-finish') {
      this.#finishReason = nameOf(fields['reason']) ?? this.#finishReason
      this.#addMetadata(fieldsOf(fields['responseMetadata']))
    }
    if (event === 'content-block-delta') this.#addDelta(fields['index'], fieldsOf(fields['delta']))
    if (event === 'content-block-start') this.#addBlock(fields['index'], fieldsOf(fields['content']))
  }

  #addBlock(index: unknown, block: Fields): void {
    if (textOf(block['type'])?.startsWith('tool_call') === true) this.#toolCall(index, block, textOf(block['args']))
    else this.#addDelta(index, block)
  }

  #addDelta(index: unknown, delta: Fields): void {
    const said = textOf(delta['text'])
    const thought = textOf(delta['reasoning'])
    const args = delta['type'] === 'tool-call-delta' ? textOf(delta['args']) : undefined
    this.#characters += (said ?? thought ?? args ?? '').length
    if (!this.#content) return
    this.#text.add(said)
    this.#reasoning.add(thought)
    if (args !== undefined) this.#toolCall(index, {}, args)
  }

  #toolCall(position: unknown, call: Fields, args: unknown): void {
    if (!this.#content) return
    const index = countOf(position) ?? this.#toolCalls.length
    let known = this.#toolCalls.findLast((other) => other.index === index)
    if (known === undefined) {
      if (this.#toolCalls.length >= TOOL_CALLS_MAX) return
      known = { index, id: undefined, name: '', args: new GrowingText() }
      this.#toolCalls.push(known)
    }
    known.id ??= nameOf(call['id'])
    known.name = nameOf(call['name']) ?? known.name
    known.args.add(args)
  }

  #parts(): MessagePart[] {
    const parts: MessagePart[] = []
    if (this.#reasoning.value !== '') parts.push({ type: 'reasoning', content: this.#reasoning.value })
    if (this.#text.value !== '') parts.push(text(this.#text.value))
    for (const { id, name, args } of this.#toolCalls)
      parts.push({ type: 'tool_call', id, name, arguments: toolArguments(args.value) })
    return parts
  }
}

interface ToolCall {
  readonly index: number
  id: string | undefined
  name: string
  readonly args: GrowingText
}

/** Tool calls of one answer that are recorded. */
const TOOL_CALLS_MAX = 256
