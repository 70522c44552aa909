import { awsEvents } from './aws-events.ts'
import { json, namedSse, sse } from './model-server.ts'
import type { ModelAnswer } from './model-server.ts'

/** What a model says, whatever the format that its provider sends it in. */
export interface Said {
  readonly id: string
  readonly model: string
  readonly text: string
  /** Instead of ending with the text, the model calls a tool. */
  readonly call?: { readonly name: string; readonly args: object } | undefined
  readonly usage: SaidUsage
}

/** As the GenAI conventions count: what was cached is part of the input. */
export interface SaidUsage {
  readonly input: number
  readonly cached: number
  readonly output: number
}

/** One provider's way of answering. */
export interface WireFormat {
  whole(said: Said): ModelAnswer
  /** Events of a stream that ends as it should: the last one or two carry the usage. */
  stream(said: Said): ModelAnswer
  /** HTTP status and the provider's words. */
  refusal(status: number, message: string): ModelAnswer
  /** A stream that says in its midst that it has failed. */
  broken(said: Said, message: string): ModelAnswer
}

/** The id of every call of a tool; where a format has none, the tool's result names the tool. */
export const CALL_ID = 'call00001'

/** The format that is spoken at a path; undefined: not a path of a model. */
export function wireFormatOf(path: string): WireFormat | undefined {
  const [bare = ''] = path.split('?', 1)
  return Object.entries(PATHS).find(([end]) => bare.endsWith(end))?.[1]
}

const failure = (message: string): object => ({
  error: { message, type: 'invalid_request_error', code: 'invalid_value', param: message },
})
const refused = (status: number, message: string): ModelAnswer => json(failure(message), status)

const openAiUsage = ({ input, cached, output }: SaidUsage): object => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cached },
})
const openAiCalls = ({ call }: Said): object =>
  call === undefined
    ? {}
    : {
        tool_calls: [
          {
            index: 0,
            id: CALL_ID,
            type: 'function',
            function: { name: call.name, arguments: JSON.stringify(call.args) },
          },
        ],
      }
const openAiFinish = ({ call }: Said): string => (call === undefined ? 'stop' : 'tool_calls')
const openAiChunks = (said: Said): object[] =>
  [
    { choices: [{ index: 0, delta: { role: 'assistant', content: said.text }, finish_reason: null }] },
    { choices: [{ index: 0, delta: openAiCalls(said), finish_reason: null }] },
    { choices: [{ index: 0, delta: {}, finish_reason: openAiFinish(said) }] },
    { choices: [], usage: openAiUsage(said.usage) },
  ].map((chunk) => ({ id: said.id, object: 'chat.completion.chunk', created: 1, model: said.model, ...chunk }))

const chat: WireFormat = {
  whole: (said) =>
    json({
      id: said.id,
      object: 'chat.completion',
      created: 1,
      model: said.model,
      system_fingerprint: 'fp',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: said.text, ...openAiCalls(said) },
          finish_reason: openAiFinish(said),
        },
      ],
      usage: openAiUsage(said.usage),
    }),
  stream: (said) => sse(openAiChunks(said)),
  refusal: refused,
  broken: (said, message) => sse([...openAiChunks(said).slice(0, 1), failure(message)]),
}

const embeddings: WireFormat = {
  whole: ({ model, usage: { input } }) =>
    json({
      id: 'emb',
      object: 'list',
      model,
      data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
      usage: { prompt_tokens: input, total_tokens: input },
    }),
  stream: (said) => embeddings.whole(said),
  refusal: refused,
  broken: (_, message) => refused(400, message),
}

function response(said: Said): object {
  const { id, model, text, call, usage } = said
  const message = {
    type: 'message',
    id: 'msg_1',
    status: 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', text, annotations: [] }],
  }
  const called = {
    type: 'function_call',
    id: 'fc_1',
    status: 'completed',
    call_id: CALL_ID,
    name: call?.name,
    arguments: JSON.stringify(call?.args),
  }
  return {
    id,
    object: 'response',
    created_at: 1,
    model,
    status: 'completed',
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    tools: [],
    tool_choice: 'auto',
    parallel_tool_calls: true,
    output: call === undefined ? [message] : [message, called],
    usage: {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: usage.cached },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.input + usage.output,
    },
  }
}
const responseStart = (said: Said) => [
  {
    type: 'response.created',
    sequence_number: 0,
    response: { ...response(said), status: 'in_progress', output: [], usage: null },
  },
  {
    type: 'response.output_item.added',
    sequence_number: 1,
    output_index: 0,
    item: { type: 'message', id: 'msg_1', role: 'assistant', status: 'in_progress', content: [] },
  },
  {
    type: 'response.content_part.added',
    sequence_number: 2,
    item_id: 'msg_1',
    output_index: 0,
    content_index: 0,
    part: { type: 'output_text', text: '', annotations: [] },
  },
  {
    type: 'response.output_text.delta',
    sequence_number: 3,
    item_id: 'msg_1',
    output_index: 0,
    content_index: 0,
    delta: said.text,
  },
]
const responses: WireFormat = {
  whole: (said) => json(response(said)),
  stream: (said) =>
    namedSse([...responseStart(said), { type: 'response.completed', sequence_number: 4, response: response(said) }]),
  refusal: refused,
  broken: (said, message) =>
    namedSse([
      ...responseStart(said),
      { type: 'error', sequence_number: 4, code: 'server_error', message, param: message },
    ]),
}

