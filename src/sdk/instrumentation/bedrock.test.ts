import { once } from 'node:events'
import { createServer } from 'node:http2'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { awsEvents, chunkEvent } from '../../../test/support/aws-events.ts'
import { describeHookedShapes } from '../../../test/support/describe-hooked-shapes.ts'
import { BUILDS, startHookedSdk } from '../../../test/support/hooked.ts'
import { collect, json, startModelServer } from '../../../test/support/model-server.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { bedrock } from './bedrock.ts'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type * as BedrockModule from '@aws-sdk/client-bedrock-runtime'
import type { BedrockRuntime, BedrockRuntimeClientConfig, ConverseCommandInput } from '@aws-sdk/client-bedrock-runtime'
import type { ModelAnswer, ModelServer } from '../../../test/support/model-server.ts'
import type { Shape } from '../../../test/support/openai-shapes.ts'

const test = startHookedSdk([bedrock])
let server: ModelServer

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

interface Client {
  readonly library: typeof BedrockModule
  readonly runtime: BedrockRuntime
}

const configFor = (url: string): BedrockRuntimeClientConfig => ({
  region: 'us-east-1',
  endpoint: url,
  credentials: { accessKeyId: 'id', secretAccessKey: 'key' },
  maxAttempts: 1,
})

const clientFor = (loaded: Record<string, unknown>, { url }: ModelServer): Client => {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
  const library = loaded as unknown as typeof BedrockModule
  return {
    library,
    runtime: new library.BedrockRuntime({ ...configFor(url), requestHandler: new NodeHttpHandler() }),
  }
}

const modelId = 'us.anthropic.claude-haiku-4-5-20251001-v1:0'
const input: ConverseCommandInput = { modelId, messages: [{ role: 'user', content: [{ text: 'hi' }] }] }
const USAGE = { inputTokens: 3, outputTokens: 6, totalTokens: 13, cacheReadInputTokens: 4, cacheWriteInputTokens: 0 }
const PLAIN = `chat ${modelId} 7/6 cached 4 [end_turn]`

const converse = (content: readonly object[], stopReason = 'end_turn'): ModelAnswer =>
  json({ output: { message: { role: 'assistant', content } }, stopReason, usage: USAGE, metrics: { latencyMs: 1 } })

const EVENTS = [
  ['messageStart', { role: 'assistant' }],
  ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hel' } }],
  ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'lo' } }],
  ['contentBlockStop', { contentBlockIndex: 0 }],
  ['messageStop', { stopReason: 'end_turn' }],
  ['metadata', { usage: USAGE, metrics: { latencyMs: 1 } }],
] as const

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5-20251001',
  content: [{ type: 'text', text: 'Hello' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 3, output_tokens: 6, cache_read_input_tokens: 4 },
}
const claude = JSON.stringify({
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 9,
  messages: [{ role: 'user', content: 'hi' }],
})
const CLAUDE_EVENTS = [
  { type: 'message_start', message: { ...MESSAGE, content: [], stop_reason: null } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 6 } },
  { type: 'message_stop' },
].map(chunkEvent)

/** What a caller can tell of an error. */
async function refused(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    return { resolved: await promise }
  } catch (error) {
    if (!(error instanceof Error)) return { thrown: error }
    return [error.constructor.name, error.name, error.message, Reflect.get(error, '$fault')]
  }
}

const streamOf = async ({ library, runtime }: Client, abortSignal?: AbortSignal) => {
  const command = new library.ConverseStreamCommand(input)
  const { stream } = await runtime.send(command, abortSignal === undefined ? {} : { abortSignal })
  if (stream === undefined) throw new TypeError('no stream')
  return stream
}

