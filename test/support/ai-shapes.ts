import type * as AiModule from 'ai'
import type * as OpenAiProviderModule from '@ai-sdk/openai'
import * as z from 'zod'
import { json, sse } from './model-server.ts'
import type { ModelAnswer, ModelServer } from './model-server.ts'

/** The AI SDK and a provider in one build. Both majors are typed like the current one. */
export interface AiBuild {
  readonly sdk: typeof AiModule
  readonly provider: ReturnType<(typeof OpenAiProviderModule)['createOpenAI']>
}

/**
 * A way to use the AI SDK, told as data: once without the instrumentation, once with it. The two must be equal, and the second must leave
 * exactly the tree of spans that stands beside it.
 */
export interface AiShape {
  /** The row of docs' table that it is part of. */
  readonly feature: string
  readonly answers: readonly ModelAnswer[]
  readonly use: (build: AiBuild, server: ModelServer) => Promise<unknown>
  readonly spans: string
  /** Functions that only the current major has. */
  readonly currentOnly?: boolean
}

const USAGE = {
  prompt_tokens: 120,
  completion_tokens: 60,
  total_tokens: 180,
  prompt_tokens_details: { cached_tokens: 40 },
  completion_tokens_details: { reasoning_tokens: 25 },
}
const HEAD = { id: 'chatcmpl-1', created: 1, model: 'gpt-4o-mini-2024-07-18' }
const TOOL_CALL = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"CANARY"}' } }

export const completion = (message: object, finish = 'stop'): ModelAnswer =>
  json({
    ...HEAD,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason: finish }],
    usage: USAGE,
  })

const chunk = (delta: object, finish: string | null = null): object => ({
  ...HEAD,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason: finish }],
})
const USAGE_CHUNK = { ...HEAD, object: 'chat.completion.chunk', choices: [], usage: USAGE }

/** Answers of one step of a loop: failed attempts, then a text or a call of the tool, with the given tokens. */
export function completionOf(step: {
  readonly input: number
  readonly output: number
  readonly failures: number
  readonly stream: boolean
  readonly tool: boolean
}): ModelAnswer[] {
  const usage = { prompt_tokens: step.input, completion_tokens: step.output, total_tokens: step.input + step.output }
  const message = { role: 'assistant', content: null, ...(step.tool ? { tool_calls: [TOOL_CALL] } : { content: 'x' }) }
  const finish = step.tool ? 'tool_calls' : 'stop'
  const delta = step.tool ? { ...message, tool_calls: [{ index: 0, ...TOOL_CALL }] } : message
  const answer = step.stream
    ? sse([chunk(delta), chunk({}, finish), { ...USAGE_CHUNK, usage }])
    : json({ ...HEAD, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: finish }], usage })
  return [...Array.from({ length: step.failures }, () => BUSY), answer]
}

export const TEXT = completion({ content: 'CANARY hello' })
export const TOOL = completion({ tool_calls: [TOOL_CALL] }, 'tool_calls')
export const TEXT_STREAM = [
  chunk({ role: 'assistant', content: 'CANARY' }),
  chunk({ content: ' hello' }),
  chunk({}, 'stop'),
  USAGE_CHUNK,
]
export const TOOL_STREAM = [
  chunk({ role: 'assistant', tool_calls: [{ index: 0, ...TOOL_CALL }] }),
  chunk({}, 'tool_calls'),
  USAGE_CHUNK,
]
const FAILURE = json({ error: { message: 'CANARY', type: 'invalid_request_error', code: 'model_not_found' } }, 404)
/** The AI SDK waits two seconds before the next attempt unless it is told otherwise. */
const BUSY: ModelAnswer = {
  ...json({ error: { message: 'CANARY', type: 'server_error', code: null } }, 500),
  headers: { 'retry-after-ms': '1' },
}
const EMBEDDINGS = json({
  object: 'list',
  model: 'text-embedding-3-small',
  data: [{ object: 'embedding', index: 0, embedding: [1, 2, 3] }],
  usage: { prompt_tokens: 5, total_tokens: 5 },
})

