import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { trace } from '@opentelemetry/api'
import * as z from 'zod'
import { describeHookedShapes } from '../../../test/support/describe-hooked-shapes.ts'
import { BUILDS, startHookedSdk } from '../../../test/support/hooked.ts'
import { collect, json, namedSse, sse, startModelServer } from '../../../test/support/model-server.ts'
import { rejection } from '../../../test/support/openai-shapes.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { mistral } from './mistral.ts'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type * as MistralModule from '@mistralai/mistralai'
import type { Mistral } from '@mistralai/mistralai'
import type { ModelAnswer, ModelServer } from '../../../test/support/model-server.ts'
import type { Shape } from '../../../test/support/openai-shapes.ts'

const test = startHookedSdk([mistral])
let server: ModelServer

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

const USAGE = { prompt_tokens: 12, completion_tokens: 6, total_tokens: 18, prompt_tokens_details: { cached_tokens: 4 } }
const HEAD = { id: 'cmpl-1', created: 1, model: 'mistral-small-2506' }
const request = { model: 'mistral-small-latest', messages: [{ role: 'user' as const, content: 'hi' }] }

const completion = (message: object, finish = 'stop'): ModelAnswer =>
  json({
    ...HEAD,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: '', ...message }, finish_reason: finish }],
    usage: USAGE,
  })

const chunk = (choice: object, usage?: object): object => ({
  ...HEAD,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, finish_reason: null, delta: {}, ...choice }],
  ...(usage === undefined ? {} : { usage }),
})
const CHUNKS = [
  chunk({ delta: { role: 'assistant', content: 'Hel' } }),
  chunk({ delta: { content: 'lo' } }),
  chunk({ finish_reason: 'stop' }, USAGE),
]
const CONVERSATION = json({
  object: 'conversation.response',
  conversation_id: 'conv_1',
  outputs: [
    { type: 'message.output', id: 'm_1', role: 'assistant', model: 'mistral-small-2506', content: 'Hello' },
    { type: 'function.call', id: 'f_1', tool_call_id: 'a1b2c3d4e', name: 'add', arguments: '{"a":1}' },
  ],
  usage: { prompt_tokens: 12, completion_tokens: 6, total_tokens: 18 },
})
const conversationEvents = (end: { readonly type: string; readonly [field: string]: unknown }): ModelAnswer =>
  namedSse([
    { type: 'conversation.response.started', conversation_id: 'conv_1' },
    { type: 'message.output.delta', id: 'm_1', model: 'mistral-small-2506', content: 'Hel' },
    { type: 'message.output.delta', id: 'm_1', content: { type: 'text', text: 'lo' } },
    { type: 'function.call.delta', id: 'f_1', name: 'add', tool_call_id: 'a1b2c3d4e', arguments: '{"a"' },
    { type: 'function.call.delta', id: 'f_1', name: 'add', tool_call_id: 'a1b2c3d4e', arguments: ':1}' },
    end,
  ])
const TOOL_CALL = { id: 'a1b2c3d4e', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }
const PLAIN = 'chat mistral-small-latest 12/6 cached 4 [stop]'

const clientFor = (library: Record<string, unknown>, { url }: ModelServer): Mistral => {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
  const { Mistral: Client } = library as unknown as typeof MistralModule
  return new Client({ apiKey: 'key', serverURL: url, retryConfig: { strategy: 'none' } })
}

