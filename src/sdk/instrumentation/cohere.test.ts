import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeHookedShapes } from '../../../test/support/describe-hooked-shapes.ts'
import { BUILDS, startHookedSdk } from '../../../test/support/hooked.ts'
import { collect, json, namedSse, startModelServer } from '../../../test/support/model-server.ts'
import { rejection } from '../../../test/support/openai-shapes.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { cohere } from './cohere.ts'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type * as CohereModule from 'cohere-ai'
import type * as CohereAwsModule from 'cohere-ai/aws'
import type { CohereClient } from 'cohere-ai'
import type { ModelAnswer, ModelServer } from '../../../test/support/model-server.ts'
import type { Shape } from '../../../test/support/openai-shapes.ts'

const test = startHookedSdk([cohere])
let server: ModelServer

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

const USAGE = {
  billed_units: { input_tokens: 5, output_tokens: 2 },
  tokens: { input_tokens: 500, output_tokens: 4 },
  cached_tokens: 448,
}
const request = { model: 'command-a-03-2025', messages: [{ role: 'user' as const, content: 'hi' }] }
const PLAIN = 'chat command-a-03-2025 500/4 cached 448 [COMPLETE]'

const answer = (message: object, finish = 'COMPLETE'): ModelAnswer =>
  json({ id: 'c-1', finish_reason: finish, message: { role: 'assistant', content: [], ...message }, usage: USAGE })
const said = (text: string): object => ({ content: [{ type: 'text', text }] })

