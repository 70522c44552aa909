import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeHookedShapes } from '../../../test/support/describe-hooked-shapes.ts'
import { startHookedSdk } from '../../../test/support/hooked.ts'
import { collect, json, sse, startModelServer } from '../../../test/support/model-server.ts'
import { rejection } from '../../../test/support/openai-shapes.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { openrouter } from './openrouter.ts'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type * as OpenRouterModule from '@openrouter/sdk'
import type { OpenRouter } from '@openrouter/sdk'
import type { ModelAnswer, ModelServer } from '../../../test/support/model-server.ts'
import type { Shape } from '../../../test/support/openai-shapes.ts'

const test = startHookedSdk([openrouter])
let server: ModelServer

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

const USAGE = {
  prompt_tokens: 12,
  completion_tokens: 6,
  total_tokens: 18,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 2 },
  cost: 0.25,
  is_byok: false,
}
const HEAD = { id: 'gen-1', created: 1, model: 'openai/gpt-4o-mini', system_fingerprint: 'fp' }
const request = { model: 'gpt', messages: [{ role: 'user' as const, content: 'hi' }] }
const PLAIN = 'chat gpt 12/6 cached 4 reasoning 2 [stop]'

const completion = (message: object, finish = 'stop'): ModelAnswer =>
  json({
    ...HEAD,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: '', ...message }, finish_reason: finish }],
    usage: USAGE,
  })
const chunk = (choice: object, more: object = {}): object => ({
  ...HEAD,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, finish_reason: null, delta: {}, ...choice }],
  ...more,
})
const CHUNKS = [
  chunk({ delta: { role: 'assistant', content: 'Hel' } }),
  chunk({ delta: { content: 'lo' } }),
  chunk({ finish_reason: 'stop' }, { usage: USAGE }),
]
const TOOL_CALL = { id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }
const RESPONSE = {
  id: 'resp-1',
  object: 'response',
  created_at: 1,
  model: 'openai/gpt-4o-mini',
  status: 'completed',
  completed_at: 2,
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: null,
  temperature: 1,
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  tools: [],
  tool_choice: 'auto',
  parallel_tool_calls: true,
  output: [
    {
      type: 'message',
      id: 'msg-1',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'Hello', annotations: [] }],
    },
  ],
  usage: {
    input_tokens: 12,
    output_tokens: 6,
    total_tokens: 18,
    input_tokens_details: { cached_tokens: 4 },
    output_tokens_details: { reasoning_tokens: 2 },
    cost: 0.25,
    is_byok: false,
  },
}
const ANSWERED = 'chat gpt 12/6 cached 4 reasoning 2 [completed]'
const EVENTS = [
  {
    type: 'response.output_text.delta',
    sequence_number: 1,
    item_id: 'msg-1',
    output_index: 0,
    content_index: 0,
    delta: 'Hello',
    logprobs: [],
  },
  { type: 'response.completed', sequence_number: 2, response: RESPONSE },
]

const clientFor = (library: Record<string, unknown>, { url }: ModelServer): OpenRouter => {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
  const { OpenRouter: Client } = library as unknown as typeof OpenRouterModule
  return new Client({ apiKey: 'key', serverURL: url, retryConfig: { strategy: 'none' } })
}
const stream = async (client: OpenRouter, signal?: AbortSignal): Promise<ReadableStream<unknown>> =>
  streamOf(
    await client.chat.send({ chatRequest: { ...request, stream: true } }, signal === undefined ? {} : { signal }),
  )

function streamOf(answer: unknown): ReadableStream<unknown> {
  if (!(answer instanceof ReadableStream)) throw new TypeError('no stream')
  return answer
}

