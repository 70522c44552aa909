import { SpanKind, context, trace } from '@opentelemetry/api'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDS, loadBuild } from '../../../test/support/hooked.ts'
import { instrument, startTestSdk } from '../../../test/support/instrumented.ts'
import { collect, json, namedSse, startModelServer } from '../../../test/support/model-server.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { anthropic } from './anthropic.ts'
import type Anthropic from '@anthropic-ai/sdk'
import type * as AnthropicModule from '@anthropic-ai/sdk'
import type { Build } from '../../../test/support/hooked.ts'
import type { TestSdk } from '../../../test/support/instrumented.ts'
import type { ModelAnswer, ModelServer } from '../../../test/support/model-server.ts'

/** As in openai.test.ts: each way to use the client, without and with the instrumentation; equal, and the spans beside it. */
interface Shape {
  readonly feature: string
  readonly answers: readonly ModelAnswer[]
  readonly use: (client: Anthropic, server: ModelServer) => Promise<unknown>
  readonly spans: readonly string[]
}

const request = { model: 'claude-haiku-4-5', max_tokens: 64, messages: [{ role: 'user' as const, content: 'hi' }] }
const USAGE = {
  input_tokens: 80,
  cache_read_input_tokens: 40,
  cache_creation_input_tokens: 10,
  output_tokens: 60,
  output_tokens_details: { thinking_tokens: 25 },
}
const message = (content: object[], stop: string | null = 'end_turn'): object => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5-20251001',
  content,
  stop_reason: stop,
  stop_sequence: null,
  usage: USAGE,
})
const TEXT = [{ type: 'text', text: 'Hello', citations: null }]
const EVENTS = [
  {
    type: 'message_start',
    message: { ...message([], null), usage: { ...USAGE, output_tokens: 1, output_tokens_details: null } },
  },
  { type: 'ping' },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: null } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hel' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'lo' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: USAGE },
  { type: 'message_stop' },
]
const failure = (type: string): object => ({ type: 'error', error: { type, message: 'no' }, request_id: 'req_1' })

const PLAIN = 'chat claude-haiku-4-5 130/60 cached 40 reasoning 25 [end_turn]'
const STREAMED = `${PLAIN} first chunk`
/** In the types of older versions only. */
const sampling = { temperature: 0.5, top_p: 0.9, top_k: 5 }

/** What `message_start` says of the usage is all that is known of a stream that stops before `message_delta`. */
const STOPPED = 'chat claude-haiku-4-5 130/1 cached 40 [error] first chunk'

const rejection = async (promise: PromiseLike<unknown>): Promise<unknown> => {
  try {
    return { resolved: await promise }
  } catch (error) {
    if (!(error instanceof Error)) return { thrown: error }
    return {
      class: error.constructor.name,
      message: error.message,
      status: ['status', 'type'].map((key): unknown => Reflect.get(error, key)),
    }
  }
}

const retryAtOnce = (answer: ModelAnswer): ModelAnswer => ({ ...answer, headers: { 'retry-after-ms': '1' } })

/** A stream of the client's class that reads what another one was turned into. */
function again(stream: object, readable: unknown): AsyncIterable<unknown> {
  const make: unknown = Reflect.get(stream.constructor, 'fromReadableStream')
  if (typeof make !== 'function') throw new TypeError('no fromReadableStream')
  return Reflect.apply(make, stream.constructor, [readable, new AbortController()])
}

