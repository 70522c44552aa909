import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
} from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { countOf, fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import { ChatChoice } from '../openai/chat-messages.ts'
import { present } from '../present.ts'
import { samplingAttributes } from './chat.ts'
import { mistralInput, openAiMessage } from './messages.ts'
import { mistralUsage } from './usage.ts'
import type { ChatMessage } from '../../content.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'
import type { MistralApi } from './api.ts'

/** `beta.conversations.start`, `append` and `restart`, and their streams: a model or a hosted agent answers, and the server keeps what was said. */
export const mistralConversation: MistralApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_CHAT,
  unmetered: false,
  conversationId: (body) => nameOf(body['conversationId']),
  attributes: (body) => samplingAttributes(fieldsOf(asked(body)['completionArgs'])),
  content: contentOf,
  input: (body) => [asked(body)['instructions'], asked(body)['inputs'], asked(body)['tools']],
  reader: (keep) => new ConversationReader(keep),
}

/** What is asked of a conversation that exists is one field of the request, named by the method. */
function asked(body: Fields): Fields {
  const key = Object.keys(body).find((name) => /^conversation(Append|Restart)(Stream)?Request$/.test(name))
  return key === undefined ? body : fieldsOf(body[key])
}

function contentOf(body: Fields): Attributes {
  const { inputs, instructions } = asked(body)
  const messages: ChatMessage[] =
    typeof inputs === 'string'
      ? [{ role: 'user', parts: [text(inputs)] }]
      : listOf(inputs).map(fieldsOf).flatMap(inputMessages)
  const content: Attributes = { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(messages) }
  const words = textOf(instructions)
  if (words !== undefined) content[ATTR_GEN_AI_SYSTEM_INSTRUCTIONS] = contentJson([text(words)])
  return content
}

function inputMessages(entry: Fields): ChatMessage[] {
  switch (entry['type']) {
    case 'function.result':
      return [
        {
          role: 'tool',
          parts: [{ type: 'tool_call_response', id: nameOf(entry['toolCallId']), response: entry['result'] }],
        },
      ]
    case 'function.call':
      return mistralInput([{ role: 'assistant', toolCalls: [toolCallOf(entry)] }])
    default:
      return mistralInput([{ role: entry['role'] ?? 'assistant', content: entry['content'] }])
  }
}

const toolCallOf = ({ toolCallId, name, arguments: args }: Fields): Fields => ({
  id: toolCallId,
  function: { name, arguments: args },
})

/** Reads the entries of an answer, or the events of a stream that build them up. */
class ConversationReader implements AnswerReader {
  readonly #choice: ChatChoice
  #conversationId: string | undefined
  #model: string | undefined
  #usage: TokenUsage | undefined
  #failure: string | undefined

  constructor(keep: boolean) {
    this.#choice = new ChatChoice(keep)
  }

  whole(body: unknown): ModelResponse {
    const answer = fieldsOf(body)
    this.#conversationId = nameOf(answer['conversationId'])
    this.#usage = mistralUsage(answer['usage'])
    for (const entry of listOf(answer['outputs']).map(fieldsOf)) this.#add(entry)
    return this.soFar()
  }

  event(event: unknown): void {
    const entry = fieldsOf(fieldsOf(event)['data'])
    switch (entry['type']) {
      case 'conversation.response.started':
        this.#conversationId = nameOf(entry['conversationId'])
        return undefined
      case 'conversation.response.done':
        this.#usage = mistralUsage(entry['usage'])
        return undefined
      case 'conversation.response.error':
        this.#failure = String(countOf(entry['code']) ?? 'response_failed')
        return undefined
      default:
        return this.#add(entry)
    }
  }

  soFar(): ModelResponse {
    return {
      id: undefined,
      model: this.#model,
      finishReasons: [],
      usage: this.#usage,
      outputCharacters: this.#choice.characters,
      errorType: this.#failure,
      attributes: present({ [ATTR_GEN_AI_CONVERSATION_ID]: this.#conversationId }),
      content: () => ({
        [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([{ role: 'assistant', parts: this.#choice.parts() }]),
      }),
    }
  }

  /** An entry and its delta differ in what is missing only. A text can be one part instead of a list of them. */
  #add(entry: Fields): void {
    const type = textOf(entry['type'])
    this.#model = nameOf(entry['model']) ?? this.#model
    if (type?.startsWith('message.output') === true) {
      const { content } = entry
      this.#choice.add(openAiMessage({ content: typeof content === 'string' ? content : [content].flat() }), undefined)
    } else if (type?.startsWith('function.call') === true) {
      const call = toolCallOf(entry)
      // Deltas of one call have its id, calls have no place.
      this.#choice.add(openAiMessage({ content: '', toolCalls: [{ ...call, index: undefined }] }), undefined)
    }
  }
}
