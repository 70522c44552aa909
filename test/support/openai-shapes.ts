import type OpenAI from 'openai'
import type { Stream } from 'openai/streaming'
import { collect, cut, json, sse } from './model-server.ts'
import type { ModelAnswer, ModelServer } from './model-server.ts'

/**
 * Every way to use the client, told as data: once without the instrumentation, once with it. The two must be equal, and the second
 * must leave exactly the spans that stand beside it.
 */
export interface Shape<Client = OpenAI> {
  /** As the table of libraries names it. */
  readonly feature: string
  readonly answers: readonly ModelAnswer[]
  readonly use: (client: Client, server: ModelServer) => Promise<unknown>
  readonly spans: readonly string[]
  /** Those of the major before, where that client's own errors are others. */
  readonly previousSpans?: readonly string[]
}

const USAGE = {
  prompt_tokens: 120,
  completion_tokens: 60,
  total_tokens: 180,
  prompt_tokens_details: { cached_tokens: 40 },
  completion_tokens_details: { reasoning_tokens: 25 },
}
const HEAD = { id: 'chatcmpl-1', created: 1, model: 'gpt-4o-mini-2024-07-18', service_tier: 'default' }
export const request = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'hi' }] }

export const completion = (message: object, finish = 'stop'): ModelAnswer =>
  json({
    ...HEAD,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason: finish }],
    usage: USAGE,
  })

export const CHUNKS = [
  { choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] },
  { choices: [{ index: 0, delta: { content: 'Hel' } }] },
  { choices: [{ index: 0, delta: { content: 'lo' } }] },
  { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  { choices: [], usage: USAGE },
].map((chunk) => ({ ...HEAD, object: 'chat.completion.chunk', ...chunk }))

const RESPONSE = {
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  status: 'completed',
  model: 'gpt-4o-mini-2024-07-18',
  output: [
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: '{"n":1}', annotations: [] }],
    },
  ],
  usage: { input_tokens: 20, output_tokens: 5, total_tokens: 25, input_tokens_details: { cached_tokens: 8 } },
}
const RESPONSE_EVENTS = [
  {
    type: 'response.created',
    sequence_number: 0,
    response: { ...RESPONSE, status: 'in_progress', output: [], usage: null },
  },
  {
    type: 'response.output_item.added',
    sequence_number: 1,
    output_index: 0,
    item: { ...RESPONSE.output[0], content: [] },
  },
  { type: 'response.output_item.done', sequence_number: 2, output_index: 0, item: RESPONSE.output[0] },
  { type: 'response.completed', sequence_number: 3, response: RESPONSE },
]