const shapes: Readonly<Record<string, Shape<OpenRouter>>> = {
  'chat.send()': {
    feature: 'chat',
    answers: [completion({ content: 'Hello' })],
    use: (client) => client.chat.send({ chatRequest: request }),
    spans: [PLAIN],
  },
  'an answer without usage': {
    feature: 'chat',
    answers: [json({ ...HEAD, object: 'chat.completion', choices: [] })],
    use: (client) => client.chat.send({ chatRequest: request }),
    spans: ['chat gpt []'],
  },
  'tool calls': {
    feature: 'chat',
    answers: [completion({ tool_calls: [TOOL_CALL] }, 'tool_calls')],
    use: (client) => client.chat.send({ chatRequest: request }),
    spans: ['chat gpt 12/6 cached 4 reasoning 2 [tool_calls]'],
  },
  'for await': {
    feature: 'chat stream',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const chunks = await stream(client)
      return { class: chunks.constructor.name, keys: Object.keys(chunks), events: await collect(chunks) }
    },
    spans: [`${PLAIN} first chunk`],
  },
  'tee()': {
    feature: 'chat stream',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const [left, right] = (await stream(client)).tee()
      return Promise.all([collect(left), collect(right)])
    },
    spans: [`${PLAIN} first chunk`],
  },
  'a loop that is left': {
    feature: 'abort',
    answers: [sse(CHUNKS, 'wait')],
    use: async (client) => {
      for await (const event of await stream(client)) return event
      return undefined
    },
    spans: ['chat gpt [error] first chunk'],
  },
  'an abort before the answer': {
    feature: 'abort',
    answers: [completion({ content: 'Hello' })],
    use: (client) => rejection(client.chat.send({ chatRequest: request }, { signal: AbortSignal.abort() })),
    spans: ['chat gpt [] RequestAbortedError'],
  },
  'an abort of a stream': {
    feature: 'abort',
    answers: [sse(CHUNKS.slice(0, 2), 'wait')],
    use: async (client) => {
      const controller = new AbortController()
      const iterator = (await stream(client, controller.signal))[Symbol.asyncIterator]()
      const first = await iterator.next()
      controller.abort()
      return [first, await rejection(collect({ [Symbol.asyncIterator]: () => iterator }))]
    },
    spans: ['chat gpt [error] first chunk'],
  },
  'an error in a stream, which the client hands on': {
    feature: 'errors',
    answers: [sse([CHUNKS[0], chunk({}, { error: { code: 429, message: 'slow down' } })])],
    use: async (client) => collect(await stream(client)),
    spans: ['chat gpt [error] 429 first chunk'],
  },
  'an answer that is refused': {
    feature: 'errors',
    answers: [json({ error: { code: 401, message: 'No cookie auth credentials found' } }, 401)],
    use: (client) => rejection(client.chat.send({ chatRequest: request })),
    spans: ['chat gpt [] 401 401'],
  },
  'an answer that the client does not accept': {
    feature: 'errors',
    answers: [json({ choices: [], usage: USAGE })],
    use: (client) => rejection(client.chat.send({ chatRequest: request })),
    spans: ['chat gpt 12/6 cached 4 reasoning 2 [] ResponseValidationError 200'],
  },
  'failures after retries': {
    feature: 'errors',
    answers: [json({ error: { code: 503, message: 'down' } }, 503)],
    use: (client) =>
      rejection(
        client.chat.send(
          { chatRequest: request },
          {
            retries: {
              strategy: 'backoff',
              backoff: { initialInterval: 1, maxInterval: 2, exponent: 1, maxElapsedTime: 20 },
            },
          },
        ),
      ),
    spans: ['chat gpt [] 503 503'],
  },
  'a network that fails': {
    feature: 'errors',
    answers: [],
    use: (client) => rejection(client.chat.send({ chatRequest: request }, { serverURL: 'http://127.0.0.1:1' })),
    spans: ['chat gpt [] ConnectionError'],
  },
  'beta.responses.send()': {
    feature: 'responses',
    answers: [json(RESPONSE)],
    use: (client) => client.beta.responses.send({ responsesRequest: { model: 'gpt', input: 'hi' } }),
    spans: [ANSWERED],
  },
  'beta.responses.send() as a stream': {
    feature: 'responses',
    answers: [sse(EVENTS)],
    use: async (client) =>
      collect(
        streamOf(await client.beta.responses.send({ responsesRequest: { model: 'gpt', input: 'hi', stream: true } })),
      ),
    spans: [`${ANSWERED} first chunk`],
  },
  'callModel()': {
    feature: 'responses',
    answers: [sse(EVENTS)],
    use: async (client) => client.callModel({ model: 'gpt', input: 'hi' }).getText(),
    spans: [`${ANSWERED} first chunk`],
  },
  'embeddings.generate()': {
    feature: 'embeddings',
    answers: [
      json({
        object: 'list',
        model: 'openai/text-embedding-3-small',
        data: [{ object: 'embedding', embedding: [1], index: 0 }],
        usage: { prompt_tokens: 3, total_tokens: 3, cost: 0.1 },
      }),
    ],
    use: (client) =>
      client.embeddings.generate({ requestBody: { model: 'small', input: 'hi', encodingFormat: 'float' } }),
    spans: ['embeddings small 3/- []'],
  },
}

for (const major of ['current', 'previous'] as const) {
  describeHookedShapes<OpenRouter>({
    title: `@openrouter/sdk ${major === 'current' ? 1 : 0} esm`,
    build: { major, format: 'esm' },
    library: '@openrouter/sdk',
    shapes,
    test,
    server: () => server,
    client: clientFor,
  })
}

