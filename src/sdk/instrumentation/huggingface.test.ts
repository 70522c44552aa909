import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeHookedShapes } from '../../../test/support/describe-hooked-shapes.ts'
import { BUILDS, startHookedSdk } from '../../../test/support/hooked.ts'
import { collect, json, sse, startModelServer } from '../../../test/support/model-server.ts'
import { rejection } from '../../../test/support/openai-shapes.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { huggingface } from './huggingface.ts'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type * as HuggingFaceModule from '@huggingface/inference'
import type { InferenceClient } from '@huggingface/inference'
import type { ModelAnswer, ModelServer } from '../../../test/support/model-server.ts'
import type { Shape } from '../../../test/support/openai-shapes.ts'

const test = startHookedSdk([huggingface])
let server: ModelServer

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

const USAGE = { prompt_tokens: 12, completion_tokens: 6, total_tokens: 18 }
const HEAD = { id: 'c-1', created: 1, model: 'meta-llama/Llama-3.1-8B-Instruct', system_fingerprint: '' }
const request = { model: 'llama', messages: [{ role: 'user', content: 'hi' }] }
const prompted = { model: 'llama', inputs: 'hi' }
const PLAIN = 'chat llama 12/6 [stop]'

const completion = (message: object, finish = 'stop'): ModelAnswer =>
  json({
    ...HEAD,
    choices: [{ index: 0, message: { role: 'assistant', content: '', ...message }, finish_reason: finish }],
    usage: USAGE,
  })
const chunk = (choice: object, more: object = {}): object => ({
  ...HEAD,
  choices: [{ index: 0, finish_reason: null, delta: {}, ...choice }],
  ...more,
})
const CHUNKS = [
  chunk({ delta: { role: 'assistant', content: 'Hel' } }),
  chunk({ delta: { content: 'lo' } }),
  chunk({ finish_reason: 'stop' }, { usage: USAGE }),
]
const TOOL_CALL = { index: 0, id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }
const token = (text: string, more: object = {}): object => ({
  token: { id: 1, text, logprob: 0, special: false },
  generated_text: null,
  details: null,
  ...more,
})
const DETAILS = { finish_reason: 'length', generated_tokens: 2, input_length: 3 }

const clientFor = (library: Record<string, unknown>, { url }: ModelServer): InferenceClient => {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
  const { InferenceClient: Client } = library as unknown as typeof HuggingFaceModule
  return new Client(['hf', 'token'].join('_'), { endpointUrl: url })
}

/** Each major accepts one format of the two; either way the answer was given and paid. */
const settled = (answer: Promise<unknown>): Promise<unknown> => answer.catch(() => 'not accepted')

