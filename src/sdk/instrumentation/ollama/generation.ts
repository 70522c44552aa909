import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY,
  ATTR_GEN_AI_REQUEST_REASONING_LEVEL,
  ATTR_GEN_AI_REQUEST_SEED,
  ATTR_GEN_AI_REQUEST_STOP_SEQUENCES,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_K,
  ATTR_GEN_AI_REQUEST_TOP_P,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
} from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { countOf, fieldsOf, nameOf, numberOf, textOf, textsOf } from '../fields.ts'
import { ChatChoice, chatOutput } from '../openai/chat-messages.ts'
import { decisions } from '../openai/decisions.ts'
import { present } from '../present.ts'
import { images, ollamaInput, openAiMessage } from './messages.ts'
import { ollamaUsage } from './usage.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { Fields } from '../fields.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { OpenAiApi } from '../openai/api.ts'

export const chat: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_CHAT,
  attributes: samplingAttributes,
  content: (body) => ({ [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(ollamaInput(body['messages'])) }),
  inputCharacters: (body) => charactersOf([body['messages'], body['tools']]),
  reader: (keep) => new OllamaReader(keep),
}

/** `generate`: a prompt and what follows. */
export const generate: OpenAiApi = {
  operation: GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
  attributes: samplingAttributes,
  content(body) {
    const parts = [body['prompt'], body['suffix']].flatMap((part) => textOf(part) ?? []).map(text)
    const content: Attributes = {
      [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson([{ role: 'user', parts: [...parts, ...images(body['images'])] }]),
    }
    const system = nameOf(body['system'])
    if (system !== undefined) content[ATTR_GEN_AI_SYSTEM_INSTRUCTIONS] = contentJson([text(system)])
    return content
  },
  inputCharacters: (body) => charactersOf([body['system'], body['prompt'], body['suffix']]),
  reader: (keep) => new OllamaReader(keep),
}

/** `systemone`: answers of a fixed form to questions about a state, as openai's `decisions`. */
export const systemOne: OpenAiApi = {
  ...decisions,
  inputCharacters: (body) => charactersOf([body['state'], body['questions']]),
}

/** Ollama keeps what steers the model in `options`. */
function samplingAttributes(body: Fields): Attributes {
  const options = fieldsOf(body['options'])
  return present({
    [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(options['temperature']),
    [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(options['top_p']),
    [ATTR_GEN_AI_REQUEST_TOP_K]: countOf(options['top_k']),
    [ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY]: numberOf(options['frequency_penalty']),
    [ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY]: numberOf(options['presence_penalty']),
    [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(options['num_predict']),
    [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(options['stop']),
    [ATTR_GEN_AI_REQUEST_SEED]: countOf(options['seed']),
    [ATTR_GEN_AI_REQUEST_REASONING_LEVEL]: nameOf(body['think']),
    [ATTR_GEN_AI_OUTPUT_TYPE]:
      body['format'] === undefined || body['format'] === '' ? undefined : GEN_AI_OUTPUT_TYPE_VALUE_JSON,
  })
}

/** Reads an answer, or the chunks of one: the last has the reason and the counts. */
class OllamaReader implements AnswerReader {
  #model: string | undefined
  #usage: TokenUsage | undefined
  #begun = false
  #done = false
  #toolCalls = 0
  readonly #choice: ChatChoice

  constructor(keep: boolean) {
    this.#choice = new ChatChoice(keep)
  }

  whole(body: unknown): ModelResponse {
    this.event(body)
    return this.soFar()
  }

  event(event: unknown): void {
    const answer = fieldsOf(event)
    this.#begun = true
    this.#model = nameOf(answer['model']) ?? this.#model
    this.#usage = ollamaUsage(answer) ?? this.#usage
    this.#done ||= answer['done'] === true
    const message = openAiMessage(messageOf(answer), this.#toolCalls)
    this.#toolCalls += message.tool_calls.length
    this.#choice.add(message, answer['done_reason'])
  }

  soFar(): ModelResponse {
    const { finishReason, characters } = this.#choice
    return {
      id: undefined,
      model: this.#model,
      finishReasons: this.#finishReasons(finishReason),
      usage: this.#usage,
      outputCharacters: characters,
      errorType: undefined,
      attributes: {},
      content: () => (this.#begun ? { [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson(chatOutput([this.#choice])) } : {}),
    }
  }

  /** Older servers give no reason for an answer that is done. */
  #finishReasons(reason: string | undefined): (string | undefined)[] {
    return this.#begun && (reason !== undefined || !this.#done) ? [reason] : []
  }
}

/** `generate` has no message: its text stands at the top. */
const messageOf = (answer: Fields): Fields =>
  answer['message'] === undefined
    ? { role: 'assistant', content: answer['response'], thinking: answer['thinking'] }
    : fieldsOf(answer['message'])