const anthropicUsage = ({ input, cached, output }: SaidUsage): object => ({
  input_tokens: input - cached,
  cache_read_input_tokens: cached,
  cache_creation_input_tokens: 0,
  output_tokens: output,
})
const anthropicBlocks = ({ text, call }: Said): object[] => [
  { type: 'text', text },
  ...(call === undefined ? [] : [{ type: 'tool_use', id: CALL_ID, name: call.name, input: call.args }]),
]
const anthropicStop = ({ call }: Said): string => (call === undefined ? 'end_turn' : 'tool_use')
const anthropicHead = (said: Said): object => ({ id: said.id, type: 'message', role: 'assistant', model: said.model })
const anthropicStart = (said: Said) => [
  {
    type: 'message_start',
    message: {
      ...anthropicHead(said),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...anthropicUsage(said.usage), output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: said.text } },
]
const anthropicError = (message: string) => ({ type: 'error', error: { type: 'overloaded_error', message } })
const messages: WireFormat = {
  whole: (said) =>
    json({
      ...anthropicHead(said),
      content: anthropicBlocks(said),
      stop_reason: anthropicStop(said),
      stop_sequence: null,
      usage: anthropicUsage(said.usage),
    }),
  stream: (said) =>
    namedSse([
      ...anthropicStart(said),
      { type: 'content_block_stop', index: 0 },
      ...(said.call === undefined
        ? []
        : [
            {
              type: 'content_block_start',
              index: 1,
              content_block: { type: 'tool_use', id: CALL_ID, name: said.call.name, input: {} },
            },
            {
              type: 'content_block_delta',
              index: 1,
              delta: { type: 'input_json_delta', partial_json: JSON.stringify(said.call.args) },
            },
            { type: 'content_block_stop', index: 1 },
          ]),
      {
        type: 'message_delta',
        delta: { stop_reason: anthropicStop(said), stop_sequence: null },
        usage: { output_tokens: said.usage.output },
      },
      { type: 'message_stop' },
    ]),
  refusal: (status, message) => json(anthropicError(message), status),
  broken: (said, message) => namedSse([...anthropicStart(said), anthropicError(message)]),
}