/** Attributes that the trees show. */
export const SHOWN = [
  'gen_ai.tool.call.id',
  'gen_ai.request.stream',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.reasoning.output_tokens',
  'gen_ai.response.finish_reasons',
  'spanwarden.usage.source',
]

const TOKENS =
  'gen_ai.usage.input_tokens=120 gen_ai.usage.output_tokens=60 gen_ai.usage.cache_read.input_tokens=40 gen_ai.usage.reasoning.output_tokens=25'
const reasons = (...all: string[]): string => `gen_ai.response.finish_reasons=${JSON.stringify(all)}`
export const CHAT = `CLIENT chat gpt-4o-mini [${TOKENS} ${reasons('stop')}]`
const CHAT_TOOL = `CLIENT chat gpt-4o-mini [${TOKENS} ${reasons('tool_calls')}]`
const streamed = (line: string): string => line.replace('[', '[gen_ai.request.stream=true ')
const EXECUTED = 'INTERNAL execute_tool weather [gen_ai.tool.call.id=call_1]'
const agent = (name: string, end: string, ...inner: string[]): string =>
  [`INTERNAL invoke_agent${name}${end}`, ...inner.map((line) => `  ${line}`)].join('\n')
const STOP = ` [${reasons('stop')}]`
const BROKEN = `CLIENT chat gpt-4o-mini [gen_ai.request.stream=true ${reasons('error')} spanwarden.usage.source=unknown]`

const prompt = 'CANARY prompt'
const model = ({ provider }: AiBuild) => provider.chat('gpt-4o-mini')

const tools = ({ sdk }: AiBuild, execute: () => Promise<string> = async () => 'CANARY sunny') => ({
  weather: sdk.tool({ description: 'the weather', inputSchema: z.object({ city: z.string() }), execute }),
})

const steps = ({ sdk }: AiBuild, count: number) => sdk.stepCountIs(count)

export async function collectAll(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const part of stream) all.push(part)
  return all
}

const text = async (stream: AsyncIterable<unknown>): Promise<string> => (await collectAll(stream)).join('')

const rejection = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => 'fulfilled',
    (error: unknown) => (error instanceof Error ? { name: error.name, message: error.message } : error),
  )