const EVENTS = [
  { type: 'message-start', id: 'c-1', delta: { message: { role: 'assistant', content: [] } } },
  { type: 'content-start', index: 0, delta: { message: { content: { type: 'text', text: '' } } } },
  { type: 'content-delta', index: 0, delta: { message: { content: { text: 'Hello' } } } },
  { type: 'content-end', index: 0 },
  { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: USAGE } },
]
const V1 = {
  response_id: 'r-1',
  generation_id: 'g-1',
  text: 'Hello',
  finish_reason: 'COMPLETE',
  meta: { ...USAGE, api_version: { version: '1' } },
}
/** Lines of JSON, as v1 streams. */
const lines = (...events: object[]): ModelAnswer => ({
  headers: { 'content-type': 'application/stream+json' },
  writes: events.map((event) => `${JSON.stringify(event)}\n`),
})
const TOOL_CALL = { id: 'add_1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }

const clientFor = (library: Record<string, unknown>, { url }: ModelServer): CohereClient => {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
  const { CohereClient: Client } = library as unknown as typeof CohereModule
  return new Client({ token: 'key', environment: url, maxRetries: 0 })
}

const shapes: Readonly<Record<string, Shape<CohereClient>>> = {
  await: {
    feature: 'chat',
    answers: [answer(said('Hello'))],
    use: async (client) => {
      const promise = client.v2.chat(request)
      return [promise.constructor.name, promise instanceof Promise, await promise]
    },
    spans: [PLAIN],
  },
  'withRawResponse()': {
    feature: 'chat',
    answers: [answer(said('Hello'))],
    use: async (client) => {
      const { data, rawResponse } = await client.v2.chat(request).withRawResponse()
      return [data, rawResponse.status, Object.keys(rawResponse)]
    },
    spans: [PLAIN],
  },
  'then(), catch() and finally()': {
    feature: 'chat',
    answers: [answer(said('Hello'))],
    use: async (client) => {
      let ended = 0
      const promise = client.v2.chat(request)
      const id = await promise.then(({ id: one }) => one)
      return [id, await promise.catch(() => 'no'), await promise.finally(() => (ended += 1)), ended]
    },
    spans: [PLAIN],
  },
  'tool calls': {
    feature: 'chat',
    answers: [answer({ tool_plan: 'I will add', tool_calls: [TOOL_CALL] }, 'TOOL_CALL')],
    use: async (client) => client.v2.chat(request),
    spans: ['chat command-a-03-2025 500/4 cached 448 [TOOL_CALL]'],
  },
  'without usage': {
    feature: 'chat',
    answers: [json({ id: 'c-1', finish_reason: 'COMPLETE', message: { role: 'assistant', ...said('Hello') } })],
    use: async (client) => client.v2.chat(request),
    spans: ['chat command-a-03-2025 [COMPLETE]'],
  },
  'a generation that failed': {
    feature: 'errors',
    answers: [answer(said(''), 'ERROR')],
    use: async (client) => client.v2.chat(request),
    spans: ['chat command-a-03-2025 500/4 cached 448 [ERROR] ERROR'],
  },
  'for await': {
    feature: 'chat stream',
    answers: [namedSse(EVENTS)],
    use: async (client) => {
      const stream = await client.v2.chatStream(request)
      return { class: stream.constructor.name, keys: Object.keys(stream).toSorted(), events: await collect(stream) }
    },
    spans: [`${PLAIN} first chunk`],
  },
  'withRawResponse() of a stream': {
    feature: 'chat stream',
    answers: [namedSse(EVENTS)],
    use: async (client) => {
      const { data, rawResponse } = await client.v2.chatStream(request).withRawResponse()
      return [rawResponse.status, await collect(data)]
    },
    spans: [`${PLAIN} first chunk`],
  },
  'a stream that breaks off': {
    feature: 'errors',
    answers: [namedSse(EVENTS.slice(0, 3))],
    use: async (client) => collect(await client.v2.chatStream(request)),
    spans: ['chat command-a-03-2025 [error] first chunk'],
  },
  'an event that cannot be read': {
    feature: 'errors',
    answers: [{ headers: { 'content-type': 'text/event-stream' }, writes: ['data: {"type":\n\n'] }],
    use: async (client) => rejection(collect(await client.v2.chatStream(request))),
    spans: ['chat command-a-03-2025 [] SyntaxError'],
  },
  'a loop that is left': {
    feature: 'abort',
    answers: [namedSse(EVENTS, 'wait')],
    use: async (client) => {
      for await (const event of await client.v2.chatStream(request)) return event
      return undefined
    },
    spans: ['chat command-a-03-2025 [error] first chunk'],
  },
  'an abort before the answer': {
    feature: 'abort',
    answers: [answer(said('Hello'))],
    use: async (client) => rejection(client.v2.chat(request, { abortSignal: AbortSignal.abort() })),
    spans: ['chat command-a-03-2025 [] CohereError'],
  },
  'an abort of a stream': {
    feature: 'abort',
    answers: [namedSse(EVENTS, 'wait')],
    use: async (client) => {
      const controller = new AbortController()
      const stream = await client.v2.chatStream(request, { abortSignal: controller.signal })
      const iterator = stream[Symbol.asyncIterator]()
      const first = await iterator.next()
      controller.abort()
      return [first, await rejection(collect({ [Symbol.asyncIterator]: () => iterator }))]
    },
    spans: ['chat command-a-03-2025 [error] first chunk'],
  },
  'an answer that is refused': {
    feature: 'errors',
    answers: [json({ message: 'no such model' }, 404)],
    use: async (client) => {
      const promise = client.v2.chat(request)
      return [await rejection(promise), await rejection(promise.withRawResponse())]
    },
    spans: ['chat command-a-03-2025 [] 404 404'],
  },
  'a network that fails': {
    feature: 'errors',
    answers: [],
    use: async (client, { url }) => {
      const { constructor } = client
      const other: unknown = Reflect.construct(constructor, [
        { token: 'key', environment: 'http://127.0.0.1:1', maxRetries: 0 },
      ])
      if (!(other instanceof constructor) || url === '') throw new TypeError('no client')
      return rejection(Reflect.apply(client.v2.chat, Reflect.get(other, 'v2'), [request]))
    },
    spans: ['chat command-a-03-2025 [] CohereError'],
  },
  'chat of v1': {
    feature: 'chat v1',
    answers: [json(V1)],
    use: async (client) => client.chat({ message: 'hi', model: 'command-a-03-2025', conversationId: 'conv-1' }),
    spans: [PLAIN],
  },
  'chatStream of v1': {
    feature: 'chat v1',
    answers: [
      lines(
        { is_finished: false, event_type: 'stream-start', generation_id: 'g-1' },
        { is_finished: false, event_type: 'text-generation', text: 'Hello' },
        { is_finished: true, event_type: 'stream-end', finish_reason: 'COMPLETE', response: V1 },
      ),
    ],
    use: async (client) => collect(await client.chatStream({ message: 'hi', model: 'command-a-03-2025' })),
    spans: [`${PLAIN} first chunk`],
  },
  'generate()': {
    feature: 'completions',
    answers: [
      json({
        id: 'g-1',
        prompt: 'hi',
        generations: [
          { id: 'a', text: 'x' },
          { id: 'b', text: 'y' },
        ],
        meta: USAGE,
      }),
    ],
    use: async (client) => client.generate({ prompt: 'hi', model: 'command', numGenerations: 2 }),
    spans: ['text_completion command 500/4 cached 448 [error error]'],
  },
  'generateStream()': {
    feature: 'completions',
    answers: [
      lines(
        { is_finished: false, event_type: 'text-generation', text: 'x', index: 0 },
        {
          is_finished: true,
          event_type: 'stream-end',
          finish_reason: 'COMPLETE',
          response: { id: 'g-1', prompt: 'hi', generations: [{ id: 'a', text: 'x', finish_reason: 'COMPLETE' }] },
        },
      ),
    ],
    use: async (client) => collect(await client.generateStream({ prompt: 'hi', model: 'command' })),
    spans: ['text_completion command [COMPLETE] first chunk'],
  },
  'v2.embed()': {
    feature: 'embeddings',
    answers: [
      json({ id: 'e-1', embeddings: { float: [[1]] }, texts: ['hi'], meta: { billed_units: { input_tokens: 3 } } }),
    ],
    use: async (client) =>
      client.v2.embed({ model: 'embed-v4.0', inputType: 'search_query', embeddingTypes: ['float'], texts: ['hi'] }),
    spans: ['embeddings embed-v4.0 3/- []'],
  },
  'v2.rerank()': {
    feature: 'rerank',
    answers: [json({ id: 'k-1', results: [], meta: { billed_units: { search_units: 1 } } })],
    use: async (client) => client.v2.rerank({ model: 'rerank-v3.5', query: 'hi', documents: ['a'] }),
    spans: ['rerank rerank-v3.5 []'],
  },
}

for (const build of BUILDS) {
  describeHookedShapes<CohereClient>({
    title: `cohere-ai ${build.major === 'current' ? 8 : 7} ${build.format}`,
    build,
    library: 'cohere-ai',
    shapes,
    test,
    server: () => server,
    client: clientFor,
  })
}

describe('cohere-ai', () => {
  const load = async (): Promise<typeof CohereModule> =>
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    (await test.load('cohere-ai')) as unknown as typeof CohereModule

  it('observes CohereClientV2', async () => {
    const { CohereClientV2 } = await load()
    const client = new CohereClientV2({ token: 'key', environment: server.url, maxRetries: 0 })
    server.answer(answer(said('Hello')), namedSse(EVENTS))
    await client.chat(request)
    await collect(await client.chatStream(request))
    expect(test.takeSpans().map(spanLine)).toEqual([PLAIN, `${PLAIN} first chunk`])
  })

  it('prices what Cohere bills, not what the model read', async () => {
    const client = clientFor(await test.load('cohere-ai'), server)
    server.answer(answer(said('Hello')))
    await client.v2.chat(request)
    const [span] = test.takeSpans()
    // 5 tokens at 2.5 USD and 2 at 10 USD per million.
    expect(span?.attributes['spanwarden.cost.amount']).toBeCloseTo(5 * 2.5e-6 + 2 * 10e-6, 12)
  })

  it('names the platform of the clients for Bedrock and SageMaker', async () => {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { BedrockClient, SagemakerClient } = (await test.load('cohere-ai/aws')) as unknown as typeof CohereAwsModule
    const aws = { awsRegion: 'eu-west-1', awsAccessKey: 'id', awsSecretKey: 'key', maxRetries: 0, fetch: server.fetch }
    server.answer(json(V1), json({ ...V1, meta: undefined }))
    await new BedrockClient(aws).chat({ model: 'cohere.command-r-v1:0', message: 'hi' })
    await new SagemakerClient(aws).chat({ model: 'my-endpoint', message: 'hi' })
    expect(
      test.takeSpans().map(({ attributes }) => [attributes['gen_ai.provider.name'], attributes['server.address']]),
    ).toEqual([
      ['aws.bedrock', 'bedrock-runtime.eu-west-1.amazonaws.com'],
      ['aws.sagemaker', 'runtime.sagemaker.eu-west-1.amazonaws.com'],
    ])
  })

  it('says what is asked at the start of the span, and estimates what was not counted', async () => {
    const client = clientFor(await test.load('cohere-ai'), server)
    server.answer(json({ id: 'c-1', finish_reason: 'COMPLETE', message: { role: 'assistant', ...said('Hello') } }))
    await client.v2.chat({
      ...request,
      temperature: 0.5,
      p: 0.9,
      k: 3,
      maxTokens: 10,
      stopSequences: ['x'],
      seed: 7,
      frequencyPenalty: 0.2,
      responseFormat: { type: 'json_object' },
    })
    expect(server.requests.at(-1)?.headers['user-agent']).toMatch(cohere.userAgent ?? 'none')
    expect(test.takeSpans()[0]?.attributes).toMatchObject({
      'gen_ai.provider.name': 'cohere',
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.top_p': 0.9,
      'gen_ai.request.top_k': 3,
      'gen_ai.request.max_tokens': 10,
      'gen_ai.request.stop_sequences': ['x'],
      'gen_ai.request.seed': 7,
      'gen_ai.request.frequency_penalty': 0.2,
      'gen_ai.output.type': 'json',
      'server.address': '127.0.0.1',
      'spanwarden.usage.source': 'unknown',
      'spanwarden.usage.estimate.input_tokens': 2,
      'spanwarden.usage.estimate.output_tokens': 2,
    })
  })

  it('puts no content into a span unless asked, error messages included', async () => {
    const canary = 'CANARY'
    const client = clientFor(await test.load('cohere-ai'), server)
    const call = { ...TOOL_CALL, function: { name: 'add', arguments: `{"x":"${canary}"}` } }
    const messages = [
      { role: 'system' as const, content: canary },
      { role: 'user' as const, content: [{ type: 'text' as const, text: canary }] },
      { role: 'assistant' as const, toolPlan: canary, toolCalls: [{ ...call, type: 'function' as const }] },
      { role: 'tool' as const, toolCallId: 'add_1', content: canary },
    ]
    const v1 = {
      message: canary,
      preamble: canary,
      chatHistory: [{ role: 'USER' as const, message: canary }],
      toolResults: [{ call: { name: 'add', parameters: { x: canary } }, outputs: [{ y: canary }] }],
    }
    const calls = async (): Promise<ReadableSpan[]> => {
      server.answer(
        answer({ tool_plan: canary, tool_calls: [call] }, 'TOOL_CALL'),
        json({ message: canary }, 400),
        json({ ...V1, text: canary, tool_calls: [{ name: 'add', parameters: { x: canary } }] }),
        json({ response_type: 'embeddings_floats', id: 'e', embeddings: [[1]], texts: [canary], meta: USAGE }),
        json({ results: [], meta: {} }),
      )
      await client.v2.chat({ ...request, messages })
      await rejection(client.v2.chat({ ...request, messages }))
      await client.chat(v1)
      await client.embed({ texts: [canary], model: 'embed-v4.0' })
      await client.rerank({ query: canary, documents: [canary] })
      return test.takeSpans()
    }
    const written = (spans: readonly ReadableSpan[]): string =>
      JSON.stringify(spans.map(({ name, attributes, events, status }) => [name, attributes, events, status]))
    expect(written(await calls())).not.toContain(canary)
    test.sdk.captureContent = true
    const [first, , third] = await calls()
    test.sdk.captureContent = false
    const parts = (content: unknown): unknown => JSON.parse(String(content))
    const toolCall = { type: 'tool_call', name: 'add', arguments: { x: canary } }
    const text = { type: 'text', content: canary }
    expect(parts(first?.attributes['gen_ai.input.messages'])).toEqual([
      { role: 'system', parts: [text] },
      { role: 'user', parts: [text] },
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: canary },
          { ...toolCall, id: 'add_1' },
        ],
      },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'add_1', response: canary }] },
    ])
    expect(parts(first?.attributes['gen_ai.output.messages'])).toEqual([
      {
        role: 'assistant',
        finish_reason: 'TOOL_CALL',
        parts: [
          { type: 'reasoning', content: canary },
          { ...toolCall, id: 'add_1' },
        ],
      },
    ])
    expect(parts(third?.attributes['gen_ai.system_instructions'])).toEqual([text])
    expect(parts(third?.attributes['gen_ai.input.messages'])).toEqual([
      { role: 'user', parts: [text] },
      { role: 'tool', parts: [{ type: 'tool_call_response', response: [{ y: canary }] }] },
      { role: 'user', parts: [text] },
    ])
    expect(parts(third?.attributes['gen_ai.output.messages'])).toEqual([
      { role: 'assistant', finish_reason: 'COMPLETE', parts: [text, toolCall] },
    ])
  })

  it('ends the span of a stream that nobody reads when it is collected', async () => {
    const client = clientFor(await test.load('cohere-ai'), server)
    server.answer(namedSse(EVENTS, 'wait'))
    await (async () => {
      await client.v2.chatStream(request)
    })()
    const collectGarbage: () => void = (setFlagsFromString('--expose-gc'), runInNewContext('gc'))
    const spans: ReadableSpan[] = []
    while (spans.length < 1) {
      collectGarbage()
      await new Promise((resolve) => setImmediate(resolve))
      spans.push(...test.takeSpans())
    }
    expect(spans.map(spanLine)).toEqual(['chat command-a-03-2025 []'])
    server.cut()
  })
})