function googleAnswer({ id, model, text, call, usage }: Said): object {
  const parts = [{ text }, ...(call === undefined ? [] : [{ functionCall: { name: call.name, args: call.args } }])]
  return {
    responseId: id,
    modelVersion: model,
    candidates: [{ index: 0, content: { role: 'model', parts }, finishReason: 'STOP' }],
    usageMetadata: {
      promptTokenCount: usage.input,
      cachedContentTokenCount: usage.cached,
      candidatesTokenCount: usage.output,
      totalTokenCount: usage.input + usage.output,
    },
  }
}
const googleError = (message: string, code: number): object => ({
  error: { code, message, status: 'INVALID_ARGUMENT' },
})
const plainData = (events: readonly object[]): ModelAnswer => ({
  headers: { 'content-type': 'text/event-stream' },
  writes: events.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`),
})
const googleText = ({ text, model, id }: Said): object => ({
  responseId: id,
  modelVersion: model,
  candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] } }],
})
const generateContent: WireFormat = {
  whole: (said) => json(googleAnswer(said)),
  stream: (said) => plainData([googleText(said), googleAnswer(said)]),
  refusal: (status, message) => json(googleError(message, status), status),
  broken: (said, message) => plainData([googleText(said), googleError(message, 503)]),
}

const converseUsage = ({ input, cached, output }: SaidUsage): object => ({
  inputTokens: input - cached,
  cacheReadInputTokens: cached,
  cacheWriteInputTokens: 0,
  outputTokens: output,
  totalTokens: input + output,
})
const converseStop = ({ call }: Said): string => (call === undefined ? 'end_turn' : 'tool_use')
const converseText = (said: Said): (readonly [string, unknown])[] => [
  ['messageStart', { role: 'assistant' }],
  ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: said.text } }],
  ['contentBlockStop', { contentBlockIndex: 0 }],
]
const converseCall = ({ call }: Said): (readonly [string, unknown])[] =>
  call === undefined
    ? []
    : [
        ['contentBlockStart', { contentBlockIndex: 1, start: { toolUse: { toolUseId: CALL_ID, name: call.name } } }],
        ['contentBlockDelta', { contentBlockIndex: 1, delta: { toolUse: { input: JSON.stringify(call.args) } } }],
        ['contentBlockStop', { contentBlockIndex: 1 }],
      ]
const converse: WireFormat = {
  whole: (said) =>
    json({
      output: {
        message: {
          role: 'assistant',
          content: [
            { text: said.text },
            ...(said.call === undefined
              ? []
              : [{ toolUse: { toolUseId: CALL_ID, name: said.call.name, input: said.call.args } }]),
          ],
        },
      },
      stopReason: converseStop(said),
      usage: converseUsage(said.usage),
      metrics: { latencyMs: 1 },
    }),
  stream: (said) =>
    awsEvents([
      ...converseText(said),
      ...converseCall(said),
      ['messageStop', { stopReason: converseStop(said) }],
      ['metadata', { usage: converseUsage(said.usage), metrics: { latencyMs: 1 } }],
    ]),
  refusal: (status, message) => ({
    ...json({ message }, status),
    headers: { 'x-amzn-errortype': 'ValidationException' },
  }),
  broken: (said, message) => awsEvents([...converseText(said), ['modelStreamErrorException', { message }]]),
}

const cohereUsage = ({ input, cached, output }: SaidUsage): object => ({
  billed_units: { input_tokens: input, output_tokens: output },
  tokens: { input_tokens: input, output_tokens: output },
  cached_tokens: cached,
})
const cohereCall = ({ call }: Said): object | undefined =>
  call === undefined
    ? undefined
    : { id: CALL_ID, type: 'function', function: { name: call.name, arguments: JSON.stringify(call.args) } }
const cohereFinish = ({ call }: Said): string => (call === undefined ? 'COMPLETE' : 'TOOL_CALL')
const cohereStart = ({ id, text }: Said) => [
  { type: 'message-start', id, delta: { message: { role: 'assistant', content: [] } } },
  { type: 'content-start', index: 0, delta: { message: { content: { type: 'text', text: '' } } } },
  { type: 'content-delta', index: 0, delta: { message: { content: { text } } } },
  { type: 'content-end', index: 0 },
]
const cohere: WireFormat = {
  whole: (said) => {
    const call = cohereCall(said)
    const message = {
      role: 'assistant',
      content: [{ type: 'text', text: said.text }],
      ...(call === undefined ? {} : { tool_calls: [call] }),
    }
    return json({ id: said.id, finish_reason: cohereFinish(said), message, usage: cohereUsage(said.usage) })
  },
  stream: (said) => {
    const call = cohereCall(said)
    return namedSse([
      ...cohereStart(said),
      ...(call === undefined
        ? []
        : [
            { type: 'tool-call-start', index: 0, delta: { message: { tool_calls: call } } },
            { type: 'tool-call-end', index: 0 },
          ]),
      { type: 'message-end', delta: { finish_reason: cohereFinish(said), usage: cohereUsage(said.usage) } },
    ])
  },
  refusal: (status, message) => json({ id: 'x', message }, status),
  broken: (said, message) =>
    namedSse([...cohereStart(said), { type: 'message-end', delta: { finish_reason: 'ERROR', error: message } }]),
}

const ndjson = (events: readonly object[]): ModelAnswer => ({
  headers: { 'content-type': 'application/x-ndjson' },
  writes: events.map((event) => `${JSON.stringify(event)}\n`),
})
const ollamaMessage = ({ text, call, model }: Said): object => ({
  model,
  created_at: '2026-01-01T00:00:00Z',
  message: {
    role: 'assistant',
    content: text,
    ...(call === undefined ? {} : { tool_calls: [{ function: { name: call.name, arguments: call.args } }] }),
  },
})
const ollamaEnd = ({ usage }: Said): object => ({
  done: true,
  done_reason: 'stop',
  total_duration: 9,
  prompt_eval_count: usage.input,
  eval_count: usage.output,
})
const ollama: WireFormat = {
  whole: (said) => json({ ...ollamaMessage(said), ...ollamaEnd(said) }),
  stream: (said) =>
    ndjson([
      { ...ollamaMessage(said), done: false },
      { ...ollamaMessage({ ...said, text: '', call: undefined }), ...ollamaEnd(said) },
    ]),
  refusal: (status, message) => json({ error: message }, status),
  broken: (said, message) => ndjson([{ ...ollamaMessage(said), done: false }, { error: message }]),
}

const PATHS: Readonly<Record<string, WireFormat>> = {
  '/chat/completions': chat,
  '/embeddings': embeddings,
  '/responses': responses,
  '/messages': messages,
  ':generateContent': generateContent,
  ':streamGenerateContent': generateContent,
  '/converse': converse,
  '/converse-stream': converse,
  '/v2/chat': cohere,
  '/api/chat': ollama,
}