const shapes: Readonly<Record<string, Shape<Client>>> = {
  'send() with a promise': {
    feature: 'chat',
    answers: [converse([{ text: 'Hello' }])],
    use: async ({ library, runtime }) => {
      const promise = runtime.send(new library.ConverseCommand(input))
      const { $metadata, ...output } = await promise
      return [promise.constructor.name, output, $metadata.httpStatusCode, runtime.send.name, runtime.send.length]
    },
    spans: [PLAIN],
  },
  'send() with a callback': {
    feature: 'chat',
    answers: [converse([{ text: 'Hello' }])],
    use: async ({ library, runtime }) => {
      const calls: unknown[] = []
      const returned: unknown[] = []
      await new Promise<void>((resolve) => {
        const done = (...args: unknown[]): void => {
          const [error, output] = args
          calls.push([args.length, error, Reflect.get(Object(output), 'stopReason')])
          if (calls.length === 2) resolve()
        }
        returned.push(runtime.send(new library.ConverseCommand(input), done))
        returned.push(runtime.send(new library.ConverseCommand(input), {}, done))
      })
      return [calls, returned.map((value) => typeof value)]
    },
    spans: [PLAIN, PLAIN],
  },
  'the method of the aggregated client': {
    feature: 'chat',
    answers: [converse([{ text: 'Hello' }])],
    use: async ({ runtime }) => (await runtime.converse(input)).output,
    spans: [PLAIN],
  },
  'one command sent twice': {
    feature: 'chat',
    answers: [converse([{ text: 'Hello' }])],
    use: async ({ library, runtime }) => {
      const command = new library.ConverseCommand(input)
      return [(await runtime.send(command)).output, (await runtime.send(command)).output]
    },
    spans: [PLAIN, PLAIN],
  },
  'without usage': {
    feature: 'chat',
    answers: [
      json({ output: { message: { role: 'assistant', content: [{ text: 'Hello' }] } }, stopReason: 'end_turn' }),
    ],
    use: async ({ runtime }) => (await runtime.converse(input)).output,
    spans: [`chat ${modelId} [end_turn]`],
  },
  'tool calls': {
    feature: 'chat',
    answers: [converse([{ toolUse: { toolUseId: 't1', name: 'add', input: { a: 1 } } }], 'tool_use')],
    use: async ({ runtime }) => (await runtime.converse(input)).output,
    spans: [`chat ${modelId} 7/6 cached 4 [tool_use]`],
  },
  'for await': {
    feature: 'chat stream',
    answers: [awsEvents(EVENTS)],
    use: async (client) => {
      const stream = await streamOf(client)
      return [Object.keys(stream), await collect(stream)]
    },
    spans: [`${PLAIN} first chunk`],
  },
  'an iterator by hand': {
    feature: 'chat stream',
    answers: [awsEvents(EVENTS)],
    use: async (client) => {
      const iterator = (await streamOf(client))[Symbol.asyncIterator]()
      const steps: unknown[] = []
      for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) steps.push(step.value)
      return [Object.prototype.toString.call(iterator), steps]
    },
    spans: [`${PLAIN} first chunk`],
  },
  'a stream without usage': {
    feature: 'chat stream',
    answers: [awsEvents(EVENTS.slice(0, 5))],
    use: async (client) => collect(await streamOf(client)),
    spans: [`chat ${modelId} [end_turn] first chunk`],
  },
  'a loop that is left': {
    feature: 'abort',
    answers: [awsEvents(EVENTS, 'wait')],
    use: async (client) => {
      for await (const event of await streamOf(client)) return event
      return undefined
    },
    spans: [`chat ${modelId} [error] first chunk`],
  },
  'an abort before the answer': {
    feature: 'abort',
    answers: [converse([])],
    use: ({ library, runtime }) =>
      refused(runtime.send(new library.ConverseCommand(input), { abortSignal: AbortSignal.abort() })),
    spans: [`chat ${modelId} [] AbortError`],
  },
  'an abort of a stream': {
    feature: 'abort',
    answers: [awsEvents(EVENTS, 'wait')],
    use: async (client, { cut }) => {
      const controller = new AbortController()
      const iterator = (await streamOf(client, controller.signal))[Symbol.asyncIterator]()
      const first = await iterator.next()
      controller.abort()
      cut()
      return [first, await refused(collect({ [Symbol.asyncIterator]: () => iterator }))]
    },
    spans: [`chat ${modelId} [error] first chunk`],
  },
  'an answer that is refused': {
    feature: 'errors',
    answers: [
      { ...json({ message: 'slow down' }, 429), headers: { 'x-amzn-errortype': 'ThrottlingException:http://x/' } },
    ],
    use: ({ runtime }) => refused(runtime.converse(input)),
    spans: [`chat ${modelId} [] ThrottlingException 429`],
  },
  'an answer that is refused, with a callback': {
    feature: 'errors',
    answers: [{ ...json({ message: 'no' }, 403), headers: { 'x-amzn-errortype': 'AccessDeniedException' } }],
    use: async ({ library, runtime }) =>
      await new Promise((resolve) => {
        runtime.send(new library.ConverseCommand(input), (...args: unknown[]) => {
          resolve([args.length, Reflect.get(Object(args[0]), 'name')])
        })
      }),
    spans: [`chat ${modelId} [] AccessDeniedException 403`],
  },
  'a network that fails': {
    feature: 'errors',
    answers: [],
    use: ({ library }) => {
      const client = new library.BedrockRuntimeClient({
        ...configFor('http://127.0.0.1:1'),
        requestHandler: new NodeHttpHandler(),
      })
      return refused(client.send(new library.ConverseCommand(input)))
    },
    spans: [`chat ${modelId} [] ECONNREFUSED`],
  },
  'failures after retries': {
    feature: 'errors',
    answers: [json({ message: 'down' }, 503), converse([{ text: 'Hello' }])],
    use: async ({ library }, { url }) => {
      const client = new library.BedrockRuntimeClient({
        ...configFor(url),
        maxAttempts: 2,
        requestHandler: new NodeHttpHandler(),
      })
      const { output, $metadata } = await client.send(new library.ConverseCommand(input))
      return [output, $metadata.attempts]
    },
    spans: [PLAIN],
  },
  'an exception in a stream': {
    feature: 'errors',
    answers: [awsEvents([...EVENTS.slice(0, 2), ['throttlingException', { message: 'slow down' }]])],
    use: async (client) => refused(collect(await streamOf(client))),
    spans: [`chat ${modelId} [error] ThrottlingException first chunk`],
  },
  'a command that the client refuses': {
    feature: 'errors',
    answers: [],
    use: ({ library, runtime }) => refused(runtime.send(new library.ConverseCommand({ modelId: undefined }))),
    spans: ['chat [] Error'],
  },
  'invokeModel()': {
    feature: 'invoke model',
    answers: [json(MESSAGE)],
    use: async ({ runtime }) => {
      const { body, contentType } = await runtime.invokeModel({ modelId, body: claude })
      return [body.transformToString(), body.constructor.name, contentType]
    },
    spans: [PLAIN],
  },
  'invokeModel() of a model that counts in headers only': {
    feature: 'invoke model',
    answers: [
      {
        ...json({ outputs: [{ text: 'Hello', stop_reason: 'stop' }] }),
        headers: { 'x-amzn-bedrock-input-token-count': '3', 'x-amzn-bedrock-output-token-count': '6' },
      },
    ],
    use: async ({ runtime }) =>
      (await runtime.invokeModel({ modelId: 'mistral.mistral-7b-instruct-v0:2', body: '{"prompt":"hi"}' })).body.length,
    spans: ['text_completion mistral.mistral-7b-instruct-v0:2 3/6 [stop]'],
  },
  'invokeModel() in the format of OpenAI': {
    feature: 'invoke model',
    answers: [
      json({
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 3, completion_tokens: 6 },
      }),
    ],
    use: async ({ runtime }) =>
      (await runtime.invokeModel({ modelId: 'openai.gpt-oss-20b-1:0', body: '{"messages":[]}' })).body.length,
    spans: ['chat openai.gpt-oss-20b-1:0 3/6 [stop]'],
  },
  'invokeModelWithResponseStream()': {
    feature: 'invoke model stream',
    answers: [awsEvents(CLAUDE_EVENTS)],
    use: async ({ runtime }) => {
      const { body } = await runtime.invokeModelWithResponseStream({ modelId, body: claude })
      return body === undefined ? undefined : await collect(body)
    },
    spans: [`${PLAIN} first chunk`],
  },
  'a loop over a model stream that is left': {
    feature: 'abort',
    answers: [awsEvents(CLAUDE_EVENTS, 'wait')],
    use: async ({ runtime }) => {
      const { body } = await runtime.invokeModelWithResponseStream({ modelId, body: claude })
      for await (const event of body ?? []) return event
      return undefined
    },
    spans: [`chat ${modelId} 7/6 cached 4 [error] first chunk`],
  },
  'invokeModel() of an embedding model': {
    feature: 'embeddings',
    answers: [json({ embedding: [1, 2], inputTextTokenCount: 3 })],
    use: async ({ runtime }) =>
      (
        await runtime.invokeModel({
          modelId: 'amazon.titan-embed-text-v2:0',
          body: Buffer.from('{"inputText":"hi","dimensions":2}'),
        })
      ).body.transformToString(),
    spans: ['embeddings amazon.titan-embed-text-v2:0 3/- []'],
  },
  'what uses no model': {
    feature: 'other commands',
    answers: [json({ inputTokens: 3 })],
    use: async ({ runtime }) =>
      (await runtime.countTokens({ modelId, input: { converse: { messages: [] } } })).inputTokens,
    spans: [],
  },
}

