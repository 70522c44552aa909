import { ATTR_GEN_AI_OUTPUT_MESSAGES } from '../../../conventions.ts'
import { GrowingText, contentJson, toolArguments } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, isFields, listOf, nameOf, textOf } from '../fields.ts'
import { stepParts } from './interaction-parts.ts'
import { interactionUsage } from './usage.ts'
import type { MessagePart } from '../../content.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'

/** Reads an Interaction: whole, as the receipt of one that runs in the background, or as the events of a stream build it up. */
export class InteractionReader implements AnswerReader {
  readonly #capture: boolean
  #interaction: Fields = {}
  #error: string | undefined
  #characters = 0
  readonly #steps: GrowingStep[] = []

  constructor(capture: boolean) {
    this.#capture = capture
  }

  whole(body: unknown): ModelResponse {
    this.#interaction = fieldsOf(body)
    listOf(this.#interaction['steps']).forEach((step, index) => this.#startStep(index, fieldsOf(step)))
    return this.soFar()
  }

  event(event: unknown): void {
    const { event_type: type, interaction, index, step, delta, error, status, interaction_id: id } = fieldsOf(event)
    if (isFields(interaction)) this.#interaction = { ...this.#interaction, ...interaction }
    if (type === 'interaction.status_update') this.#interaction = { id, ...this.#interaction, status }
    if (type === 'error') this.#error = nameOf(fieldsOf(error)['code']) ?? 'error'
    const position = countOf(index)
    if (position === undefined) return
    if (type === 'step.start') this.#startStep(position, fieldsOf(step))
    if (type === 'step.delta') this.#grow(position, fieldsOf(delta))
  }

  soFar(): ModelResponse {
    const { id, model, status } = this.#interaction
    const reason = finishReason(status)
    return {
      id: nameOf(id),
      model: nameOf(model),
      finishReasons: reason === undefined ? [] : [reason],
      usage: this.#usage(),
      outputCharacters: this.#characters,
      errorType:
        this.#error ?? (status === 'failed' ? (errorCode(this.#interaction) ?? 'interaction_failed') : undefined),
      attributes: {},
      content: () => ({
        [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([
          { role: 'assistant', parts: this.#steps.flatMap((step) => step.parts()), finish_reason: reason },
        ]),
      }),
    }
  }

  #usage(): TokenUsage | undefined {
    const { usage, service_tier: tier } = this.#interaction
    return interactionUsage(fieldsOf(usage), nameOf(tier))
  }

  #startStep(index: number, step: Fields): void {
    // What was sent is told as input.
    if (step['type'] === 'user_input') return
    this.#characters += charactersOf([step['content'], step['summary'], step['arguments']])
    if (this.#capture && index < STEPS_MAX) this.#steps[index] = new GrowingStep(step)
  }

  #grow(index: number, delta: Fields): void {
    const { text, arguments: json, content } = delta
    this.#characters += (textOf(text) ?? textOf(json) ?? textOf(fieldsOf(content)['text']) ?? '').length
    this.#steps[index]?.add(delta)
  }
}

/** Steps of one answer that are recorded. */
const STEPS_MAX = 4_096
/** Contents of one step that a stream adds and that are recorded. */
const CONTENTS_MAX = 4_096

const finishReason = (status: unknown): string | undefined =>
  status === 'in_progress' || status === 'queued' ? undefined : nameOf(status)

const errorCode = (interaction: Fields): string | undefined => nameOf(fieldsOf(interaction['error'])['code'])

/** A step with the deltas that a stream adds to it. */
class GrowingStep {
  readonly #start: Fields
  readonly #arguments = new GrowingText()
  /** Text as it grows, and other contents between. */
  readonly #contents: (GrowingText | Fields)[] = []

  constructor(start: Fields) {
    this.#start = start
  }

  add(delta: Fields): void {
    const { type, text, content, arguments: json } = delta
    if (type === 'arguments_delta') this.#arguments.add(json)
    else if (type === 'text') this.#addText(text)
    else if (type === 'thought_summary') this.#addText(fieldsOf(content)['text'])
    else if (type !== 'thought_signature' && this.#contents.length < CONTENTS_MAX) this.#contents.push(delta)
  }

  #addText(text: unknown): void {
    const last = this.#contents.at(-1)
    const growing = last instanceof GrowingText ? last : new GrowingText()
    growing.add(text)
    if (growing !== last && this.#contents.length < CONTENTS_MAX) this.#contents.push(growing)
  }

  parts(): MessagePart[] {
    const { type } = this.#start
    const added = this.#contents.map((one) => (one instanceof GrowingText ? { type: 'text', text: one.value } : one))
    if (type === 'model_output' || type === 'thought') {
      const key = type === 'thought' ? 'summary' : 'content'
      return stepParts({ ...this.#start, [key]: [...listOf(this.#start[key]), ...added] })
    }
    const json = this.#arguments.value
    // What is told of a tool of the provider's bit by bit completes the step.
    const step: Fields = Object.assign({}, this.#start, ...added, { type })
    return stepParts(json === '' ? step : { ...step, arguments: toolArguments(json) })
  }
}
