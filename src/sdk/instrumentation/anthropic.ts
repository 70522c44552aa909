import { trace } from '@opentelemetry/api'
import type { Tracer } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_REASONING_LEVEL,
  ATTR_GEN_AI_REQUEST_STOP_SEQUENCES,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_K,
  ATTR_GEN_AI_REQUEST_TOP_P,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OUTPUT_TYPE_VALUE_JSON,
  GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC,
} from '../../conventions.ts'
import { contentJson, text } from '../content.ts'
import { MessageReader } from './anthropic/message-reader.ts'
import { messageInput } from './anthropic/message-content.ts'
import { observeCreate } from './observe-create.ts'
import { endpointOf } from './endpoint.ts'
import { countOf, fieldsOf, isFields, listOf, nameOf, numberOf, textOf, textsOf } from './fields.ts'
import { present } from './present.ts'
import type { Attributes } from '@opentelemetry/api'
import type { ModelRequest } from '../model-call.ts'
import type { Fields } from './fields.ts'
import type { Instrumentation, ModulePatch } from './instrumentation.ts'

/**
 * The `@anthropic-ai/sdk` client: `messages.create` and `beta.messages.create`, to which `parse()`, `stream()` and the tool runner
 * lead.
 *
 * From 0.134 on the client makes spans of its own once a global tracer provider exists. Of these the one for `messages.create` is
 * held back (see `withoutCallSpans`) and ours is made instead, because theirs cannot be completed from outside: it has no
 * `gen_ai.response.finish_reasons` and no cost, both must be on the span before it ends, it ends inside the client, and what is
 * known of a stream by then (stop reason, usage) is in no attribute that all versions write. With ours, all versions give the same
 * span, and there is one span and one cost for each call. Their spans of the tool runner (`invoke_agent`, `execute_tool`) and of the
 * other API methods stay.
 */
export const anthropic: Instrumentation = {
  library: '@anthropic-ai/sdk',
  userAgent: /Anthropic\/JS/,
  majors: [0, 1],
  modules: [
    messages(/^resources\/messages\/messages\.(js|mjs)$/),
    messages(/^resources\/beta\/messages\/messages\.(js|mjs)$/),
    {
      file: /^client\.(js|mjs)$/,
      names: ['BaseAnthropic'],
      patch: ({ BaseAnthropic }) => holdBackCallSpans(BaseAnthropic),
    },
  ],
}

function messages(file: RegExp): ModulePatch {
  return {
    file,
    names: ['Messages'],
    patch: ({ Messages }, sdk) =>
      observeCreate(
        Messages,
        (client, body, options) => ({ request: requestOf(client, body, options), reader: new MessageReader() }),
        sdk,
      ),
  }
}

function requestOf(client: Fields, body: Fields, options: Fields): ModelRequest {
  const endpoint = endpointOf(client['baseURL'])
  return {
    operation: GEN_AI_OPERATION_NAME_VALUE_CHAT,
    // The clients for Bedrock, Vertex and Foundry name their platform here.
    provider: nameOf(client['_genAIProviderName']) ?? endpoint.provider ?? GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC,
    model: nameOf(body['model']),
    serverAddress: endpoint.address,
    serverPort: endpoint.port,
    stream: body['stream'] === true,
    conversationId: nameOf(fieldsOf(options['openTelemetry'])['conversationId']),
    attributes: present({
      [ATTR_GEN_AI_REQUEST_MAX_TOKENS]: countOf(body['max_tokens']),
      [ATTR_GEN_AI_REQUEST_TEMPERATURE]: numberOf(body['temperature']),
      [ATTR_GEN_AI_REQUEST_TOP_P]: numberOf(body['top_p']),
      [ATTR_GEN_AI_REQUEST_TOP_K]: countOf(body['top_k']),
      [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES]: textsOf(body['stop_sequences']),
      [ATTR_GEN_AI_REQUEST_REASONING_LEVEL]: nameOf(fieldsOf(body['output_config'])['effort']),
      [ATTR_GEN_AI_OUTPUT_TYPE]: isJsonOutput(body) ? GEN_AI_OUTPUT_TYPE_VALUE_JSON : undefined,
    }),
    content: () => contentOf(body),
  }
}

const isJsonOutput = (body: Fields): boolean =>
  [fieldsOf(body['output_config'])['format'], body['output_format']].some(
    (format) => fieldsOf(format)['type'] === 'json_schema',
  )

function contentOf(body: Fields): Attributes {
  const content: Attributes = { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(messageInput(listOf(body['messages']))) }
  const system = textOf(body['system'])
  const blocks = listOf(body['system']).flatMap((block) => textOf(fieldsOf(block)['text']) ?? [])
  const instructions = system === undefined ? blocks : [system]
  if (instructions.length > 0) content[ATTR_GEN_AI_SYSTEM_INSTRUCTIONS] = contentJson(instructions.map(text))
  return content
}

/**
 * The client keeps its tracer in `_tracer`, assigned in the constructor. An accessor on the prototype takes that assignment and
 * gives a tracer without the spans of `messages.create`. A client that was given a tracer provider of the application's own keeps
 * its spans: they go elsewhere. Versions without native spans never assign it.
 */
function holdBackCallSpans(client: unknown): void {
  const prototype: unknown = typeof client === 'function' ? client.prototype : undefined
  if (!isFields(prototype)) throw new TypeError('the client class is missing')
  const tracers = new WeakMap<object, unknown>()
  Object.defineProperty(prototype, '_tracer', {
    configurable: true,
    enumerable: false,
    get(this: object) {
      return tracers.get(this)
    },
    set(this: object, tracer: unknown) {
      const own = fieldsOf(fieldsOf(this)['openTelemetry'])['tracerProvider'] !== undefined
      tracers.set(this, isTracer(tracer) && !own ? withoutCallSpans(tracer) : tracer)
    },
  })
}

const CALL_SPAN = 'anthropic.messages.create'

const isTracer = (value: unknown): value is Tracer => isFields(value) && typeof value['startSpan'] === 'function'

/** A span that does not record is what the client takes for "no tracing of this call". */
function withoutCallSpans(tracer: Tracer): Tracer {
  const filtered: Tracer = Object.create(tracer)
  filtered.startSpan = (name, ...rest) =>
    name === CALL_SPAN ? trace.wrapSpanContext(NO_SPAN_CONTEXT) : tracer.startSpan(name, ...rest)
  return filtered
}

const NO_SPAN_CONTEXT = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }
