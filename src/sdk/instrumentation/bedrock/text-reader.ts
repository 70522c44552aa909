import type { Attributes } from '@opentelemetry/api'
import { ATTR_GEN_AI_OUTPUT_MESSAGES } from '../../../conventions.ts'
import { GrowingText, contentJson, text } from '../../content.ts'
import { countOf, fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import type { MessagePart } from '../../content.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'

/**
 * Reads what models answer that complete a text, whole or as events: Titan (`results`, `outputText`), Llama (`generation`), Claude 2
 * (`completion`), Command (`generations`, `text`), Mistral 7B (`outputs`), Jurassic (`completions`), Command R (`text`, `event_type`). An
 * event looks like a small answer.
 */
export class TextReader implements AnswerReader {
  readonly #keep: boolean
  readonly #choices: Choice[] = []
  #id: string | undefined
  #usage: TokenUsage | undefined
  #toolCalls: readonly unknown[] = []
  #characters = 0

  constructor(keep: boolean) {
    this.#keep = keep
  }

  whole(body: unknown): ModelResponse {
    const answer = fieldsOf(body)
    this.#add(answer)
    this.#usage = usageOf(answer)
    return this.soFar()
  }

  event(event: unknown): void {
    const body = fieldsOf(event)
    // Command R repeats the whole answer at its end.
    if (body['event_type'] === 'stream-end') return this.#end(fieldsOf(body['response']))
    if (body['event_type'] === 'tool-calls-generation') this.#toolCalls = listOf(body['tool_calls'])
    this.#add(body)
  }

  soFar(): ModelResponse {
    const choices = this.#choices.filter((choice) => choice !== undefined)
    return {
      id: this.#id,
      model: undefined,
      finishReasons: choices.map(({ finishReason }) => finishReason),
      usage: this.#usage,
      outputCharacters: this.#characters,
      errorType: undefined,
      attributes: {},
      content: () => (choices.length === 0 ? {} : this.#content(choices)),
    }
  }

  #content(choices: readonly Choice[]): Attributes {
    const messages = choices.map((choice, index) => ({
      role: 'assistant',
      parts: [...choice.parts(), ...(index === 0 ? this.#toolCalls.map(fieldsOf).map(toolCall) : [])],
      finish_reason: choice.finishReason,
    }))
    return { [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson(messages) }
  }

  #add(body: Fields): void {
    this.#id = nameOf(body['id']) ?? nameOf(body['response_id']) ?? this.#id
    if (body['tool_calls'] !== undefined) this.#toolCalls = listOf(body['tool_calls'])
    const list = LISTS.map((name) => listOf(body[name])).find(({ length }) => length > 0)
    const choices = list?.map(fieldsOf) ?? [body]
    // An embedding, a list of ranks or an image has no text, and no choices.
    if (!choices.some(isChoice)) return
    for (const [position, choice] of choices.entries()) {
      const words = textIn(choice)
      const index = countOf(choice['index']) ?? position
      if (index >= CHOICES_MAX) continue
      this.#characters += words?.length ?? 0
      this.#choices[index] ??= new Choice()
      this.#choices[index].add(this.#keep ? words : undefined, reasonIn(choice))
    }
  }

  #end(answer: Fields): void {
    this.#id = nameOf(answer['response_id']) ?? this.#id
    this.#choices[0] ??= new Choice()
    this.#choices[0].add(undefined, reasonIn(answer))
  }
}

class Choice {
  finishReason: string | undefined
  readonly #text = new GrowingText()

  add(words: string | undefined, finishReason: string | undefined): void {
    this.#text.add(words)
    this.finishReason = finishReason ?? this.finishReason
  }

  parts(): MessagePart[] {
    return this.#text.value === '' ? [] : [text(this.#text.value)]
  }
}

const LISTS = ['generations', 'results', 'outputs', 'completions']
const TEXTS = ['outputText', 'generation', 'completion', 'text']
const REASONS = ['completionReason', 'stop_reason', 'finish_reason']

/** Choices of one answer that are read. */
const CHOICES_MAX = 128

const isChoice = (choice: Fields): boolean =>
  textIn(choice) !== undefined || REASONS.some((name) => choice[name] !== undefined)

const textIn = (choice: Fields): string | undefined =>
  TEXTS.map((name) => textOf(choice[name])).find((words) => words !== undefined) ??
  textOf(fieldsOf(choice['data'])['text'])

const reasonIn = (choice: Fields): string | undefined =>
  REASONS.map((name) => nameOf(choice[name])).find((reason) => reason !== undefined) ??
  nameOf(fieldsOf(choice['finishReason'])['reason'])

const toolCall = (call: Fields): MessagePart => ({
  type: 'tool_call',
  name: textOf(call['name']) ?? '',
  arguments: call['parameters'],
})

/** Counts of Llama and Titan; the others are in the headers only. */
function usageOf(answer: Fields): TokenUsage | undefined {
  const inputTokens = countOf(answer['prompt_token_count']) ?? countOf(answer['inputTextTokenCount'])
  if (inputTokens === undefined) return undefined
  const results = listOf(answer['results']).map((result) => countOf(fieldsOf(result)['tokenCount']))
  const written = results.reduce<number | undefined>(
    (sum, count) => (count === undefined ? sum : (sum ?? 0) + count),
    undefined,
  )
  return {
    inputTokens,
    outputTokens: countOf(answer['generation_token_count']) ?? written,
    cacheReadTokens: undefined,
    cacheWriteTokens: undefined,
    reasoningTokens: undefined,
  }
}