export const TOOL_CALL = { id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":1,"b":2}' } }
const TOOL_CHUNKS = [
  { choices: [{ index: 0, delta: { role: 'assistant', tool_calls: [{ index: 0, ...TOOL_CALL }] } }] },
  { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
].map((chunk) => ({ ...HEAD, object: 'chat.completion.chunk', ...chunk }))
const IMAGE_USAGE = {
  input_tokens: 30,
  output_tokens: 40,
  total_tokens: 70,
  input_tokens_details: { image_tokens: 10, text_tokens: 20 },
}
const PLAIN = 'chat gpt-4o-mini 120/60 cached 40 reasoning 25 [stop]'
const STREAMED = `${PLAIN} first chunk`
export const failure = {
  error: { message: 'no such model', type: 'invalid_request_error', code: 'model_not_found', param: null },
}

/** Each build has a class of its own. */
export const streamClassOf = (stream: Stream<unknown>): typeof Stream =>
  // oxlint-disable-next-line typescript/consistent-type-assertions -- an object's constructor has no type
  stream.constructor as typeof Stream

export const rejection = async (promise: PromiseLike<unknown>): Promise<unknown> => {
  try {
    return { resolved: await promise }
  } catch (error) {
    if (!(error instanceof Error)) return { thrown: error }
    const status = ['status', 'code', 'type'].map((key) => Reflect.get(error, key))
    return { class: error.constructor.name, message: error.message, status }
  }
}

export const shapes: Readonly<Record<string, Shape>> = {
  await: {
    feature: 'chat',
    answers: [completion({ content: 'Hello' })],
    use: async (client) => client.chat.completions.create(request),
    spans: [PLAIN],
  },
  'withResponse()': {
    feature: 'chat',
    answers: [completion({ content: 'Hello' })],
    use: async (client) => {
      const { data, response, request_id: id } = await client.chat.completions.create(request).withResponse()
      return { data, status: response.status, id, bodyUsed: response.bodyUsed, keys: Object.keys(response) }
    },
    spans: [PLAIN],
  },
  'asResponse(), its JSON read': {
    feature: 'chat',
    answers: [completion({ content: 'Hello' })],
    use: async (client) => {
      const response = await client.chat.completions.create(request).asResponse()
      return {
        is: response instanceof Response,
        keys: Object.keys(response),
        body: await response.json(),
        used: response.bodyUsed,
      }
    },
    spans: [PLAIN],
  },
  'asResponse(), its text read': {
    feature: 'chat',
    answers: [completion({ content: 'Hello' })],
    use: async (client) => (await client.chat.completions.create(request).asResponse()).text(),
    spans: [PLAIN],
  },
  'asResponse(), its body streamed': {
    feature: 'chat stream',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const response = await client.chat.completions.create({ ...request, stream: true }).asResponse()
      return new Response(response.body).text()
    },
    spans: [STREAMED],
  },
  'asResponse() and then the parsed answer': {
    feature: 'chat',
    answers: [completion({ content: 'Hello' })],
    use: async (client) => {
      const promise = client.chat.completions.create(request)
      const response = await promise.asResponse()
      return { status: response.status, data: await promise, again: (await promise) === (await promise) }
    },
    spans: [PLAIN],
  },
  'chat.completions.parse()': {
    feature: 'structured output',
    answers: [completion({ content: '{"n":1}' })],
    use: async (client) =>
      client.chat.completions.parse({
        ...request,
        response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } },
      }),
    spans: [PLAIN],
  },
  'parse().withResponse()': {
    feature: 'structured output',
    answers: [completion({ content: '{"n":1}' })],
    use: async (client) => (await client.chat.completions.parse(request).withResponse()).data,
    spans: [PLAIN],
  },
  '_thenUnwrap() twice': {
    feature: 'chat',
    answers: [completion({ content: 'Hello' })],
    use: async (client) => {
      // oxlint-disable-next-line typescript/consistent-type-assertions -- internal to the client, yet wrappers use it
      const promise = client.chat.completions.create(request) as unknown as Unwrapping
      return promise._thenUnwrap((body) => ({ body }))._thenUnwrap((body) => [body])
    },
    spans: [PLAIN],
  },
  'the promise itself': {
    feature: 'chat',
    answers: [completion({ content: 'Hello' })],
    use: async (client) => {
      const promise = client.chat.completions.create(request)
      const seen = {
        class: promise.constructor.name,
        isPromise: promise instanceof Promise,
        keys: Object.keys(promise).toSorted(),
      }
      let finished = false
      await promise.finally(() => (finished = true))
      return { ...seen, finished, caught: await promise.catch(() => 'no') }
    },
    spans: [PLAIN],
  },
  'for await': {
    feature: 'chat stream',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const stream = await client.chat.completions.create({ ...request, stream: true })
      return {
        is: stream instanceof streamClassOf(stream),
        class: stream.constructor.name,
        keys: Object.keys(stream),
        events: await collect(stream),
        again: await rejection(collect(stream)),
      }
    },
    spans: [STREAMED],
  },
  'stream without usage': {
    feature: 'chat stream',
    answers: [sse(CHUNKS.slice(0, 4))],
    use: async (client) => collect(await client.chat.completions.create({ ...request, stream: true })),
    spans: ['chat gpt-4o-mini [stop] first chunk'],
  },
  'withResponse() of a stream': {
    feature: 'chat stream',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const { data, response } = await client.chat.completions.create({ ...request, stream: true }).withResponse()
      return { status: response.status, events: await collect(data) }
    },
    spans: [STREAMED],
  },
  'tee()': {
    feature: 'chat stream',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const [left, right] = (await client.chat.completions.create({ ...request, stream: true })).tee()
      return { left: await collect(left), right: await collect(right) }
    },
    spans: [STREAMED],
  },
  'toReadableStream()': {
    feature: 'chat stream',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const stream = await client.chat.completions.create({ ...request, stream: true })
      return collect(streamClassOf(stream).fromReadableStream(stream.toReadableStream(), new AbortController()))
    },
    spans: [STREAMED],
  },
  'break after the second chunk': {
    feature: 'abort',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const stream = await client.chat.completions.create({ ...request, stream: true })
      const seen: unknown[] = []
      for await (const chunk of stream) if (seen.push(chunk) === 2) break
      return { seen, aborted: stream.controller.signal.aborted }
    },
    spans: ['chat gpt-4o-mini [error] first chunk'],
  },
  'throw inside for await': {
    feature: 'abort',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const stream = await client.chat.completions.create({ ...request, stream: true })
      return rejection(
        (async () => {
          for await (const chunk of stream) throw new Error(`mine at ${chunk.id}`)
        })(),
      )
    },
    spans: ['chat gpt-4o-mini [error] first chunk'],
  },
  'controller.abort() between two chunks': {
    feature: 'abort',
    answers: [sse(CHUNKS.slice(0, 2), 'wait')],
    use: async (client) => {
      const stream = await client.chat.completions.create({ ...request, stream: true })
      const seen: unknown[] = []
      for await (const chunk of stream) {
        seen.push(chunk)
        if (seen.length === 2) stream.controller.abort()
      }
      return seen
    },
    spans: ['chat gpt-4o-mini [error] first chunk'],
  },
  'controller.abort() of a stream that is never read': {
    feature: 'abort',
    answers: [sse(CHUNKS, 'wait')],
    use: async (client) => {
      const stream = await client.chat.completions.create({ ...request, stream: true })
      stream.controller.abort()
      return collect(stream)
    },
    spans: ['chat gpt-4o-mini []'],
  },
  'the signal aborts a plain call': {
    feature: 'abort',
    answers: [{ writes: ['{'], ending: 'wait' }],
    use: async (client) => {
      const controller = new AbortController()
      const promise = client.chat.completions.create(request, { signal: controller.signal })
      await promise.asResponse()
      controller.abort()
      return rejection(promise)
    },
    spans: ['chat gpt-4o-mini [] APIUserAbortError'],
    previousSpans: ['chat gpt-4o-mini [] AbortError'],
  },
  'an HTTP error': {
    feature: 'errors',
    answers: [json(failure, 404)],
    use: async (client) => rejection(client.chat.completions.create(request)),
    spans: ['chat gpt-4o-mini [] model_not_found 404'],
  },
  'an HTTP error of parse()': {
    feature: 'errors',
    answers: [json(failure, 404)],
    use: async (client) => rejection(client.chat.completions.parse(request)),
    spans: ['chat gpt-4o-mini [] model_not_found 404'],
  },
  'an HTTP error of a stream': {
    feature: 'errors',
    answers: [json(failure, 429)],
    use: async (client) => rejection(client.chat.completions.create({ ...request, stream: true })),
    spans: ['chat gpt-4o-mini [] model_not_found 429'],
  },
  'a retried call is one call': {
    feature: 'errors',
    answers: [json(failure, 503), completion({ content: 'Hello' })],
    use: async (client) => client.chat.completions.create(request, { maxRetries: 1, headers: { 'x-retry': '1' } }),
    spans: [PLAIN],
  },
  'a body that is no JSON': {
    feature: 'errors',
    answers: [{ writes: ['{"id":'] }],
    use: async (client) => rejection(client.chat.completions.create(request)),
    spans: ['chat gpt-4o-mini [] SyntaxError'],
  },
  'a body that is no JSON, of parse()': {
    feature: 'errors',
    answers: [{ writes: ['{"id":'] }],
    use: async (client) => rejection(client.chat.completions.parse(request)),
    spans: ['chat gpt-4o-mini [] SyntaxError'],
  },
  'an error inside a stream': {
    feature: 'errors',
    answers: [
      sse([...CHUNKS.slice(0, 2), { error: { message: 'overloaded', type: 'server_error', code: 'overloaded' } }]),
    ],
    use: async (client) => rejection(collect(await client.chat.completions.create({ ...request, stream: true }))),
    spans: ['chat gpt-4o-mini [error] overloaded first chunk'],
  },
  'a connection cut inside a stream': {
    feature: 'errors',
    answers: [sse(CHUNKS.slice(0, 2), 'wait')],
    use: async (client, server) => {
      const stream = await client.chat.completions.create({ ...request, stream: true })
      let chunks = 0
      const reading = async (): Promise<void> => {
        for await (const _ of stream) if (++chunks === 2) server.cut()
      }
      return { failed: await rejection(reading()), chunks }
    },
    spans: ['chat gpt-4o-mini [error] TypeError first chunk'],
  },
  'arguments of the wrong kind': {
    feature: 'errors',
    answers: [json(failure, 400)],
    // oxlint-disable-next-line typescript/consistent-type-assertions -- a caller without types
    use: async (client) => rejection((async () => client.chat.completions.create(undefined as never))()),
    spans: ['chat [] TypeError'],
  },
  'stream() and its events': {
    feature: 'stream helpers',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const stream = client.chat.completions.stream(request)
      const deltas: string[] = []
      stream.on('content', (delta) => deltas.push(delta))
      return {
        final: await stream.finalChatCompletion(),
        content: await stream.finalContent(),
        deltas,
        usage: await stream.totalUsage(),
      }
    },
    spans: [STREAMED],
  },
  'stream() aborted': {
    feature: 'abort',
    answers: [sse(CHUNKS.slice(0, 2), 'wait')],
    use: async (client) => {
      const stream = client.chat.completions.stream(request)
      stream.on('content', () => stream.abort())
      return rejection(stream.done())
    },
    spans: ['chat gpt-4o-mini [error] first chunk'],
  },
  'runTools()': {
    feature: 'tool runner',
    answers: [completion({ tool_calls: [TOOL_CALL] }, 'tool_calls'), completion({ content: '3' })],
    use: async (client) => {
      const runner = client.chat.completions.runTools({
        ...request,
        tools: [
          {
            type: 'function',
            function: {
              name: 'add',
              description: 'adds',
              parameters: { type: 'object', properties: {} },
              parse: JSON.parse,
              function: ({ a, b }: { a: number; b: number }) => String(a + b),
            },
          },
        ],
      })
      return { final: await runner.finalContent(), messages: runner.messages }
    },
    spans: [PLAIN.replace('stop', 'tool_calls'), 'execute_tool add []', PLAIN],
  },
  'responses.create()': {
    feature: 'responses',
    answers: [json(RESPONSE)],
    use: async (client) => client.responses.create({ model: 'gpt-4o-mini', input: 'hi' }),
    spans: ['chat gpt-4o-mini 20/5 cached 8 [completed]'],
  },
  'responses.create() that failed within': {
    feature: 'responses',
    answers: [json({ ...RESPONSE, status: 'failed', error: { code: 'server_error', message: 'oops' } })],
    use: async (client) => client.responses.create({ model: 'gpt-4o-mini', input: 'hi' }),
    spans: ['chat gpt-4o-mini 20/5 cached 8 [failed] server_error'],
  },
  'responses.parse()': {
    feature: 'structured output',
    answers: [json(RESPONSE)],
    use: async (client) => (await client.responses.parse({ model: 'gpt-4o-mini', input: 'hi' })).output_text,
    spans: ['chat gpt-4o-mini 20/5 cached 8 [completed]'],
  },
  'responses.create() streaming': {
    feature: 'responses stream',
    answers: [sse(RESPONSE_EVENTS)],
    use: async (client) => collect(await client.responses.create({ model: 'gpt-4o-mini', input: 'hi', stream: true })),
    spans: ['chat gpt-4o-mini 20/5 cached 8 [completed] first chunk'],
  },
  'responses.stream()': {
    feature: 'stream helpers',
    answers: [sse(RESPONSE_EVENTS)],
    use: async (client) => {
      const stream = client.responses.stream({ model: 'gpt-4o-mini', input: 'hi' })
      return { events: await collect(stream), final: await stream.finalResponse() }
    },
    spans: ['chat gpt-4o-mini 20/5 cached 8 [completed] first chunk'],
  },
  'embeddings.create()': {
    feature: 'embeddings',
    answers: [
      json({
        object: 'list',
        model: 'text-embedding-3-small',
        data: [
          { object: 'embedding', index: 0, embedding: Buffer.from(new Float32Array([1, 2]).buffer).toString('base64') },
        ],
        usage: { prompt_tokens: 5, total_tokens: 5 },
      }),
    ],
    use: async (client) => client.embeddings.create({ model: 'text-embedding-3-small', input: 'hi' }),
    spans: ['embeddings text-embedding-3-small 5/- []'],
  },
  'completions.create()': {
    feature: 'completions',
    answers: [
      json({
        ...HEAD,
        object: 'text_completion',
        choices: [{ index: 0, text: 'x', finish_reason: 'length' }],
        usage: USAGE,
      }),
    ],
    use: async (client) => client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'hi' }),
    spans: ['text_completion gpt-3.5-turbo-instruct 120/60 cached 40 reasoning 25 [length]'],
  },
  'asResponse(), a reader of its body': {
    feature: 'chat stream',
    answers: [cut(sse(CHUNKS), 7)],
    use: async (client) => {
      const { body } = await client.chat.completions.create({ ...request, stream: true }).asResponse()
      const reader = body?.getReader({ mode: 'byob' })
      let text = ''
      for (;;) {
        const step = await reader?.read(new Uint8Array(11))
        text += Buffer.from(step?.value ?? []).toString()
        if (step?.done !== false) return text
      }
    },
    spans: [STREAMED],
  },
  'asResponse(), a clone of it read': {
    feature: 'chat stream',
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const response = await client.chat.completions.create({ ...request, stream: true }).asResponse()
      const copy = response.clone()
      return { copy: await copy.text(), own: await response.text(), again: await rejection(response.text()) }
    },
    spans: [STREAMED],
  },
  'asResponse(), its body cancelled': {
    feature: 'abort',
    answers: [sse(CHUNKS, 'wait')],
    use: async (client) => {
      const { body } = await client.chat.completions.create({ ...request, stream: true }).asResponse()
      const reader = body?.getReader()
      const first = await reader?.read()
      await reader?.cancel()
      return { done: first?.done, after: await reader?.read() }
    },
    spans: ['chat gpt-4o-mini 120/60 cached 40 reasoning 25 [stop] first chunk'],
  },
  'asResponse(), a connection cut inside its body': {
    feature: 'errors',
    answers: [sse(CHUNKS.slice(0, 2), 'wait')],
    use: async (client, server) => {
      const { body } = await client.chat.completions.create({ ...request, stream: true }).asResponse()
      const reader = body?.getReader()
      await reader?.read()
      server.cut()
      return rejection(Promise.resolve(reader?.read().then((step) => (step.done ? step : reader.read()))))
    },
    spans: ['chat gpt-4o-mini [error] TypeError first chunk'],
  },
  'asResponse(), an error inside its stream': {
    feature: 'errors',
    answers: [sse([...CHUNKS.slice(0, 2), { error: { message: 'overloaded', code: 'overloaded' } }])],
    use: async (client) => (await client.chat.completions.create({ ...request, stream: true }).asResponse()).text(),
    spans: ['chat gpt-4o-mini [error] overloaded first chunk'],
  },
  'asResponse(), its JSON read from the body': {
    feature: 'chat',
    answers: [cut(completion({ content: 'Hello' }), 9)],
    use: async (client) => {
      const response = await client.chat.completions.create(request).asResponse()
      const same = response.body === response.body
      return { same, text: await new Response(response.body).text(), used: response.bodyUsed }
    },
    spans: [PLAIN],
  },
  'runTools() with streams, a tool that throws': {
    feature: 'tool runner',
    answers: [sse(TOOL_CHUNKS)],
    use: async (client) => {
      const runner = client.chat.completions.runTools({
        ...request,
        stream: true,
        tools: [
          {
            type: 'function',
            function: {
              description: 'adds',
              parameters: { type: 'object', properties: {} },
              function: function add(): string {
                throw new RangeError('no')
              },
            },
          },
        ],
      })
      return rejection(runner.done())
    },
    spans: ['chat gpt-4o-mini [tool_calls] first chunk', 'execute_tool add [] RangeError'],
  },
  'responses.create() in the background': {
    feature: 'background',
    answers: [json({ ...RESPONSE, status: 'queued', output: [], usage: null })],
    use: async (client) => client.responses.create({ model: 'gpt-4o-mini', input: 'hi', background: true }),
    spans: ['chat gpt-4o-mini []'],
  },
  'responses.retrieve()': {
    feature: 'background',
    answers: [json(RESPONSE)],
    use: async (client) => (await client.responses.retrieve('resp_1')).output_text,
    spans: ['fetch_response [completed]'],
  },
  'responses.retrieve() streaming, from an event on': {
    feature: 'background',
    answers: [sse(RESPONSE_EVENTS)],
    use: async (client) => collect(await client.responses.retrieve('resp_1', { stream: true, starting_after: 1 })),
    spans: ['fetch_response [completed] first chunk'],
  },
  'responses.cancel()': {
    feature: 'background',
    answers: [json({ ...RESPONSE, status: 'cancelled' })],
    use: async (client) => (await client.responses.cancel('resp_1')).status,
    spans: ['fetch_response [cancelled]'],
  },
  'responses.compact()': {
    feature: 'responses',
    answers: [json({ id: 'c_1', object: 'response.compaction', output: [], usage: RESPONSE.usage })],
    use: async (client) => client.responses.compact({ model: 'gpt-4o-mini', input: 'hi' }),
    spans: ['chat gpt-4o-mini 20/5 cached 8 []'],
  },
  'an error event of a Responses stream': {
    feature: 'errors',
    answers: [sse([RESPONSE_EVENTS[0], { type: 'error', code: 'rate_limit_exceeded', message: 'm', param: null }])],
    use: async (client) =>
      rejection(collect(await client.responses.create({ model: 'gpt-4o-mini', input: 'hi', stream: true }))),
    spans: ['chat gpt-4o-mini [] rate_limit_exceeded first chunk'],
  },
  'images.generate()': {
    feature: 'images',
    answers: [json({ created: 1, data: [{ b64_json: 'AAAA' }], usage: IMAGE_USAGE })],
    use: async (client) => client.images.generate({ model: 'gpt-image-1', prompt: 'hi' }),
    spans: ['generate_content gpt-image-1 30/40 []'],
  },
  'images.generate() streaming': {
    feature: 'images',
    answers: [
      sse([
        { type: 'image_generation.partial_image', b64_json: 'AA', partial_image_index: 0 },
        { type: 'image_generation.completed', b64_json: 'AAAA', usage: IMAGE_USAGE },
      ]),
    ],
    use: async (client) => collect(await client.images.generate({ model: 'gpt-image-1', prompt: 'hi', stream: true })),
    spans: ['generate_content gpt-image-1 30/40 [] first chunk'],
  },
  'images.edit() of a model that counts no tokens': {
    feature: 'images',
    answers: [json({ created: 1, data: [{ url: 'https://example.com/a.png' }] })],
    use: async (client) =>
      client.images.edit({ model: 'dall-e-2', prompt: 'hi', image: new File(['x'], 'a.png', { type: 'image/png' }) }),
    spans: ['generate_content dall-e-2 []'],
  },
  'moderations.create()': {
    feature: 'moderations',
    answers: [json({ id: 'modr-1', model: 'omni-moderation-latest', results: [] })],
    use: async (client) => client.moderations.create({ model: 'omni-moderation-latest', input: 'hi' }),
    spans: ['moderation omni-moderation-latest []'],
  },
  'audio.speech.create()': {
    feature: 'audio',
    answers: [{ headers: { 'content-type': 'audio/mpeg' }, writes: ['sound'] }],
    use: async (client) => {
      const response = await client.audio.speech.create({ model: 'tts-1', voice: 'ash', input: 'hi' })
      return { class: response.constructor.name, sound: Buffer.from(await response.arrayBuffer()).toString() }
    },
    spans: ['generate_content tts-1 []'],
  },
  'audio.speech.create() as events': {
    feature: 'audio',
    answers: [
      sse([
        { type: 'speech.audio.delta', audio: 'AAAA' },
        { type: 'speech.audio.done', usage: { input_tokens: 3, output_tokens: 9, total_tokens: 12 } },
      ]),
    ],
    use: async (client) => {
      const response = await client.audio.speech.create({
        model: 'gpt-4o-mini-tts',
        voice: 'ash',
        input: 'hi',
        stream_format: 'sse',
      })
      return response.text()
    },
    spans: ['generate_content gpt-4o-mini-tts 3/9 [] first chunk'],
  },
  'audio.transcriptions.create()': {
    feature: 'audio',
    answers: [
      json({
        text: 'hello',
        usage: {
          type: 'tokens',
          input_tokens: 14,
          output_tokens: 4,
          total_tokens: 18,
          input_token_details: { audio_tokens: 12, text_tokens: 2 },
        },
      }),
    ],
    use: async (client) =>
      client.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file: new File(['x'], 'a.wav') }),
    spans: ['generate_content gpt-4o-transcribe 14/4 []'],
  },
  'audio.translations.create()': {
    feature: 'audio',
    answers: [{ headers: { 'content-type': 'text/plain' }, writes: ['hello'] }],
    use: async (client) =>
      client.audio.translations.create({ model: 'whisper-1', file: new File(['x'], 'a.wav'), response_format: 'text' }),
    spans: ['generate_content whisper-1 []'],
  },
}

/** Those that use nothing but `chat.completions.create`, which other clients generated by Stainless have too, with the errors of openai 6. */
export const chatShapes: Readonly<Record<string, Shape>> = Object.fromEntries(
  Object.entries(shapes)
    .filter(
      ([name, { feature }]) =>
        ['chat', 'chat stream', 'abort', 'errors'].includes(feature) && !/parse\(\)|stream\(\)|Responses/.test(name),
    )
    .map(([name, shape]) => [name, { ...shape, spans: shape.previousSpans ?? shape.spans }]),
)

interface Unwrapping extends PromiseLike<unknown> {
  _thenUnwrap(transform: (body: unknown) => unknown): Unwrapping
}