describe('@openrouter/sdk', () => {
  it('takes the cost that the provider says, and says what is asked at the start', async () => {
    const client = clientFor(await test.load('@openrouter/sdk'), server)
    server.answer(completion({ content: 'Hello' }))
    const asked = {
      temperature: 0.5,
      topP: 0.9,
      maxTokens: 10,
      seed: 7,
      responseFormat: { type: 'json_object' as const },
    }
    await client.chat.send({ chatRequest: { ...request, ...asked } })
    expect(test.takeSpans()[0]?.attributes).toMatchObject({
      'gen_ai.provider.name': 'openrouter',
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.top_p': 0.9,
      'gen_ai.request.max_tokens': 10,
      'gen_ai.request.seed': 7,
      'gen_ai.output.type': 'json',
      'gen_ai.response.id': 'gen-1',
      'spanwarden.cost.amount': 0.25,
      'spanwarden.cost.source': 'provider',
      'server.address': '127.0.0.1',
    })
  })

  it('estimates what was not counted', async () => {
    const client = clientFor(await test.load('@openrouter/sdk'), server)
    server.answer(sse(CHUNKS.slice(0, 2)))
    await collect(await stream(client))
    expect(test.takeSpans()[0]?.attributes).toMatchObject({
      'spanwarden.usage.source': 'unknown',
      'spanwarden.usage.estimate.input_tokens': 2,
      'spanwarden.usage.estimate.output_tokens': 2,
    })
  })

  it('puts no content into a span unless asked, error messages included', async () => {
    const canary = 'CANARY'
    const client = clientFor(await test.load('@openrouter/sdk'), server)
    const call = { ...TOOL_CALL, function: { name: 'add', arguments: `{"x":"${canary}"}` } }
    const messages = [
      { role: 'system' as const, content: canary },
      {
        role: 'user' as const,
        content: [{ type: 'image_url' as const, imageUrl: { url: `https://example.com/${canary}` } }],
      },
      {
        role: 'assistant' as const,
        toolCalls: [{ id: 'call_1', type: 'function' as const, function: call.function }],
      },
      { role: 'tool' as const, toolCallId: 'call_1', content: canary },
    ]
    const chatRequest = { model: 'gpt', messages }
    const calls = async (): Promise<ReadableSpan[]> => {
      server.answer(
        completion({ reasoning: canary, tool_calls: [call] }),
        json({ error: { code: 400, message: canary } }, 400),
        sse([chunk({ delta: { content: canary } }), chunk({}, { error: { code: 400, message: canary } })]),
      )
      await client.chat.send({ chatRequest })
      await rejection(client.chat.send({ chatRequest }))
      await collect(streamOf(await client.chat.send({ chatRequest: { ...chatRequest, stream: true } })))
      return test.takeSpans()
    }
    const written = (spans: readonly ReadableSpan[]): string =>
      JSON.stringify(spans.map(({ name, attributes, events, status }) => [name, attributes, events, status]))
    expect(written(await calls())).not.toContain(canary)
    test.sdk.captureContent = true
    const [first] = await calls()
    test.sdk.captureContent = false
    const parts = (content: unknown): unknown => JSON.parse(String(content))
    const asCalled = { type: 'tool_call', id: 'call_1', name: 'add', arguments: { x: canary } }
    expect(parts(first?.attributes['gen_ai.input.messages'])).toEqual([
      { role: 'system', parts: [{ type: 'text', content: canary }] },
      { role: 'user', parts: [{ type: 'uri', modality: 'image', uri: `https://example.com/${canary}` }] },
      { role: 'assistant', parts: [asCalled] },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: canary }] },
    ])
    expect(parts(first?.attributes['gen_ai.output.messages'])).toEqual([
      { role: 'assistant', finish_reason: 'stop', parts: [{ type: 'reasoning', content: canary }, asCalled] },
    ])
  })

  it('ends the span of a stream that nobody reads when it is collected', async () => {
    const client = clientFor(await test.load('@openrouter/sdk'), server)
    server.answer(sse(CHUNKS, 'wait'))
    await (async () => {
      await stream(client)
    })()
    const collectGarbage: () => void = (setFlagsFromString('--expose-gc'), runInNewContext('gc'))
    const spans: ReadableSpan[] = []
    while (spans.length < 1) {
      collectGarbage()
      await new Promise((resolve) => setImmediate(resolve))
      spans.push(...test.takeSpans())
    }
    expect(spans.map(spanLine)).toEqual(['chat gpt []'])
    server.cut()
  })
})