const shapes: Readonly<Record<string, Shape>> = {
  await: {
    feature: 'chat',
    answers: [json(message(TEXT))],
    use: async (client) => client.messages.create(request),
    spans: [PLAIN],
  },
  'beta.messages': {
    feature: 'chat',
    answers: [json(message(TEXT))],
    use: async (client) => client.beta.messages.create(request),
    spans: [PLAIN],
  },
  'withResponse()': {
    feature: 'chat',
    answers: [json(message(TEXT))],
    use: async (client) => {
      const { data, response, request_id: id } = await client.messages.create(request).withResponse()
      return { data, id, status: response.status, used: response.bodyUsed }
    },
    spans: [PLAIN],
  },
  'asResponse()': {
    feature: 'chat',
    answers: [json(message(TEXT))],
    use: async (client) => {
      const response = await client.messages.create(request).asResponse()
      return { is: response instanceof Response, body: await response.json() }
    },
    spans: [PLAIN],
  },
  'asResponse() of a stream': {
    feature: 'chat stream',
    answers: [namedSse(EVENTS)],
    use: async (client) => (await client.messages.create({ ...request, stream: true }).asResponse()).text(),
    spans: [STREAMED],
  },
  'the promise itself': {
    feature: 'chat',
    answers: [json(message(TEXT))],
    use: async (client) => {
      const promise = client.messages.create(request)
      const seen = {
        class: promise.constructor.name,
        isPromise: promise instanceof Promise,
        keys: Object.keys(promise).toSorted(),
      }
      return { ...seen, parsed: await promise.catch(() => 'no') }
    },
    spans: [PLAIN],
  },
  'parse()': {
    feature: 'structured output',
    answers: [json(message([{ type: 'text', text: '{"n":1}', citations: null }]))],
    use: async (client) =>
      client.messages.parse({
        ...request,
        output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
      }),
    spans: [PLAIN],
  },
  'for await': {
    feature: 'chat stream',
    answers: [namedSse(EVENTS)],
    use: async (client) => {
      const stream = await client.messages.create({ ...request, stream: true })
      return {
        class: stream.constructor.name,
        keys: Object.keys(stream),
        events: await collect(stream),
        again: await rejection(collect(stream)),
      }
    },
    spans: [STREAMED],
  },
  'tee()': {
    feature: 'chat stream',
    answers: [namedSse(EVENTS)],
    use: async (client) => {
      const [left, right] = (await client.messages.create({ ...request, stream: true })).tee()
      return { left: await collect(left), right: await collect(right) }
    },
    spans: [STREAMED],
  },
  'toReadableStream()': {
    feature: 'chat stream',
    answers: [namedSse(EVENTS)],
    use: async (client) => {
      const stream = await client.messages.create({ ...request, stream: true })
      return collect(again(stream, stream.toReadableStream()))
    },
    spans: [STREAMED],
  },
  break: {
    feature: 'abort',
    answers: [namedSse(EVENTS)],
    use: async (client) => {
      const stream = await client.messages.create({ ...request, stream: true })
      const seen: unknown[] = []
      for await (const event of stream) if (seen.push(event) === 3) break
      return { seen, aborted: stream.controller.signal.aborted }
    },
    spans: [STOPPED],
  },
  'controller.abort()': {
    feature: 'abort',
    answers: [namedSse(EVENTS.slice(0, 4), 'wait')],
    use: async (client) => {
      const stream = await client.messages.create({ ...request, stream: true })
      const seen: unknown[] = []
      for await (const event of stream) if (seen.push(event) === 3) stream.controller.abort()
      return seen
    },
    spans: [STOPPED],
  },
  'stream() and its events': {
    feature: 'stream helpers',
    answers: [namedSse(EVENTS)],
    use: async (client) => {
      const stream = client.messages.stream(request)
      const texts: string[] = []
      stream.on('text', (delta) => texts.push(delta))
      return { final: await stream.finalMessage(), text: await stream.finalText(), texts, id: stream.request_id }
    },
    spans: [STREAMED],
  },
  'beta stream()': {
    feature: 'stream helpers',
    answers: [namedSse(EVENTS)],
    use: async (client) => client.beta.messages.stream(request).finalMessage(),
    spans: [STREAMED],
  },
  'stream() aborted': {
    feature: 'abort',
    answers: [namedSse(EVENTS.slice(0, 5), 'wait')],
    use: async (client) => {
      const stream = client.messages.stream(request)
      stream.on('text', () => stream.abort())
      return rejection(stream.done())
    },
    spans: [STOPPED],
  },
  'an HTTP error': {
    feature: 'errors',
    answers: [json(failure('not_found_error'), 404)],
    use: async (client) => rejection(client.messages.create(request)),
    spans: ['chat claude-haiku-4-5 [] not_found_error 404'],
  },
  'an HTTP error of stream()': {
    feature: 'errors',
    answers: [json(failure('overloaded_error'), 529)],
    use: async (client) => rejection(client.messages.stream(request).finalMessage()),
    spans: ['chat claude-haiku-4-5 [] overloaded_error 529'],
  },
  'an error inside a stream': {
    feature: 'errors',
    answers: [namedSse([...EVENTS.slice(0, 4), { type: 'error', error: { type: 'overloaded_error', message: 'no' } }])],
    use: async (client) => rejection(collect(await client.messages.create({ ...request, stream: true }))),
    spans: ['chat claude-haiku-4-5 130/1 cached 40 [error] overloaded_error first chunk'],
  },
  'an HTTP error after a retry': {
    feature: 'errors',
    answers: [json(failure('overloaded_error'), 529), json(failure('api_error'), 500)].map(retryAtOnce),
    use: async (client) => rejection(client.messages.create(request, { maxRetries: 1 })),
    spans: ['chat claude-haiku-4-5 [] api_error 500'],
  },
  'an answer after a retry': {
    feature: 'errors',
    answers: [json(failure('overloaded_error'), 529), json(message(TEXT))].map(retryAtOnce),
    use: async (client) => client.messages.create(request, { maxRetries: 1 }),
    spans: [PLAIN],
  },
  'a network that is cut': {
    feature: 'errors',
    answers: [namedSse(EVENTS.slice(0, 5), 'wait')],
    use: async (client, server) => {
      const stream = await client.messages.create({ ...request, stream: true })
      const seen: unknown[] = []
      const reading = (async () => {
        for await (const event of stream) if (seen.push(event) === 4) server.cut()
      })()
      return { seen, reading: await rejection(reading) }
    },
    spans: [`${STOPPED.replace(' first chunk', '')} TypeError first chunk`],
  },
  'a request refused by the client itself': {
    feature: 'errors',
    answers: [json(message(TEXT))],
    use: async (client) => rejection((async () => client.messages.create({ ...request, max_tokens: 1_000_000 }))()),
    spans: ['chat claude-haiku-4-5 [] AnthropicError'],
  },
}