const shapes: Readonly<Record<string, Shape<Mistral>>> = {
  'chat.complete()': {
    feature: 'chat',
    answers: [completion({ content: 'Hello' })],
    use: (client) => client.chat.complete(request),
    spans: [PLAIN],
  },
  'chat.complete() without usage': {
    feature: 'chat',
    answers: [json({ ...HEAD, object: 'chat.completion', choices: [], usage: {} })],
    use: (client) => client.chat.complete(request),
    spans: ['chat mistral-small-latest []'],
  },
  'tool calls': {
    feature: 'chat',
    answers: [completion({ tool_calls: [TOOL_CALL] }, 'tool_calls')],
    use: (client) => client.chat.complete(request),
    spans: ['chat mistral-small-latest 12/6 cached 4 [tool_calls]'],
  },
  'chat.parse()': {
    feature: 'structured output',
    answers: [completion({ content: '{"n":1}' })],
    use: (client) => client.chat.parse({ ...request, responseFormat: z.object({ n: z.number() }) }),
    spans: [PLAIN],
  },
  'for await': {
    feature: 'chat stream',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const stream = await client.chat.stream(request)
      return {
        class: stream.constructor.name,
        keys: Object.keys(stream),
        events: await collect(stream),
        locked: stream.locked,
      }
    },
    spans: [`${PLAIN} first chunk`],
  },
  'chat.parseStream()': {
    feature: 'structured output',
    answers: [sse(CHUNKS)],
    use: async (client) =>
      collect(await client.chat.parseStream({ ...request, responseFormat: z.object({ n: z.number() }) })),
    spans: [`${PLAIN} first chunk`],
  },
  'tee()': {
    feature: 'chat stream',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const [left, right] = (await client.chat.stream(request)).tee()
      return [left.constructor.name, ...(await Promise.all([collect(left), collect(right)]))]
    },
    spans: [`${PLAIN} first chunk`],
  },
  'a reader': {
    feature: 'chat stream',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const reader = (await client.chat.stream(request)).getReader()
      const steps: unknown[] = []
      for (let step = await reader.read(); !step.done; step = await reader.read()) steps.push(step.value)
      return steps
    },
    spans: [`${PLAIN} first chunk`],
  },
  'a stream without usage': {
    feature: 'chat stream',
    answers: [sse([CHUNKS[0], CHUNKS[1]])],
    use: async (client) => collect(await client.chat.stream(request)),
    spans: ['chat mistral-small-latest [error] first chunk'],
  },
  'a loop that is left': {
    feature: 'abort',
    answers: [sse(CHUNKS, 'wait')],
    use: async (client) => {
      for await (const event of await client.chat.stream(request)) return event
      return undefined
    },
    spans: ['chat mistral-small-latest [error] first chunk'],
  },
  'an abort before the answer': {
    feature: 'abort',
    answers: [completion({ content: 'Hello' })],
    use: (client) => rejection(client.chat.complete(request, { fetchOptions: { signal: AbortSignal.abort() } })),
    spans: ['chat mistral-small-latest [] RequestAbortedError'],
  },
  'an abort of a stream': {
    feature: 'abort',
    answers: [sse(CHUNKS, 'wait')],
    use: async (client) => {
      const controller = new AbortController()
      const stream = await client.chat.stream(request, { fetchOptions: { signal: controller.signal } })
      const iterator = stream[Symbol.asyncIterator]()
      const first = await iterator.next()
      controller.abort()
      return [first, await rejection(collect({ [Symbol.asyncIterator]: () => iterator }))]
    },
    spans: ['chat mistral-small-latest [error] first chunk'],
  },
  'an answer that is refused': {
    feature: 'errors',
    answers: [json({ object: 'error', message: 'Invalid API Key', type: 'auth', code: 1 }, 401)],
    use: (client) => rejection(client.chat.complete(request)),
    spans: ['chat mistral-small-latest [] 401 401'],
  },
  'failures after retries': {
    feature: 'errors',
    answers: [json({ message: 'down' }, 503)],
    use: (client) =>
      rejection(
        client.chat.complete(request, {
          retries: {
            strategy: 'backoff',
            backoff: { initialInterval: 1, maxInterval: 2, exponent: 1, maxElapsedTime: 20 },
          },
        }),
      ),
    spans: ['chat mistral-small-latest [] 503 503'],
  },
  'a request that the client refuses': {
    feature: 'errors',
    answers: [completion({ content: 'Hello' })],
    use: (client) => rejection(client.chat.complete({ ...request, temperature: JSON.parse('"hot"') })),
    spans: ['chat mistral-small-latest [] SDKValidationError'],
  },
  'a network that fails': {
    feature: 'errors',
    answers: [],
    use: (client) => rejection(client.chat.complete(request, { serverURL: 'http://127.0.0.1:1' })),
    spans: ['chat mistral-small-latest [] ConnectionError'],
  },
  'an event that cannot be read': {
    feature: 'errors',
    answers: [sse([CHUNKS[0], { error: 'overloaded' }])],
    use: async (client) => {
      const answer = await rejection(collect(await client.chat.stream(request)))
      return Reflect.get(Object(answer), 'class')
    },
    spans: ['chat mistral-small-latest [error] ZodError first chunk'],
  },
  'fim.complete()': {
    feature: 'completions',
    answers: [completion({ content: 'x' })],
    use: (client) => client.fim.complete({ model: 'codestral-latest', prompt: 'def f(', suffix: 'return' }),
    spans: ['text_completion codestral-latest 12/6 cached 4 [stop]'],
  },
  'fim.stream()': {
    feature: 'completions',
    answers: [sse(CHUNKS)],
    use: async (client) => collect(await client.fim.stream({ model: 'codestral-latest', prompt: 'def f(' })),
    spans: ['text_completion codestral-latest 12/6 cached 4 [stop] first chunk'],
  },
  'agents.complete()': {
    feature: 'agents',
    answers: [completion({ content: 'x' })],
    use: (client) => client.agents.complete({ agentId: 'ag_1', messages: request.messages }),
    spans: ['chat 12/6 cached 4 [stop]'],
  },
  'agents.stream()': {
    feature: 'agents',
    answers: [sse(CHUNKS)],
    use: async (client) => collect(await client.agents.stream({ agentId: 'ag_1', messages: request.messages })),
    spans: ['chat 12/6 cached 4 [stop] first chunk'],
  },
  'beta.conversations.start()': {
    feature: 'agents',
    answers: [CONVERSATION],
    use: (client) => client.beta.conversations.start({ agentId: 'ag_1', inputs: 'hi' }),
    spans: ['chat 12/6 []'],
  },
  'beta.conversations.append()': {
    feature: 'agents',
    answers: [CONVERSATION],
    use: (client) =>
      client.beta.conversations.append({ conversationId: 'conv_1', conversationAppendRequest: { inputs: 'hi' } }),
    spans: ['chat 12/6 []'],
  },
  'beta.conversations.startStream()': {
    feature: 'agents',
    answers: [conversationEvents({ type: 'conversation.response.done', usage: USAGE })],
    use: async (client) =>
      collect(await client.beta.conversations.startStream({ model: 'mistral-small-latest', inputs: 'hi' })),
    spans: ['chat mistral-small-latest 12/6 [] first chunk'],
  },
  'a conversation that fails': {
    feature: 'errors',
    answers: [conversationEvents({ type: 'conversation.response.error', message: 'no', code: 3_000 })],
    use: async (client) =>
      collect(await client.beta.conversations.startStream({ model: 'mistral-small-latest', inputs: 'hi' })),
    spans: ['chat mistral-small-latest [] 3000 first chunk'],
  },
  'embeddings.create()': {
    feature: 'embeddings',
    answers: [
      json({ ...HEAD, object: 'list', data: [{ object: 'embedding', embedding: [1], index: 0 }], usage: USAGE }),
    ],
    use: (client) => client.embeddings.create({ model: 'mistral-embed', inputs: ['hi'] }),
    spans: ['embeddings mistral-embed 12/- cached 4 []'],
  },
  'classifiers.moderateChat()': {
    feature: 'moderations',
    answers: [json({ ...HEAD, results: [], usage: USAGE })],
    use: (client) =>
      client.classifiers.moderateChat({
        model: 'mistral-moderation-latest',
        inputs: [[{ role: 'user', content: 'hi' }]],
      }),
    spans: ['moderation mistral-moderation-latest []'],
  },
  'ocr.process()': {
    feature: 'ocr',
    answers: [json({ model: 'mistral-ocr-2505', pages: [], usage_info: { pages_processed: 1 } })],
    use: (client) =>
      client.ocr.process({
        model: 'mistral-ocr-latest',
        document: { type: 'document_url', documentUrl: 'https://example.com/a.pdf' },
      }),
    spans: ['generate_content mistral-ocr-latest []'],
  },
}

