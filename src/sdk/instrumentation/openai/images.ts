import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_CHOICE_COUNT,
  GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  GEN_AI_OUTPUT_TYPE_VALUE_IMAGE,
} from '../../../conventions.ts'
import { blob, contentJson, media, text } from '../../content.ts'
import { countOf, fieldsOf, listOf, textOf } from '../fields.ts'
import { present } from '../present.ts'
import { NO_ANSWER } from './api.ts'
import { openAiUsage } from './usage.ts'
import type { MessagePart } from '../../content.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { OpenAiApi } from './api.ts'

/** `images.generate`, `edit` and `createVariation`. Older models (dall-e) count no tokens: they are paid by the image. */
export const images: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  attributes: (body) => ({
    [ATTR_GEN_AI_OUTPUT_TYPE]: GEN_AI_OUTPUT_TYPE_VALUE_IMAGE,
    ...present({ [ATTR_GEN_AI_REQUEST_CHOICE_COUNT]: body['n'] === 1 ? undefined : countOf(body['n']) }),
  }),
  content(body) {
    const prompt = textOf(body['prompt'])
    if (prompt === undefined) return {}
    return { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson([{ role: 'user', parts: [text(prompt)] }]) }
  },
  reader: (keep) => new ImageReader(keep),
}

class ImageReader implements AnswerReader {
  readonly #keep: boolean
  #usage: TokenUsage | undefined
  #parts: MessagePart[] = []

  constructor(keep: boolean) {
    this.#keep = keep
  }

  whole(body: unknown): ModelResponse {
    const answer = fieldsOf(body)
    this.#usage = imageUsage(answer['usage'])
    if (this.#keep) this.#parts = listOf(answer['data']).slice(0, IMAGES_MAX).map(fieldsOf).flatMap(imagePart)
    return this.soFar()
  }

  /** The last event has the usage; the images before it are drafts. */
  event(event: unknown): void {
    const { type, usage, b64_json: image } = fieldsOf(event)
    this.#usage = imageUsage(usage) ?? this.#usage
    if (this.#keep && textOf(type)?.endsWith('.completed') === true && this.#parts.length < IMAGES_MAX)
      this.#parts.push(...imagePart({ b64_json: image }))
  }

  soFar(): ModelResponse {
    const parts = this.#parts
    return {
      ...NO_ANSWER,
      usage: this.#usage,
      content: () => ({ [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([{ role: 'assistant', parts }]) }),
    }
  }
}

/** Images of one answer that are told; OpenAI allows 10. */
const IMAGES_MAX = 64

function imagePart({ url, b64_json: data }: Readonly<Record<string, unknown>>): MessagePart[] {
  if (typeof url === 'string') return [media('image', url)]
  return typeof data === 'string' ? [blob('image', undefined, data)] : []
}

/** What comes out are images, where the answer does not say otherwise. */
function imageUsage(value: unknown): TokenUsage | undefined {
  const usage = openAiUsage(value)
  if (usage === undefined || usage.imageOutputTokens !== undefined || usage.textOutputTokens !== undefined) return usage
  return { ...usage, imageOutputTokens: usage.outputTokens }
}
