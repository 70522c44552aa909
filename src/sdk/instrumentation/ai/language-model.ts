import { context } from '@opentelemetry/api'
import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
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
  ATTR_GEN_AI_TOOL_DEFINITIONS,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
} from '../../../conventions.ts'
import { contentJson } from '../../content.ts'
import { countOf, fieldsOf, listOf, nameOf, numberOf, textsOf } from '../fields.ts'
import { present } from '../present.ts'
import { AnswerParts } from './answer-parts.ts'
import { identityOf } from './model-identity.ts'
import { providerError } from './model-method.ts'
import { promptCharacters, promptMessages, toolDefinitions } from './prompt-content.ts'
import { relay } from './relay.ts'
import type { ModelCall, ModelRequest } from '../../model-call.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'
import type { ModelMethod } from './model-method.ts'

/** `doGenerate` and `doStream` of language models (specifications v2, v3 and v4): what every text, object and agent function calls. */
export const languageModel: readonly ModelMethod[] = [
  {
    name: 'doGenerate',
    request: (model, options) => requestOf(model, options, false),
    response: (result) => {
      const answer = new AnswerParts(true)
      answer.whole(result)
      return answer.response()
    },
  },
  {
    name: 'doStream',
    request: (model, options) => requestOf(model, options, true),
    response: () => new AnswerParts(false).response(),
    follow: followStream,
  },
]

function requestOf(model: Fields, options: Fields, stream: boolean): ModelRequest {
  const identity = identityOf(model)
  return {
    operation: nameOf(model['provider'])?.endsWith('.completion')
      ? GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION
      : GEN_AI_OPERATION_NAME_VALUE_CHAT,
    ...identity,
    stream,
    conversationId: undefined,
    attributes: present({
      [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(options['maxOutputTokens']),
      [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(options['temperature']),
      [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(options['topP']),
      [ATTR_GEN_AI_REQUEST_TOP_K]: countOf(options['topK']),
      [ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY]: numberOf(options['frequencyPenalty']),
      [ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY]: numberOf(options['presencePenalty']),
      [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(options['stopSequences']),
      [ATTR_GEN_AI_REQUEST_SEED]: countOf(options['seed']),
      [ATTR_GEN_AI_REQUEST_REASONING_LEVEL]: reasoningLevel(options),
      [ATTR_GEN_AI_OUTPUT_TYPE]:
        fieldsOf(options['responseFormat'])['type'] === 'json' ? GEN_AI_OUTPUT_TYPE_VALUE_JSON : undefined,
    }),
    content: () => contentOf(options),
    inputCharacters: () => promptCharacters(listOf(options['prompt'])),
  }
}

/** The option of AI SDK 7, or what providers' own options call it. */
function reasoningLevel(options: Fields): string | undefined {
  const level = nameOf(options['reasoning'])
  if (level !== undefined && level !== 'provider-default') return level
  for (const own of Object.values(fieldsOf(options['providerOptions']))) {
    const effort = nameOf(fieldsOf(own)['reasoningEffort'])
    if (effort !== undefined) return effort
  }
  return undefined
}

function contentOf(options: Fields): Attributes {
  const tools = listOf(options['tools'])
  return {
    [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(promptMessages(listOf(options['prompt']))),
    ...(tools.length === 0 ? {} : { [ATTR_GEN_AI_TOOL_DEFINITIONS]: contentJson(toolDefinitions(tools)) }),
  }
}

/** The stream of a model reports failures as parts; it errors only when the connection breaks. */
function followStream(result: Fields, options: Fields, call: ModelCall, sdk: SdkContext): unknown {
  const { stream } = result
  if (!(stream instanceof ReadableStream)) throw new TypeError('the answer has no stream')
  const answer = new AnswerParts(sdk.captureContent || sdk.recordInference !== undefined)
  const aborted = (): boolean => fieldsOf(options['abortSignal'])['aborted'] === true
  const ours = (step: () => void): void => {
    try {
      step()
    } catch (error) {
      sdk.fault('ai: model stream', error)
      call.stop()
    }
  }
  const failed = (error: unknown): void =>
    ours(() => (aborted() ? call.stop(answer.response()) : call.fail(providerError(error), answer.response())))
  const within = call.run(() => context.active())
  return {
    ...result,
    stream: relay(stream, within, {
      item: (part) =>
        ours(() => {
          if (answer.part(fieldsOf(part))) call.progress(true)
        }),
      completed: () => {
        if (answer.failure === undefined) ours(() => call.succeed(answer.response()))
        else failed(answer.failure.error)
      },
      stopped: () => ours(() => call.stop(answer.response())),
      failed,
    }),
  }
}
