import { ATTR_GEN_AI_INPUT_MESSAGES } from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import { chatInput } from './chat-messages.ts'
import { NO_ANSWER } from './api.ts'
import type { OpenAiApi } from './api.ts'

/** `moderations.create`, which is free of charge. */
export const moderations: OpenAiApi = {
  operation: 'moderation',
  attributes: () => ({}),
  content: (body) => ({ [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(inputMessages(body['input'])) }),
  unmetered: true,
  reader: () => ({
    whole(body) {
      const answer = fieldsOf(body)
      return { ...NO_ANSWER, id: nameOf(answer['id']), model: nameOf(answer['model']) }
    },
    event: () => {},
    soFar: () => NO_ANSWER,
  }),
}

/** A text, texts, or the parts of one message. */
function inputMessages(input: unknown): unknown[] {
  const items = typeof input === 'string' ? [input] : listOf(input)
  const texts = items.flatMap((item) => textOf(item) ?? [])
  if (texts.length > 0) return [{ role: 'user', parts: texts.map(text) }]
  return chatInput([{ role: 'user', content: items }])
}