export const shapes: Readonly<Record<string, AiShape>> = {
  'generateText()': {
    feature: 'chat',
    answers: [TEXT],
    use: async (build) => {
      const result = await build.sdk.generateText({
        model: model(build),
        prompt,
        temperature: 0.5,
        maxOutputTokens: 50,
      })
      return { text: result.text, usage: result.usage, reason: result.finishReason }
    },
    spans: agent('', STOP, CHAT),
  },
  'generateText() of a named function': {
    feature: 'agents',
    answers: [TEXT],
    use: async (build) =>
      (await build.sdk.generateText({ model: model(build), prompt, experimental_telemetry: { functionId: 'poet' } }))
        .text,
    spans: agent(' poet', STOP, CHAT),
  },
  'generateText() with a tool': {
    feature: 'tools',
    answers: [TOOL, TEXT],
    use: async (build) => {
      const result = await build.sdk.generateText({
        model: model(build),
        prompt,
        tools: tools(build),
        stopWhen: steps(build, 5),
      })
      return { text: result.text, steps: result.steps.length, usage: result.totalUsage }
    },
    spans: agent('', STOP, CHAT_TOOL, EXECUTED, CHAT),
  },
  'generateText() with a tool that fails': {
    feature: 'tools',
    answers: [TOOL, TEXT],
    use: async (build) => {
      const failing = tools(build, () => Promise.reject(new RangeError('CANARY')))
      const result = await build.sdk.generateText({
        model: model(build),
        prompt,
        tools: failing,
        stopWhen: steps(build, 5),
      })
      return { text: result.text, content: result.steps[0]?.content.map(({ type }) => type) }
    },
    spans: agent('', STOP, CHAT_TOOL, `${EXECUTED} ERROR(RangeError)`, CHAT),
  },
  'generateText() inside a tool': {
    feature: 'tools',
    answers: [TOOL, TEXT, TEXT],
    use: async (build) => {
      const inner = tools(build, async () => (await build.sdk.generateText({ model: model(build), prompt })).text)
      return (await build.sdk.generateText({ model: model(build), prompt, tools: inner, stopWhen: steps(build, 5) }))
        .text
    },
    spans: agent(
      '',
      STOP,
      CHAT_TOOL,
      EXECUTED,
      ...agent('', STOP, CHAT)
        .split('\n')
        .map((line) => `  ${line}`),
      CHAT,
    ),
  },
  'a tool that the caller executes': {
    feature: 'tools',
    answers: [TOOL],
    use: async (build) => {
      const { execute: _, ...weather } = tools(build).weather
      return (await build.sdk.generateText({ model: model(build), prompt, tools: { weather } })).toolCalls
    },
    spans: agent('', ` [${reasons('tool_calls')}]`, CHAT_TOOL),
  },
  'ToolLoopAgent.generate()': {
    feature: 'agents',
    answers: [TOOL, TEXT],
    use: async (build) => {
      const helper = new build.sdk.ToolLoopAgent({ id: 'helper', model: model(build), tools: tools(build) })
      return (await helper.generate({ prompt })).text
    },
    spans: agent(' helper', STOP, CHAT_TOOL, EXECUTED, CHAT),
  },
  'ToolLoopAgent.stream()': {
    feature: 'agents',
    answers: [sse(TOOL_STREAM), sse(TEXT_STREAM)],
    use: async (build) => {
      const helper = new build.sdk.ToolLoopAgent({ id: 'helper', model: model(build), tools: tools(build) })
      return text((await helper.stream({ prompt })).textStream)
    },
    spans: agent(' helper', STOP, streamed(CHAT_TOOL), EXECUTED, streamed(CHAT)),
  },
  'streamText().textStream': {
    feature: 'chat stream',
    answers: [sse(TEXT_STREAM)],
    use: async (build) => text(build.sdk.streamText({ model: model(build), prompt }).textStream),
    spans: agent('', STOP, streamed(CHAT)),
  },
  'streamText().fullStream and its promises': {
    feature: 'chat stream',
    answers: [sse(TEXT_STREAM)],
    use: async (build) => {
      const result = build.sdk.streamText({ model: model(build), prompt })
      const parts = await collectAll(result.fullStream)
      return {
        types: parts.map((part) => part && Reflect.get(Object(part), 'type')),
        text: await result.text,
        usage: await result.usage,
      }
    },
    spans: agent('', STOP, streamed(CHAT)),
  },
  'streamText().toUIMessageStreamResponse()': {
    feature: 'chat stream',
    answers: [sse(TEXT_STREAM)],
    use: async (build) => {
      const body = await build.sdk
        .streamText({ model: model(build), prompt })
        .toUIMessageStreamResponse()
        .text()
      return body.replaceAll(/"id":"[^"]*"/g, '"id"')
    },
    spans: agent('', STOP, streamed(CHAT)),
  },
  'streamText().consumeStream()': {
    feature: 'chat stream',
    answers: [sse(TEXT_STREAM)],
    use: async (build) => {
      let ended: unknown
      const result = build.sdk.streamText({
        model: model(build),
        prompt,
        onFinish: (event) => void (ended = event.text),
      })
      await result.consumeStream()
      return { ended, text: await result.text }
    },
    spans: agent('', STOP, streamed(CHAT)),
  },
  'streamText() with a tool': {
    feature: 'tools',
    answers: [sse(TOOL_STREAM), sse(TEXT_STREAM)],
    use: async (build) => {
      const result = build.sdk.streamText({
        model: model(build),
        prompt,
        tools: tools(build),
        stopWhen: steps(build, 5),
      })
      return { text: await text(result.textStream), steps: (await result.steps).length }
    },
    spans: agent('', STOP, streamed(CHAT_TOOL), EXECUTED, streamed(CHAT)),
  },
  'streamText() with a tool that fails': {
    feature: 'tools',
    answers: [sse(TOOL_STREAM), sse(TEXT_STREAM)],
    use: async (build) => {
      const failing = tools(build, () => Promise.reject(new RangeError('CANARY')))
      return text(
        build.sdk.streamText({ model: model(build), prompt, tools: failing, stopWhen: steps(build, 5) }).textStream,
      )
    },
    spans: agent('', STOP, streamed(CHAT_TOOL), `${EXECUTED} ERROR(RangeError)`, streamed(CHAT)),
  },
  'streamText() without usage': {
    feature: 'chat stream',
    answers: [sse(TEXT_STREAM.slice(0, -1))],
    use: async (build) => text(build.sdk.streamText({ model: model(build), prompt }).textStream),
    spans: agent(
      '',
      STOP,
      `CLIENT chat gpt-4o-mini [gen_ai.request.stream=true ${reasons('stop')} spanwarden.usage.source=unknown]`,
    ),
  },
  'streamText() aborted': {
    feature: 'abort',
    answers: [sse(TEXT_STREAM.slice(0, 2), 'wait')],
    use: async (build) => {
      const controller = new AbortController()
      const types: unknown[] = []
      const { fullStream } = build.sdk.streamText({ model: model(build), prompt, abortSignal: controller.signal })
      for await (const part of fullStream) {
        types.push(part.type)
        if (part.type === 'text-delta') controller.abort()
      }
      return types
    },
    spans: agent('', '', BROKEN),
  },
  'generateText() aborted': {
    feature: 'abort',
    answers: [{ writes: ['{'], ending: 'wait' }],
    use: async (build, server) => {
      const controller = new AbortController()
      const before = server.requests.length
      const result = build.sdk.generateText({ model: model(build), prompt, abortSignal: controller.signal })
      const failed = rejection(result)
      while (server.requests.length === before) await new Promise((resolve) => setImmediate(resolve))
      controller.abort()
      return failed
    },
    spans: agent('', ' ERROR(AbortError)', 'CLIENT chat gpt-4o-mini ERROR(AbortError)'),
  },
  'an HTTP error': {
    feature: 'errors',
    answers: [FAILURE],
    use: async (build) => rejection(build.sdk.generateText({ model: model(build), prompt })),
    spans: agent('', ' ERROR(model_not_found)', 'CLIENT chat gpt-4o-mini ERROR(model_not_found)'),
  },
  'an HTTP error of a stream': {
    feature: 'errors',
    answers: [FAILURE],
    use: async (build) => {
      const errors: unknown[] = []
      const result = build.sdk.streamText({
        model: model(build),
        prompt,
        onError: ({ error }) => void errors.push(String(error)),
      })
      return { text: await text(result.textStream), errors, failed: await rejection(result.text) }
    },
    spans: agent(
      '',
      ' ERROR(model_not_found)',
      'CLIENT chat gpt-4o-mini [gen_ai.request.stream=true] ERROR(model_not_found)',
    ),
  },
  'a repeated call is one call': {
    feature: 'errors',
    answers: [BUSY, TEXT],
    use: async (build) => (await build.sdk.generateText({ model: model(build), prompt, maxRetries: 1 })).text,
    spans: agent('', STOP, CHAT),
  },
  'a repeated stream is one call': {
    feature: 'errors',
    answers: [BUSY, sse(TEXT_STREAM)],
    use: async (build) => text(build.sdk.streamText({ model: model(build), prompt, maxRetries: 1 }).textStream),
    spans: agent('', STOP, streamed(CHAT)),
  },
  'an error after all attempts': {
    feature: 'errors',
    answers: [BUSY],
    use: async (build) => rejection(build.sdk.generateText({ model: model(build), prompt, maxRetries: 1 })),
    spans: agent('', ' ERROR(server_error)', 'CLIENT chat gpt-4o-mini ERROR(server_error)'),
  },
  'an error inside a stream': {
    feature: 'errors',
    answers: [
      sse([...TEXT_STREAM.slice(0, 2), { error: { message: 'CANARY', type: 'server_error', code: 'overloaded' } }]),
    ],
    use: async (build) => {
      const result = build.sdk.streamText({ model: model(build), prompt, onError: () => undefined })
      return text(result.textStream)
    },
    spans: agent('', ' ERROR(overloaded)', BROKEN.replace(']', ']') + ' ERROR(overloaded)'),
  },
  'a connection cut inside a stream': {
    feature: 'errors',
    answers: [sse(TEXT_STREAM.slice(0, 2), 'wait')],
    use: async (build, server) => {
      const result = build.sdk.streamText({ model: model(build), prompt, onError: () => undefined })
      const types: string[] = []
      const reading = async (): Promise<void> => {
        for await (const part of result.fullStream) {
          types.push(part.type)
          if (part.type === 'text-delta') server.cut()
        }
      }
      return { failed: await rejection(reading()), types }
    },
    spans: agent('', ' ERROR(TypeError)', `${BROKEN} ERROR(TypeError)`),
  },
  'an invalid call': {
    feature: 'errors',
    answers: [TEXT],
    use: async (build) => rejection(build.sdk.generateText({ model: model(build), prompt, maxRetries: -1 })),
    spans: agent('', ' ERROR(InvalidArgumentError)'),
  },
  'generateObject()': {
    feature: 'structured output',
    answers: [completion({ content: '{"n":1}' })],
    use: async (build) =>
      (await build.sdk.generateObject({ model: model(build), prompt, schema: z.object({ n: z.number() }) })).object,
    spans: CHAT,
  },
  'streamObject()': {
    feature: 'structured output',
    answers: [
      sse([chunk({ role: 'assistant', content: '{"n":' }), chunk({ content: '1}' }), chunk({}, 'stop'), USAGE_CHUNK]),
    ],
    use: async (build) => {
      const result = build.sdk.streamObject({ model: model(build), prompt, schema: z.object({ n: z.number() }) })
      return { partial: await collectAll(result.partialObjectStream), object: await result.object }
    },
    spans: streamed(CHAT),
  },
  'embed()': {
    feature: 'embeddings',
    answers: [EMBEDDINGS],
    use: async ({ sdk, provider }) =>
      (await sdk.embed({ model: provider.embedding('text-embedding-3-small'), value: prompt })).embedding,
    spans: 'CLIENT embeddings text-embedding-3-small [gen_ai.usage.input_tokens=5]',
  },
  'embedMany()': {
    feature: 'embeddings',
    answers: [EMBEDDINGS],
    use: async ({ sdk, provider }) =>
      (await sdk.embedMany({ model: provider.embedding('text-embedding-3-small'), values: [prompt] })).embeddings,
    spans: 'CLIENT embeddings text-embedding-3-small [gen_ai.usage.input_tokens=5]',
  },
  'generateImage()': {
    feature: 'images',
    answers: [
      json({
        created: 1,
        data: [{ b64_json: 'aGVsbG8=' }],
        usage: { input_tokens: 11, output_tokens: 22, total_tokens: 33 },
      }),
    ],
    use: async ({ sdk, provider }) => {
      const generate = sdk.generateImage
      return (await generate({ model: provider.image('gpt-image-1'), prompt })).image.base64
    },
    spans: 'CLIENT generate_content gpt-image-1 [gen_ai.usage.input_tokens=11 gen_ai.usage.output_tokens=22]',
  },
  'experimental_generateSpeech()': {
    feature: 'audio',
    answers: [{ headers: { 'content-type': 'audio/mpeg' }, writes: [new Uint8Array([1, 2, 3])] }],
    use: async ({ sdk, provider }) =>
      (await sdk.experimental_generateSpeech({ model: provider.speech('gpt-4o-mini-tts'), text: prompt })).audio.base64,
    spans: 'CLIENT generate_content gpt-4o-mini-tts [spanwarden.usage.source=unknown]',
  },
  'experimental_transcribe()': {
    feature: 'audio',
    answers: [json({ text: 'CANARY words' })],
    use: async ({ sdk, provider }) =>
      (await sdk.experimental_transcribe({ model: provider.transcription('whisper-1'), audio: new Uint8Array([1, 2]) }))
        .text,
    spans: 'CLIENT generate_content whisper-1 [spanwarden.usage.source=unknown]',
  },
}
