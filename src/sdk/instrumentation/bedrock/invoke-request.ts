import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_AWS_BEDROCK_GUARDRAIL_ID,
  ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT,
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_REQUEST_CHOICE_COUNT,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_SEED,
  ATTR_GEN_AI_REQUEST_STOP_SEQUENCES,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_K,
  ATTR_GEN_AI_REQUEST_TOP_P,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
  GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
} from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { messageInput } from '../anthropic/message-content.ts'
import { countOf, fieldsOf, listOf, nameOf, numberOf, textOf, textsOf } from '../fields.ts'
import { chatInput } from '../openai/chat-messages.ts'
import { present } from '../present.ts'
import { converseContent } from './converse.ts'
import { parsedBody } from './parsed-body.ts'
import type { ChatMessage } from '../../content.ts'
import type { Fields } from '../fields.ts'
import type { BedrockRequest } from './api.ts'

/** What InvokeModel asks, in the format of the model's maker. */
export function invokeRequest(input: Fields): BedrockRequest {
  const body = parsedBody(input['body'])
  const operation = operationOf(textOf(input['modelId']) ?? '', body)
  return {
    operation,
    // Rerankers are paid by the search, media by the piece.
    unmetered: operation === RERANK || operation === GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
    attributes: attributesOf(input, body),
    content: () => (TEXT_OPERATIONS.has(operation) ? contentOf(body) : {}),
    input: () => INPUT_FIELDS.map((field) => body[field]),
  }
}

const RERANK = 'rerank'

const TEXT_OPERATIONS: ReadonlySet<string> = new Set([
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
])

/** What the models of all makers read. */
const INPUT_FIELDS = [
  'system',
  'messages',
  'tools',
  'toolConfig',
  'prompt',
  'inputText',
  'message',
  'chat_history',
  'texts',
]

function operationOf(modelId: string, body: Fields): string {
  if (modelId.includes('rerank')) return RERANK
  if (modelId.includes('embed')) return GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS
  if (body['taskType'] !== undefined || body['text_prompts'] !== undefined || modelId.includes('stability.'))
    return GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT
  return body['prompt'] !== undefined || body['inputText'] !== undefined
    ? GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION
    : GEN_AI_OPERATION_NAME_VALUE_CHAT
}

/** The same parameters have other names with each maker; Titan and Nova keep them in an object. */
function attributesOf(input: Fields, body: Fields): Attributes {
  const nested = fieldsOf(body['textGenerationConfig'] ?? body['inferenceConfig'])
  const first = (...names: string[]): unknown => {
    for (const name of names) {
      const value = body[name] ?? nested[name]
      if (value !== undefined) return value
    }
    return undefined
  }
  const choices = countOf(first('num_generations', 'numResults', 'n'))
  return present({
    [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(first('temperature')),
    [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(first('top_p', 'topP', 'p')),
    [ATTR_GEN_AI_REQUEST_TOP_K]: countOf(first('top_k', 'topK', 'k')),
    [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(
      first(
        'max_tokens',
        'max_completion_tokens',
        'max_tokens_to_sample',
        'max_gen_len',
        'maxTokens',
        'max_new_tokens',
        'maxTokenCount',
      ),
    ),
    [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: nonEmpty(textsOf(first('stop_sequences', 'stopSequences', 'stop'))),
    [ATTR_GEN_AI_REQUEST_SEED]: countOf(first('seed')),
    [ATTR_GEN_AI_REQUEST_CHOICE_COUNT]: choices === 1 ? undefined : choices,
    [ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT]: countOf(first('dimensions', 'output_dimension')),
    [ATTR_AWS_BEDROCK_GUARDRAIL_ID]: nameOf(input['guardrailIdentifier']),
  })
}

const nonEmpty = (list: string[] | undefined): string[] | undefined =>
  list === undefined || list.length === 0 ? undefined : list

function contentOf(body: Fields): Attributes {
  if (body['messages'] === undefined) return { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(promptMessages(body)) }
  if (body['anthropic_version'] !== undefined) return anthropicContent(body)
  const untyped = listOf(body['messages'])
    .flatMap((message) => listOf(fieldsOf(message)['content']))
    .some((part) => fieldsOf(part)['type'] === undefined)
  // Nova has Converse's format, the others OpenAI's.
  return body['inferenceConfig'] !== undefined || body['schemaVersion'] !== undefined || untyped
    ? converseContent(body)
    : { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(chatInput(listOf(body['messages']))) }
}

function anthropicContent(body: Fields): Attributes {
  const content: Attributes = { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(messageInput(listOf(body['messages']))) }
  const system = textOf(body['system'])
  const blocks = listOf(body['system']).flatMap((block) => textOf(fieldsOf(block)['text']) ?? [])
  const instructions = system === undefined ? blocks : [system]
  if (instructions.length > 0) content[ATTR_GEN_AI_SYSTEM_INSTRUCTIONS] = contentJson(instructions.map(text))
  return content
}

/** A prompt, or a message of Cohere's with what was said before. */
function promptMessages(body: Fields): ChatMessage[] {
  const history = listOf(body['chat_history']).map(fieldsOf)
  const prompt = textOf(body['message'] ?? body['prompt'] ?? body['inputText'])
  return [
    ...history.map(({ role, message }) => ({
      role: role === 'USER' ? 'user' : 'assistant',
      parts: [text(textOf(message) ?? '')],
    })),
    ...(prompt === undefined ? [] : [{ role: 'user', parts: [text(prompt)] }]),
  ]
}
