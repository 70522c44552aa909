import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_CHOICE_COUNT,
  ATTR_GEN_AI_REQUEST_SEED,
  GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  GEN_AI_OUTPUT_TYPE_VALUE_IMAGE,
  GEN_AI_OUTPUT_TYPE_VALUE_SPEECH,
  GEN_AI_OUTPUT_TYPE_VALUE_TEXT,
} from '../../../conventions.ts'
import { blob, contentJson, text } from '../../content.ts'
import { countOf, fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import { present } from '../present.ts'
import { usageOf } from './answer-parts.ts'
import { identityOf } from './model-identity.ts'
import type { MessagePart } from '../../content.ts'
import type { Fields } from '../fields.ts'
import type { ModelMethod } from './model-method.ts'

/** `doGenerate` of image models. */
export const imageModel: readonly ModelMethod[] = [mediaMethod(GEN_AI_OUTPUT_TYPE_VALUE_IMAGE, 'prompt')]

/** `doGenerate` of speech models. */
export const speechModel: readonly ModelMethod[] = [mediaMethod(GEN_AI_OUTPUT_TYPE_VALUE_SPEECH, 'text')]

/** `doGenerate` of transcription models. */
export const transcriptionModel: readonly ModelMethod[] = [mediaMethod(GEN_AI_OUTPUT_TYPE_VALUE_TEXT, undefined)]

/** `input` is the option with the text that is asked, where text is. */
function mediaMethod(outputType: string, input: 'prompt' | 'text' | undefined): ModelMethod {
  const asked = (options: Fields): string | undefined => (input === undefined ? undefined : textOf(options[input]))
  return {
    name: 'doGenerate',
    request: (model, options) => ({
      operation: GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
      ...identityOf(model),
      stream: false,
      conversationId: undefined,
      attributes: present({
        [ATTR_GEN_AI_OUTPUT_TYPE]: outputType,
        [ATTR_GEN_AI_REQUEST_CHOICE_COUNT]: options['n'] === 1 ? undefined : countOf(options['n']),
        [ATTR_GEN_AI_REQUEST_SEED]: countOf(options['seed']),
      }),
      content: () => messages(ATTR_GEN_AI_INPUT_MESSAGES, 'user', asked(options)),
      inputCharacters: () => asked(options)?.length ?? 0,
    }),
    response: (result) => ({
      id: undefined,
      model: nameOf(fieldsOf(result['response'])['modelId']),
      finishReasons: [],
      usage: usageOf(fieldsOf(result['usage'])),
      outputCharacters: textOf(result['text'])?.length,
      errorType: undefined,
      attributes: {},
      content: () => outputContent(result),
    }),
  }
}

/** Images that are told of one answer. */
const IMAGES_MAX = 64

function outputContent(result: Fields): Attributes {
  const images = listOf(result['images']).slice(0, IMAGES_MAX)
  if (images.length === 0) return messages(ATTR_GEN_AI_OUTPUT_MESSAGES, 'assistant', textOf(result['text']))
  const parts: MessagePart[] = images.map((image) => blob('image', undefined, image))
  return { [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([{ role: 'assistant', parts }]) }
}

const messages = (attribute: string, role: string, content: string | undefined): Attributes =>
  content === undefined ? {} : { [attribute]: contentJson([{ role, parts: [text(content)] }]) }
