import { APIError } from 'openai'
import type OpenAI from 'openai'
import { Stream } from 'openai/streaming'
import { collect, json, sse } from './model-server.ts'
import type { ModelAnswer, ModelServer } from './model-server.ts'

/**
 * Every way to use the client, told as data: once without the instrumentation, once with it. The two must be equal, and the second
 * must leave exactly the spans that stand beside it.
 */
export interface Shape {
  readonly answers: readonly ModelAnswer[]
  readonly use: (client: OpenAI, server: ModelServer) => Promise<unknown>
  readonly spans: readonly string[]
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
const PLAIN = 'chat gpt-4o-mini 120/60 cached 40 reasoning 25 [stop]'
const STREAMED = `${PLAIN} first chunk`
export const failure = {
  error: { message: 'no such model', type: 'invalid_request_error', code: 'model_not_found', param: null },
}

export const rejection = async (promise: PromiseLike<unknown>): Promise<unknown> => {
  try {
    return { resolved: await promise }
  } catch (error) {
    if (!(error instanceof Error)) return { thrown: error }
    const status = error instanceof APIError ? [error.status, error.code, error.type] : []
    return { class: error.constructor.name, message: error.message, status }
  }
}

export const shapes: Readonly<Record<string, Shape>> = {
  await: {
    answers: [completion({ content: 'Hello' })],
    use: async (client) => client.chat.completions.create(request),
    spans: [PLAIN],
  },
  'withResponse()': {
    answers: [completion({ content: 'Hello' })],
    use: async (client) => {
      const { data, response, request_id: id } = await client.chat.completions.create(request).withResponse()
      return { data, status: response.status, id, bodyUsed: response.bodyUsed, keys: Object.keys(response) }
    },
    spans: [PLAIN],
  },
  'asResponse(), its JSON read': {
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
    answers: [completion({ content: 'Hello' })],
    use: async (client) => (await client.chat.completions.create(request).asResponse()).text(),
    spans: [PLAIN],
  },
  'asResponse(), its body streamed': {
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const response = await client.chat.completions.create({ ...request, stream: true }).asResponse()
      return new Response(response.body).text()
    },
    spans: [STREAMED],
  },
  'asResponse() and then the parsed answer': {
    answers: [completion({ content: 'Hello' })],
    use: async (client) => {
      const promise = client.chat.completions.create(request)
      const response = await promise.asResponse()
      return { status: response.status, data: await promise, again: (await promise) === (await promise) }
    },
    spans: [PLAIN],
  },
  'chat.completions.parse()': {
    answers: [completion({ content: '{"n":1}' })],
    use: async (client) =>
      client.chat.completions.parse({
        ...request,
        response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } },
      }),
    spans: [PLAIN],
  },
  'parse().withResponse()': {
    answers: [completion({ content: '{"n":1}' })],
    use: async (client) => (await client.chat.completions.parse(request).withResponse()).data,
    spans: [PLAIN],
  },
  '_thenUnwrap() twice': {
    answers: [completion({ content: 'Hello' })],
    use: async (client) => {
      // oxlint-disable-next-line typescript/consistent-type-assertions -- internal to the client, yet wrappers use it
      const promise = client.chat.completions.create(request) as unknown as Unwrapping
      return promise._thenUnwrap((body) => ({ body }))._thenUnwrap((body) => [body])
    },
    spans: [PLAIN],
  },
  'the promise itself': {
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
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const stream = await client.chat.completions.create({ ...request, stream: true })
      return {
        is: stream instanceof Stream,
        keys: Object.keys(stream),
        events: await collect(stream),
        again: await rejection(collect(stream)),
      }
    },
    spans: [STREAMED],
  },
  'stream without usage': {
    answers: [sse(CHUNKS.slice(0, 4))],
    use: async (client) => collect(await client.chat.completions.create({ ...request, stream: true })),
    spans: ['chat gpt-4o-mini [stop] first chunk'],
  },
  'withResponse() of a stream': {
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const { data, response } = await client.chat.completions.create({ ...request, stream: true }).withResponse()
      return { status: response.status, events: await collect(data) }
    },
    spans: [STREAMED],
  },
  'tee()': {
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const [left, right] = (await client.chat.completions.create({ ...request, stream: true })).tee()
      return { left: await collect(left), right: await collect(right) }
    },
    spans: [STREAMED],
  },
  'toReadableStream()': {
    answers: [sse(CHUNKS)],
    use: async (client) => {
      const stream = await client.chat.completions.create({ ...request, stream: true })
      return collect(Stream.fromReadableStream(stream.toReadableStream(), new AbortController()))
    },
    spans: [STREAMED],
  },
  'break after the second chunk': {
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
    answers: [sse(CHUNKS, 'wait')],
    use: async (client) => {
      const stream = await client.chat.completions.create({ ...request, stream: true })
      stream.controller.abort()
      return collect(stream)
    },
    spans: ['chat gpt-4o-mini []'],
  },
  'the signal aborts a plain call': {
    answers: [{ writes: ['{'], ending: 'wait' }],
    use: async (client) => {
      const controller = new AbortController()
      const promise = client.chat.completions.create(request, { signal: controller.signal })
      await promise.asResponse()
      controller.abort()
      return rejection(promise)
    },
    spans: ['chat gpt-4o-mini [] APIUserAbortError'],
  },
  'an HTTP error': {
    answers: [json(failure, 404)],
    use: async (client) => rejection(client.chat.completions.create(request)),
    spans: ['chat gpt-4o-mini [] model_not_found 404'],
  },
  'an HTTP error of parse()': {
    answers: [json(failure, 404)],
    use: async (client) => rejection(client.chat.completions.parse(request)),
    spans: ['chat gpt-4o-mini [] model_not_found 404'],
  },
  'an HTTP error of a stream': {
    answers: [json(failure, 429)],
    use: async (client) => rejection(client.chat.completions.create({ ...request, stream: true })),
    spans: ['chat gpt-4o-mini [] model_not_found 429'],
  },
  'a retried call is one call': {
    answers: [json(failure, 500), completion({ content: 'Hello' })],
    use: async (client) =>
      client.withOptions({ maxRetries: 1 }).chat.completions.create(request, { headers: { 'x-retry': '1' } }),
    spans: [PLAIN],
  },
  'a body that is no JSON': {
    answers: [{ writes: ['{"id":'] }],
    use: async (client) => rejection(client.chat.completions.create(request)),
    spans: ['chat gpt-4o-mini [] SyntaxError'],
  },
  'a body that is no JSON, of parse()': {
    answers: [{ writes: ['{"id":'] }],
    use: async (client) => rejection(client.chat.completions.parse(request)),
    spans: ['chat gpt-4o-mini [] SyntaxError'],
  },
  'an error inside a stream': {
    answers: [
      sse([...CHUNKS.slice(0, 2), { error: { message: 'overloaded', type: 'server_error', code: 'overloaded' } }]),
    ],
    use: async (client) => rejection(collect(await client.chat.completions.create({ ...request, stream: true }))),
    spans: ['chat gpt-4o-mini [error] overloaded first chunk'],
  },
  'a connection cut inside a stream': {
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
    answers: [json(failure, 400)],
    // oxlint-disable-next-line typescript/consistent-type-assertions -- a caller without types
    use: async (client) => rejection((async () => client.chat.completions.create(undefined as never))()),
    spans: ['chat [] TypeError'],
  },
  'stream() and its events': {
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
    answers: [sse(CHUNKS.slice(0, 2), 'wait')],
    use: async (client) => {
      const stream = client.chat.completions.stream(request)
      stream.on('content', () => stream.abort())
      return rejection(stream.done())
    },
    spans: ['chat gpt-4o-mini [error] first chunk'],
  },
  'runTools()': {
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
    spans: [PLAIN.replace('stop', 'tool_calls'), PLAIN],
  },
  'responses.create()': {
    answers: [json(RESPONSE)],
    use: async (client) => client.responses.create({ model: 'gpt-4o-mini', input: 'hi' }),
    spans: ['chat gpt-4o-mini 20/5 cached 8 [completed]'],
  },
  'responses.create() that failed within': {
    answers: [json({ ...RESPONSE, status: 'failed', error: { code: 'server_error', message: 'oops' } })],
    use: async (client) => client.responses.create({ model: 'gpt-4o-mini', input: 'hi' }),
    spans: ['chat gpt-4o-mini 20/5 cached 8 [failed] server_error'],
  },
  'responses.parse()': {
    answers: [json(RESPONSE)],
    use: async (client) => (await client.responses.parse({ model: 'gpt-4o-mini', input: 'hi' })).output_text,
    spans: ['chat gpt-4o-mini 20/5 cached 8 [completed]'],
  },
  'responses.create() streaming': {
    answers: [sse(RESPONSE_EVENTS)],
    use: async (client) => collect(await client.responses.create({ model: 'gpt-4o-mini', input: 'hi', stream: true })),
    spans: ['chat gpt-4o-mini 20/5 cached 8 [completed] first chunk'],
  },
  'responses.stream()': {
    answers: [sse(RESPONSE_EVENTS)],
    use: async (client) => {
      const stream = client.responses.stream({ model: 'gpt-4o-mini', input: 'hi' })
      return { events: await collect(stream), final: await stream.finalResponse() }
    },
    spans: ['chat gpt-4o-mini 20/5 cached 8 [completed] first chunk'],
  },
  'embeddings.create()': {
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
}

interface Unwrapping extends PromiseLike<unknown> {
  _thenUnwrap(transform: (body: unknown) => unknown): Unwrapping
}
