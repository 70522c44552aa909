import {
  ATTR_GEN_AI_OUTPUT_TYPE,
  GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
} from '../../../conventions.ts'
import { charactersOf } from '../characters.ts'
import { fieldsOf, nameOf } from '../fields.ts'
import { NO_ANSWER } from './api.ts'
import { openAiUsage } from './usage.ts'
import type { OpenAiApi } from './api.ts'

/** `decisions.create` of openai 7: answers of a fixed form to questions about an input. Its content has no place in the conventions. */
export const decisions: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  attributes: () => ({ [ATTR_GEN_AI_OUTPUT_TYPE]: GEN_AI_OUTPUT_TYPE_VALUE_JSON }),
  content: () => ({}),
  inputCharacters: (body) => charactersOf([body['input'], body['questions']]),
  reader: () => ({
    whole(body) {
      const answer = fieldsOf(body)
      return { ...NO_ANSWER, model: nameOf(answer['model']), usage: openAiUsage(answer['usage']) }
    },
    event: () => {},
    soFar: () => NO_ANSWER,
  }),
}