const shapes: Readonly<Record<string, Shape<InferenceClient>>> = {
  'chatCompletion()': {
    feature: 'chat',
    answers: [completion({ content: 'Hello' })],
    use: (client) => client.chatCompletion(request),
    spans: [PLAIN],
  },
  'an answer without usage': {
    feature: 'chat',
    answers: [json({ ...HEAD, choices: [], usage: null })],
    use: (client) => client.chatCompletion(request),
    spans: ['chat llama []'],
  },
  'tool calls': {
    feature: 'chat',
    answers: [completion({ tool_calls: [TOOL_CALL] }, 'tool_calls')],
    use: (client) => client.chatCompletion(request),
    spans: ['chat llama 12/6 [tool_calls]'],
  },
  'a 503 that is tried again': {
    feature: 'chat',
    answers: [json({ error: 'loading' }, 503), completion({ content: 'Hello' })],
    use: (client) => client.chatCompletion(request),
    spans: [PLAIN],
  },
  'for await': {
    feature: 'chat stream',
    answers: [sse(CHUNKS)],
    use: (client) => collect(client.chatCompletionStream(request)),
    spans: [`${PLAIN} first chunk`],
  },
  'a stream that is tried again': {
    feature: 'chat stream',
    answers: [json({ error: 'loading' }, 503), sse(CHUNKS)],
    use: (client) => collect(client.chatCompletionStream(request)),
    spans: [`${PLAIN} first chunk`],
  },
  'a stream that nobody reads makes no request': {
    feature: 'chat stream',
    answers: [sse(CHUNKS)],
    use: async (client) => Object.prototype.toString.call(client.chatCompletionStream(request)),
    spans: [],
  },
  'a loop that is left': {
    feature: 'abort',
    answers: [sse(CHUNKS, 'wait')],
    use: async (client) => {
      for await (const event of client.chatCompletionStream(request)) return event
      return undefined
    },
    spans: ['chat llama [error] first chunk'],
  },
  'an abort before the answer': {
    feature: 'abort',
    answers: [completion({ content: 'Hello' })],
    use: (client) => rejection(client.chatCompletion(request, { signal: AbortSignal.abort() })),
    spans: ['chat llama [] AbortError'],
  },
  'an abort of a stream': {
    feature: 'abort',
    answers: [sse(CHUNKS.slice(0, 2), 'wait')],
    use: async (client) => {
      const controller = new AbortController()
      const iterator = client.chatCompletionStream(request, { signal: controller.signal })[Symbol.asyncIterator]()
      const first = await iterator.next()
      controller.abort()
      return [first, await rejection(collect({ [Symbol.asyncIterator]: () => iterator }))]
    },
    spans: ['chat llama [error] first chunk'],
  },
  'an answer that is refused': {
    feature: 'errors',
    answers: [json({ error: { message: 'no', type: 'invalid_request_error', code: 'model_not_found' } }, 404)],
    use: (client) => rejection(client.chatCompletion(request)),
    spans: ['chat llama [] model_not_found 404'],
    previousSpans: ['chat llama [] Error'],
  },
  'a stream that is refused with a sentence': {
    feature: 'errors',
    answers: [json({ error: 'Invalid token' }, 401)],
    use: (client) => rejection(collect(client.chatCompletionStream(request))),
    spans: ['chat llama [] 401 401'],
    previousSpans: ['chat llama [] Error'],
  },
  'an error in a stream': {
    feature: 'errors',
    answers: [sse([CHUNKS[0], { error: { message: 'slow down', code: 'rate_limited' } }])],
    use: (client) => rejection(collect(client.chatCompletionStream(request))),
    spans: ['chat llama [error] rate_limited 200 first chunk'],
    previousSpans: ['chat llama [error] Error first chunk'],
  },
  'a network that fails': {
    feature: 'errors',
    answers: [],
    use: (client) => rejection(client.endpoint('http://127.0.0.1:1').chatCompletion(request)),
    spans: ['chat llama [] TypeError'],
  },
  'textGeneration()': {
    feature: 'completions',
    answers: [json([{ generated_text: 'Hello', details: DETAILS }])],
    use: (client) => settled(client.textGeneration(prompted)),
    spans: ['text_completion llama 3/2 [length]'],
  },
  "textGeneration() in OpenAI's format": {
    feature: 'completions',
    answers: [json({ ...HEAD, choices: [{ index: 0, text: 'Hello', finish_reason: 'stop' }], usage: USAGE })],
    use: (client) => settled(client.textGeneration(prompted)),
    spans: ['text_completion llama 12/6 [stop]'],
  },
  'textGeneration() without details': {
    feature: 'completions',
    answers: [json([{ generated_text: 'Hello' }])],
    use: (client) => settled(client.textGeneration(prompted)),
    spans: ['text_completion llama []'],
  },
  'textGenerationStream()': {
    feature: 'completions',
    answers: [sse([token('Hel'), token('lo', { generated_text: 'Hello', details: DETAILS })])],
    use: (client) => collect(client.textGenerationStream(prompted)),
    spans: ['text_completion llama 3/2 [length] first chunk'],
  },
  'featureExtraction()': {
    feature: 'embeddings',
    answers: [json([[0.1, 0.2]])],
    use: (client) => client.featureExtraction({ model: 'bge', inputs: ['hi'] }),
    spans: ['embeddings bge []'],
  },
  'a task that is no model call to us': {
    feature: 'chat',
    answers: [json([[{ label: 'good', score: 1 }]])],
    use: (client) => client.textClassification({ model: 'bert', inputs: 'hi' }),
    spans: [],
  },
}

for (const build of BUILDS) {
  describeHookedShapes<InferenceClient>({
    title: `@huggingface/inference ${build.major === 'current' ? 4 : 3} ${build.format}`,
    build,
    library: '@huggingface/inference',
    shapes,
    test,
    server: () => server,
    client: clientFor,
  })
}