for (const build of BUILDS) {
  describeHookedShapes<Mistral>({
    title: `@mistralai/mistralai ${build.major === 'current' ? 2 : 1} ${build.format}`,
    build,
    library: '@mistralai/mistralai',
    shapes,
    test,
    server: () => server,
    client: clientFor,
  })
}

describe('@mistralai/mistralai', () => {
  it('observes standalone functions, whose promise keeps its own methods', async () => {
    const { MistralCore } = await test.load('@mistralai/mistralai/core.js')
    const { chatComplete } = await test.load('@mistralai/mistralai/funcs/chatComplete.js')
    if (typeof MistralCore !== 'function' || typeof chatComplete !== 'function') throw new TypeError('not loaded')
    expect([chatComplete.name, chatComplete.length]).toEqual(['chatComplete', 3])
    const core: unknown = Reflect.construct(MistralCore, [{ apiKey: 'key', serverURL: server.url }])
    server.answer(completion({ content: 'Hello' }), json({ message: 'no' }, 400))
    const promise: unknown = Reflect.apply(chatComplete, undefined, [core, request])
    expect(Object.prototype.toString.call(promise)).toBe('[object APIPromise]')
    expect(await promise).toMatchObject({ ok: true, value: { id: 'cmpl-1' } })
    expect(await Reflect.apply(chatComplete, undefined, [core, request])).toMatchObject({ ok: false })
    expect(test.takeSpans().map(spanLine)).toEqual([PLAIN, 'chat mistral-small-latest [] 400 400'])
  })

  it('makes one span also when the client is told to make its own', async () => {
    const { Mistral: Client } = await test.load('@mistralai/mistralai')
    const { registerTracerProvider } = await test.load('@mistralai/mistralai/extra/observability/index.js')
    process.env['MISTRAL_SDK_TELEMETRY'] = 'global'
    try {
      const client = clientFor({ Mistral: Client }, server)
      server.answer(completion({ content: 'Hello' }), sse(CHUNKS))
      await client.chat.complete(request)
      await collect(await client.chat.stream(request))
      expect(test.takeSpans().map(spanLine)).toEqual([PLAIN, `${PLAIN} first chunk`])
      // What we do not observe keeps the client's own span.
      server.answer(json({ message: 'no such model' }, 404))
      await rejection(client.models.retrieve({ modelId: 'x' }))
      expect(test.takeSpans().map(({ instrumentationScope }) => instrumentationScope.name)).not.toContain('spanwarden')
    } finally {
      delete process.env['MISTRAL_SDK_TELEMETRY']
    }
    if (typeof registerTracerProvider !== 'function') throw new TypeError('not loaded')
    Reflect.apply(registerTracerProvider, undefined, [trace.getTracerProvider()])
    server.answer(completion({ content: 'Hello' }))
    await clientFor({ Mistral: Client }, server).chat.complete(request)
    expect(test.takeSpans().map(spanLine)).toEqual([PLAIN])
    Reflect.apply(registerTracerProvider, undefined, [undefined])
  })

  it('says what is asked at the start of the span, and estimates what was not counted', async () => {
    const client = clientFor(await test.load('@mistralai/mistralai'), server)
    server.answer(sse([CHUNKS[0], CHUNKS[1]]))
    const asked = {
      ...request,
      temperature: 0.5,
      topP: 0.9,
      maxTokens: 10,
      stop: 'x',
      randomSeed: 7,
      n: 2,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      responseFormat: { type: 'json_object' as const },
      messages: [{ role: 'user' as const, content: 'twelve chars' }],
    }
    await collect(await client.chat.stream(asked))
    expect(server.requests.at(-1)?.headers['user-agent']).toMatch(mistral.userAgent ?? 'none')
    const [span] = test.takeSpans()
    expect(span?.attributes).toMatchObject({
      'gen_ai.provider.name': 'mistral_ai',
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.top_p': 0.9,
      'gen_ai.request.max_tokens': 10,
      'gen_ai.request.stop_sequences': ['x'],
      'gen_ai.request.seed': 7,
      'gen_ai.request.choice.count': 2,
      'gen_ai.request.presence_penalty': 0.1,
      'gen_ai.request.frequency_penalty': 0.2,
      'gen_ai.output.type': 'json',
      'server.address': '127.0.0.1',
      'spanwarden.usage.source': 'unknown',
      'spanwarden.usage.estimate.output_tokens': 2,
    })
    // The role counts as well: an estimate, not a count.
    expect(span?.attributes['spanwarden.usage.estimate.input_tokens']).toBe(4)
  })

  it('puts no content into a span unless asked, error messages included', async () => {
    const canary = 'CANARY'
    const client = clientFor(await test.load('@mistralai/mistralai'), server)
    const call = { ...TOOL_CALL, function: { name: 'add', arguments: `{"x":"${canary}"}` } }
    const messages = [
      { role: 'system' as const, content: canary },
      {
        role: 'user' as const,
        content: [
          { type: 'text' as const, text: canary },
          { type: 'image_url' as const, imageUrl: `https://example.com/${canary}` },
        ],
      },
      {
        role: 'assistant' as const,
        toolCalls: [{ id: 'a1b2c3d4e', function: { name: 'add', arguments: { x: canary } } }],
      },
      { role: 'tool' as const, toolCallId: 'a1b2c3d4e', content: canary },
    ]
    const calls = async (): Promise<ReadableSpan[]> => {
      server.answer(
        completion({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: canary }] }], tool_calls: [call] }),
        json({ message: canary }, 400),
        sse([chunk({ delta: { content: canary } }), ...CHUNKS]),
      )
      await client.chat.complete({ ...request, messages })
      await rejection(client.chat.complete({ ...request, messages }))
      await collect(await client.chat.stream({ ...request, messages }))
      return test.takeSpans()
    }
    const written = (spans: readonly ReadableSpan[]): string =>
      JSON.stringify(spans.map(({ name, attributes, events, status }) => [name, attributes, events, status]))
    expect(written(await calls())).not.toContain(canary)
    test.sdk.captureContent = true
    const [first] = await calls()
    test.sdk.captureContent = false
    const parts = (content: unknown): unknown => JSON.parse(String(content))
    expect(parts(first?.attributes['gen_ai.input.messages'])).toEqual([
      { role: 'system', parts: [{ type: 'text', content: canary }] },
      {
        role: 'user',
        parts: [
          { type: 'text', content: canary },
          { type: 'uri', modality: 'image', uri: `https://example.com/${canary}` },
        ],
      },
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'a1b2c3d4e', name: 'add', arguments: { x: canary } }] },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'a1b2c3d4e', response: canary }] },
    ])
    expect(parts(first?.attributes['gen_ai.output.messages'])).toEqual([
      {
        role: 'assistant',
        finish_reason: 'stop',
        parts: [
          { type: 'reasoning', content: canary },
          { type: 'tool_call', id: 'a1b2c3d4e', name: 'add', arguments: { x: canary } },
        ],
      },
    ])
  })

  it('reads conversations, whole and as events', async () => {
    const client = clientFor(await test.load('@mistralai/mistralai'), server)
    test.sdk.captureContent = true
    server.answer(CONVERSATION, conversationEvents({ type: 'conversation.response.done', usage: USAGE }))
    const inputs = [
      { type: 'message.input' as const, role: 'user' as const, content: 'hi' },
      { type: 'function.result' as const, toolCallId: 'a1b2c3d4e', result: '2' },
    ]
    await client.beta.conversations.append({ conversationId: 'conv_1', conversationAppendRequest: { inputs } })
    await collect(await client.beta.conversations.startStream({ model: 'mistral-small-latest', inputs }))
    test.sdk.captureContent = false
    for (const { attributes } of test.takeSpans()) {
      expect(attributes).toMatchObject({
        'gen_ai.conversation.id': 'conv_1',
        'gen_ai.response.model': 'mistral-small-2506',
      })
      expect(JSON.parse(String(attributes['gen_ai.input.messages']))).toEqual([
        { role: 'user', parts: [{ type: 'text', content: 'hi' }] },
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'a1b2c3d4e', response: '2' }] },
      ])
      expect(JSON.parse(String(attributes['gen_ai.output.messages']))).toEqual([
        {
          role: 'assistant',
          parts: [
            { type: 'text', content: 'Hello' },
            { type: 'tool_call', id: 'a1b2c3d4e', name: 'add', arguments: { a: 1 } },
          ],
        },
      ])
    }
  })

  it('ends the span of a stream that nobody reads when it is collected', async () => {
    const client = clientFor(await test.load('@mistralai/mistralai'), server)
    server.answer(sse(CHUNKS, 'wait'))
    await (async () => {
      await client.chat.stream(request)
    })()
    const collectGarbage: () => void = (setFlagsFromString('--expose-gc'), runInNewContext('gc'))
    const spans: ReadableSpan[] = []
    while (spans.length < 1) {
      collectGarbage()
      await new Promise((resolve) => setImmediate(resolve))
      spans.push(...test.takeSpans())
    }
    expect(spans.map(spanLine)).toEqual(['chat mistral-small-latest []'])
    server.cut()
  })
})
