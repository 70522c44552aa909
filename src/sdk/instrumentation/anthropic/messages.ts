import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  ATTR_GEN_AI_TOOL_DEFINITIONS,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
} from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { fieldsOf, listOf, textOf } from '../fields.ts'
import { messageInput } from './message-content.ts'
import { MessageReader } from './message-reader.ts'
import type { Attributes } from '@opentelemetry/api'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'

/** `messages.create`, of the client and of its beta part. */
export const messages = {
  operation: GEN_AI_OPERATION_NAME_VALUE_CHAT,
  maxTokens: 'max_tokens',
  input: (body: Fields): unknown => [body['system'], body['messages'], body['tools']],
  content: contentOf,
  reader: (capture: boolean): AnswerReader => new MessageReader(capture),
}

function contentOf(body: Fields): Attributes {
  const content: Attributes = { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(messageInput(listOf(body['messages']))) }
  const system = textOf(body['system'])
  const blocks = listOf(body['system']).flatMap((block) => textOf(fieldsOf(block)['text']) ?? [])
  const instructions = system === undefined ? blocks : [system]
  if (instructions.length > 0) content[ATTR_GEN_AI_SYSTEM_INSTRUCTIONS] = contentJson(instructions.map(text))
  const tools = listOf(body['tools']).map(fieldsOf)
  if (tools.length > 0) content[ATTR_GEN_AI_TOOL_DEFINITIONS] = contentJson(tools.map(definition))
  return content
}

/** A tool of the agent's own is a function; the ones that Anthropic runs are named by their type. */
const definition = ({ type, name, description, input_schema: parameters }: Fields): Fields =>
  parameters === undefined ? { type, name } : { type: 'function', name, description, parameters }
