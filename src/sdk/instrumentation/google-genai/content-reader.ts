import { ATTR_GEN_AI_OUTPUT_MESSAGES } from '../../../conventions.ts'
import { GrowingText, contentJson } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, isFields, listOf, nameOf, textOf } from '../fields.ts'
import { partsOf } from './content-parts.ts'
import { PartialArguments } from './partial-arguments.ts'
import { contentUsage } from './usage.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'

/** Reads a GenerateContentResponse, or the pieces of one that a stream gives: each has the form of the whole. */
export class ContentReader implements AnswerReader {
  readonly #capture: boolean
  #last: Fields = {}
  #usage: Fields = {}
  #headers: Fields = {}
  #blocked: string | undefined
  #characters = 0
  readonly #candidates: Candidate[] = []

  constructor(capture: boolean) {
    this.#capture = capture
  }

  whole(body: unknown): ModelResponse {
    this.event(body)
    return this.soFar()
  }

  event(event: unknown): void {
    const piece = fieldsOf(event)
    this.#last = { id: piece['responseId'] ?? this.#last['id'], model: piece['modelVersion'] ?? this.#last['model'] }
    this.#headers = fieldsOf(fieldsOf(piece['sdkHttpResponse'])['headers'])
    this.#blocked = nameOf(fieldsOf(piece['promptFeedback'])['blockReason']) ?? this.#blocked
    // Every piece has the counts so far, some have only a part of them.
    if (isFields(piece['usageMetadata'])) this.#usage = { ...this.#usage, ...piece['usageMetadata'] }
    listOf(piece['candidates']).forEach((candidate, position) => this.#grow(fieldsOf(candidate), position))
  }

  soFar(): ModelResponse {
    const reasons = this.#candidates.map(({ finishReason }) => finishReason)
    const finished = this.#blocked !== undefined || reasons.some((reason) => reason !== undefined)
    return {
      id: nameOf(this.#last['id']),
      model: nameOf(this.#last['model']),
      // A prompt that was blocked has no candidates; why is told in their place.
      finishReasons: reasons.length === 0 && this.#blocked !== undefined ? [this.#blocked] : reasons,
      usage: contentUsage(this.#usage, this.#headers, !finished),
      outputCharacters: this.#characters,
      errorType: undefined,
      attributes: {},
      content: () => ({ [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson(this.#candidates.map((one) => one.message())) }),
    }
  }

  #grow(piece: Fields, position: number): void {
    const index = countOf(piece['index']) ?? position
    if (index >= CANDIDATES_MAX) return
    while (this.#candidates.length <= index) this.#candidates.push(new Candidate())
    const candidate = this.#candidates[index]
    const parts = listOf(fieldsOf(piece['content'])['parts'])
    this.#characters += parts.reduce<number>((total, part) => total + charactersOfPart(fieldsOf(part)), 0)
    candidate?.add(parts, nameOf(piece['finishReason']), this.#capture)
  }
}

/** Candidates of one answer that are told; Google allows 8. */
const CANDIDATES_MAX = 64
/** Parts of one candidate that are recorded. */
const PARTS_MAX = 16_384

const charactersOfPart = ({ text, functionCall }: Fields): number => {
  if (typeof text === 'string') return text.length
  const { args, partialArgs } = fieldsOf(functionCall)
  return args === undefined && partialArgs === undefined ? 0 : charactersOf([args, partialArgs])
}

class Candidate {
  finishReason: string | undefined
  readonly #parts: GrowingPart[] = []

  add(parts: readonly unknown[], finishReason: string | undefined, capture: boolean): void {
    this.finishReason = finishReason ?? this.finishReason
    if (!capture) return
    for (const part of parts.map(fieldsOf)) {
      if (this.#parts.at(-1)?.add(part) === true) continue
      if (this.#parts.length < PARTS_MAX) this.#parts.push(new GrowingPart(part))
    }
  }

  message(): ChatMessage {
    return {
      role: 'assistant',
      parts: this.#parts.flatMap((part) => part.whole()),
      finish_reason: this.finishReason,
    }
  }
}

/** A text, or a function call, that several pieces of a stream make. */
class GrowingPart {
  readonly #start: Fields
  readonly #text = new GrowingText()
  readonly #arguments = new PartialArguments()
  #continues: boolean

  constructor(start: Fields) {
    this.#start = start
    this.#text.add(start['text'])
    const { partialArgs, willContinue } = fieldsOf(start['functionCall'])
    this.#arguments.add(partialArgs)
    this.#continues = willContinue === true
  }

  /** True when the part is a continuation of this one, and now in it. */
  add(part: Fields): boolean {
    if (this.#continues && isFields(part['functionCall'])) return this.#addCall(part['functionCall'])
    if (textOf(this.#start['text']) === undefined || textOf(part['text']) === undefined) return false
    if ((this.#start['thought'] === true) !== (part['thought'] === true)) return false
    this.#text.add(part['text'])
    return true
  }

  #addCall({ name, partialArgs, willContinue }: Fields): boolean {
    if (name !== undefined) return false
    this.#arguments.add(partialArgs)
    this.#continues = willContinue === true
    return true
  }

  whole(): MessagePart[] {
    const { functionCall } = this.#start
    if (textOf(this.#start['text']) !== undefined) return partsOf([{ ...this.#start, text: this.#text.value }])
    if (!isFields(functionCall)) return partsOf([this.#start])
    const call = { ...functionCall, args: functionCall['args'] ?? this.#arguments.value }
    return partsOf([{ functionCall: call }])
  }
}
