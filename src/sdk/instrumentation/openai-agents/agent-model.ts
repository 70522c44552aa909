import { context } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY,
  ATTR_GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID,
  ATTR_GEN_AI_REQUEST_REASONING_LEVEL,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_P,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
  GEN_AI_PROVIDER_NAME_VALUE_OPENAI,
} from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { startModelCall } from '../../model-call.ts'
import { observe } from '../../observe.ts'
import { countOf, fieldsOf, listOf, nameOf, numberOf, textOf } from '../fields.ts'
import { present } from '../present.ts'
import { answerParts, itemCharacters, itemMessages } from './agent-items.ts'
import { agentContext, currentAgent } from './run-scope.ts'
import type { ModelCall, ModelRequest, ModelResponse } from '../../model-call.ts'
import type { TokenUsage } from '../../model-usage.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'

/**
 * A call of an agent's model, its repetitions included, whatever the model is. Where it is the `openai` client, or another one that is
 * observed, that one's span is reported instead.
 */
export function runModel(
  [model, request]: readonly unknown[],
  stream: boolean,
  call: () => unknown,
  sdk: SdkContext,
): unknown {
  return context.with(agentContext(), () => {
    const begun = begin(fieldsOf(model), fieldsOf(request), stream, sdk)
    if (begun === undefined) return call()
    const ours = (step: () => void): void => {
      try {
        step()
      } catch (error) {
        sdk.fault('openai agents: model answer', error)
        begun.stop()
      }
    }
    const answer = new Answer()
    return observe(
      call,
      begun.run(() => context.active()),
      {
        item: (event) =>
          ours(() => {
            answer.event(fieldsOf(event))
            begun.progress(true)
          }),
        stopped: () => ours(() => begun.stop(answer.response())),
        returned: (value) =>
          ours(() => {
            if (!stream) answer.done(fieldsOf(value))
            begun.succeed(answer.response())
          }),
        failed: (error) =>
          ours(() =>
            fieldsOf(fieldsOf(request)['signal'])['aborted'] === true && stream
              ? begun.stop(answer.response())
              : begun.fail(error, stream ? answer.response() : undefined),
          ),
      },
    )
  })
}

function begin(model: Fields, request: Fields, stream: boolean, sdk: SdkContext): ModelCall | undefined {
  try {
    return startModelCall(sdk, requestOf(model, request, stream))
  } catch (error) {
    sdk.fault('openai agents: begin of a model call', error)
    return undefined
  }
}

function requestOf(model: Fields, request: Fields, stream: boolean): ModelRequest {
  const settings = fieldsOf(request['modelSettings'])
  const { outputType, systemInstructions } = request
  const instructions = nameOf(systemInstructions)
  return {
    operation: GEN_AI_OPERATION_NAME_VALUE_CHAT,
    provider: providerOf(model),
    // The library's own models keep their name to themselves; the agent says what it asked for.
    model: nameOf(model['model']) ?? nameOf(model['modelId']) ?? nameOf(currentAgent()['model']),
    serverAddress: undefined,
    serverPort: undefined,
    stream,
    conversationId: nameOf(request['conversationId']),
    attributes: present({
      [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(settings['temperature']),
      [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(settings['topP']),
      [ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY]: numberOf(settings['frequencyPenalty']),
      [ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY]: numberOf(settings['presencePenalty']),
      [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(settings['maxTokens']),
      [ATTR_GEN_AI_REQUEST_REASONING_LEVEL]: nameOf(fieldsOf(settings['reasoning'])['effort']),
      [ATTR_GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID]: nameOf(request['previousResponseId']),
      [ATTR_GEN_AI_OUTPUT_TYPE]:
        fieldsOf(outputType)['type'] === 'json_schema' ? GEN_AI_OUTPUT_TYPE_VALUE_JSON : undefined,
    }),
    content: () => ({
      [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(itemMessages(request['input'])),
      ...(instructions === undefined ? {} : { [ATTR_GEN_AI_SYSTEM_INSTRUCTIONS]: contentJson([text(instructions)]) }),
    }),
    inputCharacters: () => itemCharacters(request['input']) + (instructions?.length ?? 0),
    framework: true,
  }
}

/** The classes of `@openai/agents-openai` are the provider's own; what else implements the interface may say who it is. */
function providerOf(model: Fields): string {
  const { constructor } = model
  const className = typeof constructor === 'function' ? constructor.name : ''
  return nameOf(model['provider']) ?? (className.startsWith('OpenAI') ? GEN_AI_PROVIDER_NAME_VALUE_OPENAI : 'unknown')
}

/** A `ModelResponse`, whole or as the last event of a stream brings it. */
class Answer {
  #response: Fields | undefined
  #characters = 0
  #begun = false

  event(event: Fields): void {
    this.#begun = true
    if (event['type'] === 'output_text_delta') this.#characters += textOf(event['delta'])?.length ?? 0
    if (event['type'] === 'response_done') this.#response = fieldsOf(event['response'])
  }

  done(response: Fields): void {
    this.#begun = true
    this.#response = response
  }

  response(): ModelResponse {
    const response = this.#response
    const { output, providerData } = response ?? {}
    const data = fieldsOf(providerData)
    const reason = nameOf(data['status']) ?? nameOf(fieldsOf(listOf(data['choices'])[0])['finish_reason'])
    const known = reason === undefined ? [] : [reason]
    return {
      id: nameOf(response?.['responseId'] ?? response?.['id']),
      model: nameOf(data['model']),
      finishReasons: response === undefined && this.#begun ? [undefined] : known,
      usage: usageOf(fieldsOf(response?.['usage'])),
      outputCharacters: response === undefined ? this.#characters : itemCharacters(output),
      errorType: undefined,
      attributes: {},
      content: () => ({
        [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([
          { role: 'assistant', parts: answerParts(output), finish_reason: reason },
        ]),
      }),
    }
  }
}

/** The library counts zero where the provider sent nothing. */
function usageOf(usage: Fields): TokenUsage | undefined {
  const inputTokens = countOf(usage['inputTokens'])
  const outputTokens = countOf(usage['outputTokens'])
  if ((inputTokens ?? 0) === 0 && (outputTokens ?? 0) === 0) return undefined
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens: detail(usage['inputTokensDetails'], 'cached_tokens'),
    cacheWriteTokens: detail(usage['inputTokensDetails'], 'cache_write_tokens'),
    reasoningTokens: detail(usage['outputTokensDetails'], 'reasoning_tokens'),
  }
}

/** Details are one object for each request that was made for the answer. */
function detail(details: unknown, name: string): number | undefined {
  const counts = (Array.isArray(details) ? details : [details]).flatMap((one) => countOf(fieldsOf(one)[name]) ?? [])
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0)
}