for (const build of BUILDS.filter(({ major }) => major === 'current')) {
  describeHookedShapes<Client>({
    title: `@aws-sdk/client-bedrock-runtime 3 ${build.format}`,
    build,
    library: '@aws-sdk/client-bedrock-runtime',
    shapes,
    test,
    server: () => server,
    client: clientFor,
  })
}

describe('@aws-sdk/client-bedrock-runtime', () => {
  const load = async (): Promise<Client> => clientFor(await test.load('@aws-sdk/client-bedrock-runtime'), server)

  it('works with the handler that the client takes by default', async () => {
    const answers = createServer()
    answers.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/vnd.amazon.eventstream' })
      for (const write of awsEvents(EVENTS).writes) stream.write(write)
      stream.end()
    })
    answers.listen(0, '127.0.0.1')
    await once(answers, 'listening')
    const address = answers.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const { library } = await load()
    const client = new library.BedrockRuntimeClient(configFor(`http://127.0.0.1:${port}`))
    const { stream } = await client.send(new library.ConverseStreamCommand(input))
    expect(await collect(stream ?? EMPTY)).toHaveLength(EVENTS.length)
    expect(test.takeSpans().map(spanLine)).toEqual([`${PLAIN} first chunk`])
    client.destroy()
    answers.close()
  })

  it('knows the server of the first call when it ends, of the others when they start', async () => {
    const { library, runtime } = await load()
    const started: unknown[] = []
    const { startSpan } = test.sdk.tracer
    test.sdk.tracer.startSpan = (name, options, ...more) => {
      started.push(options?.attributes?.['server.address'])
      return Reflect.apply(startSpan, test.sdk.tracer, [name, options, ...more])
    }
    server.answer(converse([{ text: 'Hello' }]))
    await runtime.send(new library.ConverseCommand(input))
    await runtime.send(new library.ConverseCommand(input))
    test.sdk.tracer.startSpan = startSpan
    expect(started).toEqual([undefined, '127.0.0.1'])
    const spans = test.takeSpans().map(({ attributes }) => [attributes['server.address'], attributes['server.port']])
    expect(spans).toEqual([server, server].map(({ url }) => ['127.0.0.1', Number(new URL(url).port)]))
  })

  it('says what is asked, and which model an ARN names', async () => {
    const { runtime } = await load()
    server.answer(
      json({ output: { message: { role: 'assistant', content: [{ text: 'Hello' }] } }, stopReason: 'end_turn' }),
    )
    const arn = `arn:aws:bedrock:us-east-1:123456789012:inference-profile/${modelId}`
    await runtime.converse({
      ...input,
      modelId: arn,
      system: [{ text: 'be kind' }],
      inferenceConfig: { maxTokens: 9, temperature: 0.5, topP: 0.9, stopSequences: ['x'] },
      additionalModelRequestFields: { top_k: 3 },
      guardrailConfig: { guardrailIdentifier: 'gr1', guardrailVersion: '1' },
    })
    const body = JSON.stringify({
      inputText: 'hi',
      textGenerationConfig: { maxTokenCount: 9, topP: 0.5, stopSequences: [] },
    })
    server.answer(
      json({ inputTextTokenCount: 3, results: [{ tokenCount: 6, outputText: 'Hello', completionReason: 'FINISH' }] }),
    )
    await runtime.invokeModel({
      modelId: 'amazon.titan-text-lite-v1',
      body,
      guardrailIdentifier: 'gr1',
      guardrailVersion: '1',
    })
    expect(server.requests.at(-1)?.headers['user-agent']).toMatch(bedrock.userAgent ?? 'none')
    const [first, second] = test.takeSpans()
    expect(first?.attributes).toMatchObject({
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.request.model': arn,
      'gen_ai.response.model': modelId,
      'gen_ai.request.max_tokens': 9,
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.top_p': 0.9,
      'gen_ai.request.top_k': 3,
      'gen_ai.request.stop_sequences': ['x'],
      'aws.bedrock.guardrail.id': 'gr1',
      'spanwarden.usage.source': 'unknown',
      'spanwarden.usage.estimate.output_tokens': 2,
    })
    expect(second?.attributes).toMatchObject({
      'gen_ai.request.max_tokens': 9,
      'gen_ai.request.top_p': 0.5,
      'gen_ai.usage.input_tokens': 3,
      'gen_ai.usage.output_tokens': 6,
      'aws.bedrock.guardrail.id': 'gr1',
    })
    expect(second?.attributes).not.toHaveProperty(['gen_ai.request.stop_sequences'])
  })

  it('puts no content into a span unless asked, error messages included', async () => {
    const canary = 'CANARY'
    const { runtime } = await load()
    const messages: ConverseCommandInput['messages'] = [
      { role: 'user', content: [{ text: canary }, { image: { format: 'png', source: { bytes: new Uint8Array(9) } } }] },
      { role: 'assistant', content: [{ toolUse: { toolUseId: 't1', name: 'add', input: { x: canary } } }] },
      {
        role: 'user',
        content: [{ toolResult: { toolUseId: 't1', content: [{ text: canary }, { json: { y: canary } }] } }],
      },
    ]
    const body = JSON.stringify({
      anthropic_version: 'x',
      system: canary,
      messages: [{ role: 'user', content: canary }],
    })
    const calls = async (): Promise<ReadableSpan[]> => {
      server.answer(
        converse([
          { reasoningContent: { reasoningText: { text: canary } } },
          { toolUse: { toolUseId: 't2', name: 'add', input: { x: canary } } },
        ]),
        json({ message: canary }, 400),
        awsEvents([
          ['messageStart', { role: 'assistant' }],
          ['contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { toolUseId: 't3', name: 'add' } } }],
          ['contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: `{"x":"${canary}"}` } } }],
          ['messageStop', { stopReason: 'tool_use' }],
        ]),
        json({ ...MESSAGE, content: [{ type: 'text', text: canary }] }),
        awsEvents([chunkEvent({ generation: canary, stop_reason: 'stop' })]),
      )
      await runtime.converse({ ...input, messages, system: [{ text: canary }] })
      await refused(runtime.converse({ ...input, messages }))
      await collect((await runtime.converseStream({ ...input, messages })).stream ?? EMPTY)
      await runtime.invokeModel({ modelId, body })
      const prompt = JSON.stringify({ prompt: canary })
      const { body: stream } = await runtime.invokeModelWithResponseStream({ modelId: 'meta.llama3-8b', body: prompt })
      await collect(stream ?? EMPTY)
      return test.takeSpans()
    }
    const written = (spans: readonly ReadableSpan[]): string =>
      JSON.stringify(spans.map(({ name, attributes, events, status }) => [name, attributes, events, status]))
    expect(written(await calls())).not.toContain(canary)
    test.sdk.captureContent = true
    const spans = await calls()
    test.sdk.captureContent = false
    const content = (index: number, key: string): unknown =>
      JSON.parse(String(spans[index]?.attributes[`gen_ai.${key}`]))
    const text = { type: 'text', content: canary }
    const call = { type: 'tool_call', name: 'add', arguments: { x: canary } }
    expect(content(0, 'system_instructions')).toEqual([text])
    expect(content(0, 'input.messages')).toEqual([
      {
        role: 'user',
        parts: [
          text,
          {
            type: 'blob',
            modality: 'image',
            mime_type: 'image/png',
            content: '[9 bytes left out, sha256 3e7077fd2f66d689e0cee6a7cf5b37bf2dca7c979af356d0a31cbc5c85605c7d]',
          },
        ],
      },
      { role: 'assistant', parts: [{ ...call, id: 't1' }] },
      { role: 'user', parts: [{ type: 'tool_call_response', id: 't1', response: [canary, { y: canary }] }] },
    ])
    expect(content(0, 'output.messages')).toEqual([
      {
        role: 'assistant',
        finish_reason: 'end_turn',
        parts: [
          { type: 'reasoning', content: canary },
          { ...call, id: 't2' },
        ],
      },
    ])
    expect(content(2, 'output.messages')).toEqual([
      { role: 'assistant', finish_reason: 'tool_use', parts: [{ ...call, id: 't3' }] },
    ])
    expect(content(3, 'system_instructions')).toEqual([text])
    expect(content(3, 'output.messages')).toEqual([{ role: 'assistant', finish_reason: 'end_turn', parts: [text] }])
    expect(content(4, 'input.messages')).toEqual([{ role: 'user', parts: [text] }])
    expect(content(4, 'output.messages')).toEqual([{ role: 'assistant', finish_reason: 'stop', parts: [text] }])
  })

  it('ends the span of a stream that nobody reads when it is collected', async () => {
    const client = await load()
    server.answer(awsEvents(EVENTS, 'wait'))
    await (async () => {
      await streamOf(client)
    })()
    const collectGarbage: () => void = (setFlagsFromString('--expose-gc'), runInNewContext('gc'))
    const spans: ReadableSpan[] = []
    while (spans.length < 1) {
      collectGarbage()
      await new Promise((resolve) => setImmediate(resolve))
      spans.push(...test.takeSpans())
    }
    expect(spans.map(spanLine)).toEqual([`chat ${modelId} []`])
    server.cut()
  })
})

const EMPTY: AsyncIterable<unknown> = { async *[Symbol.asyncIterator]() {} }