let server: ModelServer
let test: TestSdk
beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())
test = startTestSdk()

/** What it loads is typed like the current major. */
async function clientOf(build: Build): Promise<Anthropic> {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
  const { default: Client } = (await loadBuild('@anthropic-ai/sdk', build)) as unknown as typeof AnthropicModule
  return new Client({ apiKey: 'key', baseURL: server.url, maxRetries: 0 })
}

describe.each(BUILDS)('$major $format', (build) => {
  const bare = new Map<string, unknown>()
  let native: number
  let patched: string[]

  const use = async ({ answers, use: run }: Shape): Promise<unknown> => {
    server.answer(...answers)
    const outcome: unknown = JSON.parse(JSON.stringify({ outcome: await run(await clientOf(build), server) }))
    return outcome
  }

  beforeAll(async () => {
    for (const [name, shape] of Object.entries(shapes)) bare.set(name, await use(shape))
    native = test.takeSpans().filter((span) => span.name === 'anthropic.messages.create').length
    patched = await instrument(anthropic, test.sdk, build)
  })

  it('has spans of its own without us', () => {
    expect(native).toBeGreaterThanOrEqual(Object.keys(shapes).length - 2)
  })

  it('patches all files', () => {
    const base = (file: string): string => file.slice(0, file.lastIndexOf('.'))
    const always = [
      'client',
      'lib/internal/toolsets/run',
      'lib/tools/BetaRunnableTool',
      'lib/tools/BetaToolRunner',
      'resources/beta/messages/messages',
      'resources/messages/messages',
    ]
    const legacy = build.major === 'current' ? [] : ['resources/completions']
    expect(patched.map(base)).toEqual([...always, ...legacy].toSorted())
  })

  describe(`@anthropic-ai/sdk ${build.major === 'current' ? 1 : 0} ${build.format}`, () => {
    const features = Object.groupBy(Object.entries(shapes), ([, { feature }]) => feature)
    for (const [feature, cases = []] of Object.entries(features)) {
      describe(`${feature}`, () => {
        it.each(cases)('leaves the client as it is: %s', async (name, shape) => {
          const outcome = await use(shape)
          expect(outcome).toEqual(bare.get(name))
          expect(test.takeSpans().map(spanLine)).toEqual(shape.spans)
          expect(test.faults).toEqual([])
        })
      })
    }
  })
})