describe('@huggingface/inference', () => {
  it('observes the free functions, which keep their names and lengths', async () => {
    for (const build of BUILDS) {
      const { chatCompletion } = await test.load('@huggingface/inference', build)
      if (typeof chatCompletion !== 'function') throw new TypeError('not loaded')
      server.answer(completion({ content: 'Hello' }))
      const args = { ...request, accessToken: ['hf', 'token'].join('_'), endpointUrl: server.url }
      // The same arguments twice at the same time are two calls.
      await Promise.all([chatCompletion(args), chatCompletion(args)])
      expect(test.takeSpans().map(spanLine)).toEqual([PLAIN, PLAIN])
      expect([chatCompletion.name, chatCompletion.length]).toEqual(['chatCompletion', 2])
    }
  })

  it("says who is called: the router, or the provider by the provider's own key", async () => {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { InferenceClient: Client } = (await test.load(
      '@huggingface/inference',
    )) as unknown as typeof HuggingFaceModule
    server.answer(completion({ content: 'Hello' }))
    const fetchOf = (async (input: string | URL | Request, init?: RequestInit) =>
      String(input).startsWith('https://huggingface.co/')
        ? Response.json({
            inferenceProviderMapping: { groq: { status: 'live', providerId: 'x', task: 'conversational' } },
          })
        : server.fetch(input, init)) satisfies typeof fetch
    await new Client(['hf', 'token'].join('_'), { fetch: fetchOf }).chatCompletion(request)
    await new Client('key', { fetch: fetchOf }).chatCompletion({ ...request, provider: 'groq' })
    expect(
      test.takeSpans().map(({ attributes }) => [attributes['gen_ai.provider.name'], attributes['server.address']]),
    ).toEqual([
      ['huggingface', 'router.huggingface.co'],
      ['groq', 'api.groq.com'],
    ])
  })

  it('says what is asked at the start of the span, and estimates what was not counted', async () => {
    const client = clientFor(await test.load('@huggingface/inference'), server)
    server.answer(sse(CHUNKS.slice(0, 2)), json([{ generated_text: 'Hello' }]))
    await collect(client.chatCompletionStream({ ...request, temperature: 0.5, max_tokens: 10, top_p: 0.9, seed: 7 }))
    const parameters = { temperature: 0.5, max_new_tokens: 10, top_k: 40, stop: ['x'] }
    await settled(client.textGeneration({ ...prompted, parameters }))
    const [chat, text] = test.takeSpans()
    expect(chat?.attributes).toMatchObject({
      'gen_ai.request.stream': true,
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.max_tokens': 10,
      'gen_ai.request.top_p': 0.9,
      'gen_ai.request.seed': 7,
      'spanwarden.usage.source': 'unknown',
      'spanwarden.usage.estimate.output_tokens': 2,
    })
    expect(text?.attributes).toMatchObject({
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.max_tokens': 10,
      'gen_ai.request.top_k': 40,
      'gen_ai.request.stop_sequences': ['x'],
      'spanwarden.usage.source': 'unknown',
      'spanwarden.usage.estimate.input_tokens': 1,
    })
  })

  it('puts no content into a span unless asked, error messages included', async () => {
    const canary = 'CANARY'
    const client = clientFor(await test.load('@huggingface/inference'), server)
    const call = { ...TOOL_CALL, function: { name: 'add', arguments: `{"x":"${canary}"}` } }
    const asked = { model: 'llama', messages: [{ role: 'user', content: canary }] }
    const calls = async (): Promise<ReadableSpan[]> => {
      server.answer(
        completion({ content: canary, tool_calls: [call] }),
        json({ error: canary }, 400),
        sse([chunk({ delta: { content: canary } }), { error: canary }]),
        sse([token(canary, { details: DETAILS })]),
      )
      await client.chatCompletion(asked)
      await rejection(client.chatCompletion(asked))
      await rejection(collect(client.chatCompletionStream(asked)))
      await collect(client.textGenerationStream({ model: 'llama', inputs: canary }))
      return test.takeSpans()
    }
    const written = (spans: readonly ReadableSpan[]): string =>
      JSON.stringify(spans.map(({ name, attributes, events, status }) => [name, attributes, events, status]))
    expect(written(await calls())).not.toContain(canary)
    test.sdk.captureContent = true
    const spans = await calls()
    test.sdk.captureContent = false
    const parts = (index: number, key: string): unknown => JSON.parse(String(spans[index]?.attributes[key]))
    const said = { type: 'text', content: canary }
    expect(parts(0, 'gen_ai.input.messages')).toEqual([{ role: 'user', parts: [said] }])
    expect(parts(0, 'gen_ai.output.messages')).toEqual([
      {
        role: 'assistant',
        finish_reason: 'stop',
        parts: [said, { type: 'tool_call', id: 'call_1', name: 'add', arguments: { x: canary } }],
      },
    ])
    expect(parts(3, 'gen_ai.input.messages')).toEqual([{ role: 'user', parts: [said] }])
    expect(parts(3, 'gen_ai.output.messages')).toEqual([{ role: 'assistant', finish_reason: 'length', parts: [said] }])
  })
})
