import {
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_REASONING_LEVEL,
  ATTR_GEN_AI_REQUEST_STOP_SEQUENCES,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_K,
  ATTR_GEN_AI_REQUEST_TOP_P,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
  GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC,
} from '../../conventions.ts'
import { completions } from './anthropic/completions.ts'
import { messages } from './anthropic/messages.ts'
import { holdBackNativeSpans } from './anthropic/native-spans.ts'
import { runnableTools, toolRunner } from './anthropic/tool-runner.ts'
import { charactersOf } from './characters.ts'
import { endpointOf } from './endpoint.ts'
import { exportedAt } from './exported-at.ts'
import { governRetries } from './govern-retries.ts'
import { countOf, fieldsOf, nameOf, numberOf, textsOf } from './fields.ts'
import { observeCreate } from './observe-create.ts'
import { present } from './present.ts'
import type { Attributes } from '@opentelemetry/api'
import type { ModelRequest } from '../model-call.ts'
import type { AnswerReader } from './api-promise.ts'
import type { Fields } from './fields.ts'
import type { Instrumentation, ModulePatch } from './instrumentation.ts'

/**
 * The `@anthropic-ai/sdk` client: `messages.create` and `beta.messages.create`, to which `parse()`, `stream()`, threads and the tool
 * runner lead, the text completions of 0.x, the tool runner itself and the tools that it and a session's runner run.
 *
 * Not observed: `countTokens`, for which the conventions have no operation and nobody pays, and batches, whose answers are read later, any
 * number of times and maybe elsewhere: counted at each reading they would be counted too often.
 */
export const anthropic: Instrumentation = {
  library: '@anthropic-ai/sdk',
  main: 'Anthropic',
  userAgent: /Anthropic\/JS/,
  majors: [0, 1],
  modules: [
    exportedAt('Anthropic.Messages', create(/^resources\/messages\/messages\.(js|mjs)$/, 'Messages', messages)),
    exportedAt(
      'Anthropic.Beta.Messages',
      create(/^resources\/beta\/messages\/messages\.(js|mjs)$/, 'Messages', messages),
    ),
    exportedAt('Anthropic.Completions', create(/^resources\/completions\.(js|mjs)$/, 'Completions', completions)),
    exportedAt(['BaseAnthropic', 'Anthropic.__proto__'], {
      file: /^client\.(js|mjs)$/,
      names: ['BaseAnthropic'],
      patch: ({ BaseAnthropic }, sdk) => {
        holdBackNativeSpans(BaseAnthropic)
        sdk.guard?.client(BaseAnthropic)
        governRetries(BaseAnthropic, sdk)
      },
    }),
    toolRunner,
    ...runnableTools,
  ],
}

/** How one API of Anthropic's is read. */
interface AnthropicApi {
  /** `gen_ai.operation.name` */
  readonly operation: string
  /** The field of the request that limits the answer. */
  readonly maxTokens: string
  /** What the model is sent. */
  readonly input: (body: Fields) => unknown
  readonly content: (body: Fields) => Attributes
  readonly reader: (capture: boolean) => AnswerReader
}

function create(file: RegExp, resource: string, api: AnthropicApi): ModulePatch {
  return {
    file,
    names: [resource],
    patch: (bindings, sdk) =>
      observeCreate(
        bindings[resource],
        (client, body, options) => ({
          request: requestOf(api, client, body, options),
          reader: api.reader(sdk.captureContent),
        }),
        sdk,
      ),
  }
}

function requestOf(api: AnthropicApi, client: Fields, body: Fields, options: Fields): ModelRequest {
  const endpoint = endpointOf(client['baseURL'])
  return {
    operation: api.operation,
    provider: providerOf(client) ?? endpoint.provider ?? GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC,
    model: nameOf(body['model']),
    serverAddress: endpoint.address,
    serverPort: endpoint.port,
    stream: body['stream'] === true,
    conversationId: nameOf(fieldsOf(options['openTelemetry'])['conversationId']),
    attributes: present({
      [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(body[api.maxTokens]),
      [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(body['temperature']),
      [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(body['top_p']),
      [ATTR_GEN_AI_REQUEST_TOP_K]: countOf(body['top_k']),
      [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(body['stop_sequences']),
      [ATTR_GEN_AI_REQUEST_REASONING_LEVEL]: nameOf(fieldsOf(body['output_config'])['effort']),
      [ATTR_GEN_AI_OUTPUT_TYPE]: isJsonOutput(body) ? GEN_AI_OUTPUT_TYPE_VALUE_JSON : undefined,
    }),
    content: () => api.content(body),
    inputCharacters: () => charactersOf(api.input(body)),
  }
}

/** The clients for Bedrock, Vertex and Foundry name their platform; the plain one speaks to whoever offers Anthropic's API. */
function providerOf(client: Fields): string | undefined {
  const name = nameOf(client['_genAIProviderName'])
  return name === GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC ? undefined : name
}

const isJsonOutput = (body: Fields): boolean =>
  [fieldsOf(body['output_config'])['format'], body['output_format']].some(
    (format) => fieldsOf(format)['type'] === 'json_schema',
  )