describe.each(BUILDS.filter(({ major }) => major === 'previous'))('$major $format', (build) => {
  describe(`@anthropic-ai/sdk 0 ${build.format}`, () => {
    describe('completions', () => {
      const prompt = { model: 'claude-2.1', max_tokens_to_sample: 32, prompt: 'y'.repeat(40) }
      const piece = (completion: string, stop: string | null): { type: string; [field: string]: unknown } => ({
        type: 'completion',
        id: 'compl_1',
        model: 'claude-2.1',
        completion,
        stop_reason: stop,
      })
      const SHOWN = ['gen_ai.request.max_tokens', 'gen_ai.response.id', 'spanwarden.usage.source']

      it.each([false, true])('are observed, streamed: %s', async (stream) => {
        server.answer(
          stream
            ? namedSse([piece('abcd', null), piece('efgh', 'stop_sequence')])
            : json(piece('abcdefgh', 'stop_sequence')),
        )
        const { completions } = Object.assign(
          { completions: { create: (_: unknown): unknown => _ } },
          await clientOf(build),
        )
        const answer: unknown = await completions.create({ ...prompt, stream })
        if (isIterable(answer)) await collect(answer)
        const [span] = test.takeSpans()
        expect(span === undefined ? '' : spanLine(span)).toBe(
          `text_completion claude-2.1 [stop_sequence]${stream ? ' first chunk' : ''}`,
        )
        expect(SHOWN.map((key) => span?.attributes[key])).toEqual([32, 'compl_1', 'unknown'])
        expect(span?.attributes['spanwarden.usage.estimate.output_tokens']).toBe(2)
        expect(span?.attributes['spanwarden.usage.estimate.input_tokens']).toBe(10)
      })
    })
  })
})

const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

