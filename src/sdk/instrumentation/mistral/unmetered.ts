import { GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT } from '../../../conventions.ts'
import { fieldsOf, nameOf } from '../fields.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { MistralApi } from './api.ts'

/** `classifiers.moderate` and `moderateChat`, which cost nothing. */
export const mistralModeration: MistralApi = unmetered('moderation')

/** `ocr.process`, which is paid by the page. */
export const mistralOcr: MistralApi = unmetered(GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT)

function unmetered(operation: string): MistralApi {
  return {
    operation,
    unmetered: true,
    attributes: () => ({}),
    content: () => ({}),
    input: () => undefined,
    reader: () => ({ whole: responseOf, event: () => undefined, soFar: () => responseOf(undefined) }),
  }
}

function responseOf(body: unknown): ModelResponse {
  const answer = fieldsOf(body)
  return {
    id: nameOf(answer['id']),
    model: nameOf(answer['model']),
    finishReasons: [],
    usage: undefined,
    errorType: undefined,
    attributes: {},
    content: () => ({}),
  }
}
