import { ATTR_GEN_AI_OUTPUT_MESSAGES, ATTR_OPENAI_RESPONSE_SERVICE_TIER } from '../../../conventions.ts'
import { GrowingText, blob, contentJson, text, toolArguments, serverTool } from '../../content.ts'
import { countOf, fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import { present } from '../present.ts'
import type { MessagePart } from '../../content.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { Fields } from '../fields.ts'

/** The answer of a language model, whole or as the parts of a stream build it up. */
export class AnswerParts {
  /** The first failure that the stream told of. */
  failure: { readonly error: unknown } | undefined
  readonly #keepContent: boolean
  readonly #content: AnswerPart[] = []
  #characters = 0
  #id: string | undefined
  #model: string | undefined
  #finishReason: string | undefined
  #usage: TokenUsage | undefined
  #serviceTier: string | undefined
  #begun = false

  /** `keepContent`: the text of the answer is to be recorded, not only measured. */
  constructor(keepContent: boolean) {
    this.#keepContent = keepContent
  }

  /** The result of `doGenerate`. */
  whole(result: Fields): void {
    this.#metadata(fieldsOf(result['response']))
    this.#finish(result)
    this.#begun = true
    for (const part of listOf(result['content']).map(fieldsOf)) this.#whole(part)
  }

  /** One part of the stream of `doStream`. False for the one that is made before anything has arrived. */
  part(part: Fields): boolean {
    switch (part['type']) {
      case 'stream-start':
        return false
      case 'response-metadata':
        this.#metadata(part)
        break
      case 'finish':
        this.#finish(part)
        break
      case 'error':
        this.failure ??= { error: part['error'] }
        break
      case 'text-delta':
        this.#add('text', part['id'], part['delta'])
        break
      case 'reasoning-delta':
        this.#add('reasoning', part['id'], part['delta'])
        break
      case 'tool-input-delta':
        this.#characters += textOf(part['delta'])?.length ?? 0
        break
      default:
        this.#whole(part)
    }
    this.#begun = true
    return true
  }

  response(): ModelResponse {
    return {
      id: this.#id,
      model: this.#model,
      // One choice; its reason is missing when the stream broke off.
      finishReasons: this.#begun ? [this.#finishReason] : [],
      usage: this.#usage,
      outputCharacters: this.#characters,
      errorType: undefined,
      attributes: present({
        [ATTR_OPENAI_RESPONSE_SERVICE_TIER]: this.#serviceTier,
      }),
      content: () => ({
        [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([
          { role: 'assistant', parts: this.#content.map(messagePart), finish_reason: this.#finishReason },
        ]),
      }),
    }
  }

  #metadata(metadata: Fields): void {
    this.#id ??= nameOf(metadata['id'])
    this.#model ??= nameOf(metadata['modelId'])
  }

  #finish(end: Fields): void {
    const reason = end['finishReason']
    const { raw, unified = reason } = fieldsOf(reason)
    this.#finishReason = finishReason(raw, unified)
    this.#usage = usageOf(fieldsOf(end['usage']))
    this.#serviceTier = nameOf(fieldsOf(fieldsOf(end['providerMetadata'])['openai'])['serviceTier'])
  }

  #whole(part: Fields): void {
    const kind = part['type']
    if (kind === 'text' || kind === 'reasoning') return this.#add(kind, undefined, part['text'])
    if (!this.#keepContent || this.#content.length >= PARTS_MAX) return
    if (kind === 'tool-call' || kind === 'tool-result' || kind === 'file') this.#content.push({ kind, part })
  }

  #add(kind: 'text' | 'reasoning', id: unknown, more: unknown): void {
    this.#characters += textOf(more)?.length ?? 0
    if (!this.#keepContent) return
    let known = this.#content.findLast((other) => 'text' in other && other.kind === kind && other.id === id)
    if (known === undefined || id === undefined) {
      if (this.#content.length >= PARTS_MAX) return
      known = { kind, id, text: new GrowingText() }
      this.#content.push(known)
    }
    if ('text' in known) known.text.add(more)
  }
}

/** The provider's word, else the AI SDK's own, as the conventions write them: `tool_calls`. */
export const finishReason = (raw: unknown, unified: unknown): string | undefined =>
  nameOf(raw) ?? nameOf(unified)?.replaceAll('-', '_')

type AnswerPart =
  | { readonly kind: 'text' | 'reasoning'; readonly id: unknown; readonly text: GrowingText }
  | { readonly kind: 'tool-call' | 'tool-result' | 'file'; readonly part: Fields }

/** Parts of one answer that are recorded. */
const PARTS_MAX = 256

function messagePart(answer: AnswerPart): MessagePart {
  if ('text' in answer) {
    return answer.kind === 'text' ? text(answer.text.value) : { type: 'reasoning', content: answer.text.value }
  }
  const { kind, part } = answer
  const id = nameOf(part['toolCallId'])
  const name = textOf(part['toolName']) ?? ''
  if (kind === 'file') {
    const mediaType = textOf(part['mediaType'])
    return blob(mediaType?.split('/', 1)[0] ?? 'file', mediaType, part['data'])
  }
  if (kind === 'tool-result')
    return {
      type: 'server_tool_call_response',
      id,
      server_tool_call_response: serverTool(name || 'tool', part['result']),
    }
  const input = part['input']
  const args = typeof input === 'string' ? toolArguments(input) : input
  return part['providerExecuted'] === true
    ? { type: 'server_tool_call', id, name, server_tool_call: serverTool(name || 'tool', args) }
    : { type: 'tool_call', id, name, arguments: args }
}

/** Specification v3 and v4 count in groups; v2 has plain numbers. */
export function usageOf(usage: Fields): TokenUsage | undefined {
  const input = fieldsOf(usage['inputTokens'])
  const output = fieldsOf(usage['outputTokens'])
  const inputTokens = countOf(input['total']) ?? countOf(usage['inputTokens'])
  const outputTokens = countOf(output['total']) ?? countOf(usage['outputTokens'])
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens: countOf(input['cacheRead']) ?? countOf(usage['cachedInputTokens']),
    cacheWriteTokens: countOf(input['cacheWrite']),
    reasoningTokens: countOf(output['reasoning']) ?? countOf(usage['reasoningTokens']),
  }
}