describe('@anthropic-ai/sdk', () => {
  const newClient = (): Promise<Anthropic> => clientOf({ major: 'current', format: 'esm' })

  it('sends the provider no trace headers, as the client without a tracer provider', async () => {
    server.answer(json(message(TEXT)))
    await (await newClient()).messages.create(request)
    test.takeSpans()
    expect(server.requests.at(-1)?.headers).not.toHaveProperty('traceparent')
  })

  it("leaves the spans of a client that has a tracer provider of the application's own", async () => {
    server.answer(json(message(TEXT)))
    const names: string[] = []
    const own = new TracerProvider({
      spanProcessors: [
        {
          onStart: () => {},
          onEnd: (span) => names.push(span.name),
          forceFlush: async () => {},
          shutdown: async () => {},
        },
      ],
    })
    await (await newClient()).withOptions({ openTelemetry: { tracerProvider: own } }).messages.create(request)
    expect(names).toEqual(['anthropic.messages.create'])
    expect(test.takeSpans().map(spanLine)).toEqual([PLAIN])
  })

  it('holds back the spans of a client that was given the global tracer provider', async () => {
    server.answer(json(message(TEXT)))
    const given = { tracerProvider: trace.getTracerProvider() }
    await (await newClient()).withOptions({ openTelemetry: given }).messages.create(request)
    expect(test.takeSpans().map(spanLine)).toEqual([PLAIN])
  })

  it.each([
    ['countTokens', { input_tokens: 9 }, (client: Anthropic) => client.messages.countTokens(request)],
    ['a batch', { id: 'b' }, (client: Anthropic) => client.messages.batches.create({ requests: [] })],
  ])('makes no span of %s', async (_, body, call) => {
    server.answer(json(body))
    expect(await call(await newClient())).toMatchObject(body)
    expect(test.takeSpans()).toEqual([])
  })

  it.each([
    ['anthropic', 'https://api.anthropic.com', {}],
    ['anthropic', 'http://127.0.0.1:1', {}],
    ['deepseek', 'https://api.deepseek.com/anthropic', {}],
    ['aws.bedrock', 'https://bedrock-runtime.eu-west-1.amazonaws.com', {}],
    ['gcp.vertex_ai', 'https://us-east5-aiplatform.googleapis.com/v1', {}],
    // As the clients of the platforms say it of themselves, behind whatever host.
    ['aws.bedrock', 'https://proxy.example.com', { _genAIProviderName: 'aws.bedrock' }],
  ])('names the provider: %s at %s', async (provider, baseURL, more) => {
    server.answer(json(message(TEXT)))
    const client = (await newClient()).withOptions({ baseURL, fetch: server.fetch })
    await Object.assign(client, more).messages.create(request)
    expect(test.takeSpans()[0]?.attributes['gen_ai.provider.name']).toBe(provider)
  })

  it('tells that the conversation was compacted, which is paid too', async () => {
    const compaction = { type: 'compaction', input_tokens: 1000, output_tokens: 100 }
    const iterations = [compaction, { type: 'message', ...USAGE }]
    server.answer(json({ ...message(TEXT), usage: { ...USAGE, iterations } }))
    await (await newClient()).beta.messages.create(request)
    const [span] = test.takeSpans()
    expect(span?.attributes).toMatchObject({
      'gen_ai.conversation.compacted': true,
      'gen_ai.usage.input_tokens': 1130,
      'gen_ai.usage.output_tokens': 160,
    })
  })

  it('marks what was not counted, with an estimate', async () => {
    const uncounted = { ...message([{ type: 'text', text: 'x'.repeat(40) }]), usage: undefined }
    const begun = [...EVENTS.slice(0, 5), { type: 'error', error: { type: 'overloaded_error', message: 'no' } }]
    server.answer(json(uncounted), namedSse(begun))
    const client = await newClient()
    await client.messages.create({ ...request, messages: [{ role: 'user', content: 'y'.repeat(396) }] })
    await rejection(collect(await client.messages.create({ ...request, stream: true })))
    const marks = test
      .takeSpans()
      .map(({ attributes }) =>
        Object.entries(attributes).filter(([key]) => /^spanwarden\.usage|usage\.output/.test(key)),
      )
    expect(marks.map((entries) => Object.fromEntries(entries))).toEqual([
      {
        'spanwarden.usage.source': 'unknown',
        // The text and the role.
        'spanwarden.usage.estimate.input_tokens': 100,
        'spanwarden.usage.estimate.output_tokens': 10,
      },
      // What `message_start` says is not the end of it.
      {
        'gen_ai.usage.output_tokens': 1,
        'spanwarden.usage.source': 'partial',
        'spanwarden.usage.estimate.output_tokens': 2,
      },
    ])
  })

  it('is a child of the active span and the parent of what the call does', async () => {
    server.answer(json(message(TEXT)))
    const outer = test.sdk.tracer.startSpan('outer')
    let inner: string | undefined
    const client = (await newClient()).withOptions({
      fetch: (input, init) => {
        inner = trace.getActiveSpan()?.spanContext().spanId
        return fetch(input, init)
      },
    })
    await context.with(trace.setSpan(context.active(), outer), () => client.messages.create(request))
    const [span] = test.takeSpans()
    expect(span?.parentSpanContext?.spanId).toBe(outer.spanContext().spanId)
    expect(inner).toBe(span?.spanContext().spanId)
  })

  it('has every attribute of a request and an answer, content when asked', async () => {
    server.answer(json(message([{ type: 'thinking', thinking: 'hm', signature: 's' }, ...TEXT])))
    test.sdk.captureContent = true
    await (
      await newClient()
    ).messages.create(
      {
        ...request,
        system: 'Be kind.',
        ...sampling,
        stop_sequences: ['END'],
        output_config: { effort: 'low' },
      },
      { openTelemetry: { conversationId: 'conv_1' } },
    )
    test.sdk.captureContent = false
    const [span] = test.takeSpans()
    expect(span?.kind).toBe(SpanKind.CLIENT)
    expect(span?.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.conversation.id': 'conv_1',
      'gen_ai.request.model': 'claude-haiku-4-5',
      'gen_ai.request.max_tokens': 64,
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.top_p': 0.9,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.stop_sequences': ['END'],
      'gen_ai.request.reasoning.level': 'low',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(server.url).port),
      'gen_ai.system_instructions': '[{"type":"text","content":"Be kind."}]',
      'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]',
      'gen_ai.output.messages':
        '[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"Hello"}],"finish_reason":"end_turn"}]',
      'gen_ai.response.id': 'msg_1',
      'gen_ai.response.model': 'claude-haiku-4-5-20251001',
      'gen_ai.response.finish_reasons': ['end_turn'],
      'gen_ai.usage.input_tokens': 130,
      'gen_ai.usage.output_tokens': 60,
      'gen_ai.usage.cache_read.input_tokens': 40,
      'gen_ai.usage.cache_write.input_tokens': 10,
      'gen_ai.usage.reasoning.output_tokens': 25,
      // 80 × 1 + 40 × 0.10 + 10 × 1.25 + 60 × 5 dollars for a million tokens
      'spanwarden.cost.amount': 0.0003965,
      'spanwarden.cost.currency': 'USD',
      'spanwarden.cost.source': 'local',
      'spanwarden.price_table.version': expect.any(String),
    })
  })
})
