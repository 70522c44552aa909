import { SpanKind, context, trace } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { describeHookedShapes } from '../../../test/support/describe-hooked-shapes.ts'
import { BUILDS, startHookedSdk } from '../../../test/support/hooked.ts'
import { GENERATIONS } from '../../../test/support/mcp-desk.ts'
import { json, namedSse, sse, startModelServer } from '../../../test/support/model-server.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { spanTree } from '../../../test/support/span-tree.ts'
import { googleGenai } from './google-genai.ts'
import { mcpClient, mcpSdk } from './mcp.ts'
import type { CallableTool, GenerateContentParameters, GoogleGenAI } from '@google/genai'
import type * as GoogleModule from '@google/genai'
import type { ModelAnswer, ModelServer } from '../../../test/support/model-server.ts'
import type { Shape } from '../../../test/support/openai-shapes.ts'

const model = 'gemini-2.5-flash'
const request: GenerateContentParameters = { model, contents: 'hi' }
const USAGE = {
  promptTokenCount: 120,
  candidatesTokenCount: 35,
  thoughtsTokenCount: 25,
  cachedContentTokenCount: 40,
  totalTokenCount: 180,
}
const piece = (parts: object[], finishReason?: string, usageMetadata: object = USAGE): object => ({
  candidates: [{ content: { role: 'model', parts }, finishReason, index: 0 }],
  usageMetadata,
  modelVersion: model,
  responseId: 'resp_1',
})
const TEXT = piece([{ text: 'Hello' }], 'STOP')
const PIECES = [
  piece([{ text: 'hm', thought: true }], undefined, { promptTokenCount: 120, thoughtsTokenCount: 25 }),
  piece([{ text: 'Hel' }], undefined, { promptTokenCount: 120, candidatesTokenCount: 1, thoughtsTokenCount: 25 }),
  piece([{ text: 'lo' }], 'STOP'),
]
const STREAM = streamOf(PIECES)
const call = (name: string, args: object, id?: string): object => ({ functionCall: { name, args, id } })
const CALL = piece([call('add', { a: 1 })], 'STOP')
const CALLS = piece([call('add', { a: 1 }), call('add', { a: 2 })], 'STOP')
const failure = (status: number, word: string): ModelAnswer =>
  json({ error: { code: status, message: 'no', status: word } }, status)

const INTERACTION = {
  id: 'int_1',
  model,
  object: 'interaction',
  status: 'completed',
  steps: [{ type: 'model_output', content: [{ type: 'text', text: 'Hello' }] }],
  usage: {
    total_input_tokens: 120,
    total_output_tokens: 35,
    total_thought_tokens: 25,
    total_cached_tokens: 40,
    total_tokens: 180,
  },
}
const INTERACTION_EVENTS = [
  { type: 'interaction.created', interaction: { id: 'int_1', status: 'in_progress', object: 'interaction', model } },
  { type: 'step.start', index: 0, step: { type: 'model_output' } },
  { type: 'step.delta', index: 0, delta: { type: 'text', text: 'Hello' } },
  { type: 'step.stop', index: 0 },
  { type: 'interaction.completed', interaction: INTERACTION },
].map((event) => ({ ...event, event_type: event.type }))

function streamOf(pieces: readonly object[], ending: ModelAnswer['ending'] = 'end'): ModelAnswer {
  const answer = sse(pieces, ending)
  return { ...answer, writes: answer.writes.filter((write) => !String(write).includes('[DONE]')) }
}

const PLAIN = `generate_content ${model} 120/60 cached 40 reasoning 25 [STOP]`
const STREAMED = `${PLAIN} first chunk`
/** The counts of the second piece, which is the last that was read. */
const STOPPED = `generate_content ${model} 120/26 reasoning 25 [error] first chunk`
const ADD = 'execute_tool add []'
const INTERACTED = `generate_content ${model} 120/60 cached 40 reasoning 25 [completed]`

/** A tool as an application writes it: with state of its own that only its own methods reach. */
class Adder implements CallableTool {
  readonly #calls: unknown[] = []

  async tool(): Promise<GoogleModule.Tool> {
    return { functionDeclarations: [{ name: 'add', description: 'adds' }] }
  }

  async callTool(calls: GoogleModule.FunctionCall[]): Promise<GoogleModule.Part[]> {
    this.#calls.push(calls)
    return calls.map(({ name = '', args }) => ({ functionResponse: { name, response: { output: args?.['a'] } } }))
  }

  get calls(): readonly unknown[] {
    return this.#calls
  }
}

/** Headers have the time in them. */
const plain = (answer: unknown): unknown =>
  JSON.parse(JSON.stringify(answer, (key, value: unknown) => (key === 'sdkHttpResponse' ? undefined : value)))

async function all(answer: Promise<AsyncIterable<unknown>>): Promise<unknown> {
  const items: unknown[] = []
  for await (const item of await answer) items.push(item)
  return plain(items)
}

const rejection = async (promise: PromiseLike<unknown>): Promise<unknown> => {
  try {
    return { resolved: plain(await promise) }
  } catch (error) {
    if (!(error instanceof Error)) return { thrown: error }
    const { name, message, constructor } = error
    return { name, message, class: constructor.name, status: Reflect.get(error, 'status') }
  }
}

/** A client of the same class for Vertex AI. */
const vertexOf = (client: GoogleGenAI, { url }: ModelServer): GoogleGenAI =>
  Reflect.construct(client.constructor, [{ vertexai: true, apiKey: 'key', httpOptions: { baseUrl: url } }])

const shapes: Readonly<Record<string, Shape<GoogleGenAI>>> = {
  generateContent: {
    feature: 'chat',
    answers: [json(TEXT)],
    use: async ({ models }) => {
      const { generateContent: own } = models
      const answer = await own(request)
      const shape = [own.name, own.length, Object.keys(models).toSorted(), Object.hasOwn(models, 'generateContent')]
      return { answer: plain(answer), text: answer.text, class: answer.constructor.name, shape }
    },
    spans: [PLAIN],
  },
  'a chat': {
    feature: 'chat',
    answers: [json(TEXT), STREAM],
    use: async ({ chats }) => {
      const chat = chats.create({ model })
      const first = (await chat.sendMessage({ message: 'hi' })).text
      return { first, second: await all(chat.sendMessageStream({ message: 'hi' })), history: chat.getHistory() }
    },
    spans: [PLAIN, STREAMED],
  },
  'a blocked prompt': {
    feature: 'chat',
    answers: [json({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 7 } })],
    use: async ({ models }) => plain(await models.generateContent(request)),
    spans: [`generate_content ${model} 7/- [SAFETY]`],
  },
  'two candidates': {
    feature: 'chat',
    answers: [
      json({
        ...TEXT,
        candidates: [
          { index: 1, finishReason: 'MAX_TOKENS' },
          { index: 0, finishReason: 'STOP' },
        ],
      }),
    ],
    use: async ({ models }) => plain(await models.generateContent({ ...request, config: { candidateCount: 2 } })),
    spans: [PLAIN.replace('STOP', 'STOP MAX_TOKENS')],
  },
  'structured output': {
    feature: 'structured output',
    answers: [json(piece([{ text: '{"n":1}' }], 'STOP'))],
    use: async ({ models }) => {
      const responseSchema = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' }
      const config = { responseMimeType: 'application/json', responseSchema }
      const { text } = await models.generateContent({ ...request, config })
      // The client moves the schema, in the caller's own object.
      return { text, config }
    },
    spans: [PLAIN],
  },
  'generateContentStream in a loop': {
    feature: 'chat stream',
    answers: [STREAM],
    use: async ({ models }) => all(models.generateContentStream(request)),
    spans: [STREAMED],
  },
  'the generator itself': {
    feature: 'chat stream',
    answers: [STREAM],
    use: async ({ models }) => {
      const stream = await models.generateContentStream({ ...request, config: { automaticContinuation: false } })
      const results = [await stream.next(), await stream.next(), await stream.next(), await stream.next()]
      return { results: plain(results), after: await stream.next() }
    },
    spans: [STREAMED],
  },
  break: {
    feature: 'abort',
    answers: [STREAM],
    use: async ({ models }) => {
      const seen: unknown[] = []
      for await (const item of await models.generateContentStream(request)) if (seen.push(plain(item)) === 2) break
      return seen
    },
    spans: [STOPPED],
  },
  'return() of the generator itself': {
    feature: 'abort',
    answers: [STREAM],
    use: async ({ models }) => {
      const stream = await models.generateContentStream({ ...request, config: { automaticContinuation: false } })
      return plain([await stream.next(), await stream.next(), await stream.return(undefined), await stream.next()])
    },
    spans: [STOPPED],
  },
  'an aborted call': {
    feature: 'abort',
    answers: [{ writes: [' '], ending: 'wait' }],
    use: async ({ models }) => {
      const abort = new AbortController()
      const answer = models.generateContent({ ...request, config: { abortSignal: abort.signal } })
      setImmediate(() => abort.abort())
      return rejection(answer)
    },
    spans: [`generate_content ${model} [] AbortError`],
  },
  'an aborted stream': {
    feature: 'abort',
    answers: [streamOf(PIECES.slice(0, 2), 'wait')],
    use: async ({ models }) => {
      const abort = new AbortController()
      const stream = await models.generateContentStream({ ...request, config: { abortSignal: abort.signal } })
      const seen: unknown[] = []
      const reading = (async () => {
        for await (const item of stream) if (seen.push(plain(item)) === 2) abort.abort()
      })()
      return { reading: await rejection(reading), seen }
    },
    spans: [STOPPED.replace(' first chunk', ' AbortError first chunk')],
  },
  'an HTTP error': {
    feature: 'errors',
    answers: [failure(404, 'NOT_FOUND')],
    use: async ({ models }) => rejection(models.generateContent(request)),
    spans: [`generate_content ${model} [] NOT_FOUND 404`],
  },
  'an HTTP error of a stream': {
    feature: 'errors',
    answers: [failure(429, 'RESOURCE_EXHAUSTED')],
    use: async ({ models }) => rejection(models.generateContentStream(request)),
    spans: [`generate_content ${model} [] RESOURCE_EXHAUSTED 429`],
  },
  'an error inside a stream': {
    feature: 'errors',
    answers: [streamOf([...PIECES.slice(0, 2), { error: { code: 503, message: 'no', status: 'UNAVAILABLE' } }])],
    use: async ({ models }) => rejection(all(models.generateContentStream(request))),
    spans: [STOPPED.replace(' first chunk', ' UNAVAILABLE 503 first chunk')],
  },
  'a network that is cut': {
    feature: 'errors',
    answers: [streamOf(PIECES.slice(0, 2), 'wait')],
    use: async ({ models }, server) => {
      const stream = await models.generateContentStream(request)
      const seen: unknown[] = []
      const reading = (async () => {
        for await (const item of stream) if (seen.push(plain(item)) === 2) server.cut()
      })()
      return { reading: await rejection(reading), seen }
    },
    spans: [STOPPED.replace(' first chunk', ' TypeError first chunk')],
  },
  'a call that the client refuses': {
    feature: 'errors',
    answers: [json(TEXT)],
    use: async ({ models }) => rejection(models.generateContent({ model: '', contents: '' })),
    spans: ['generate_content [] Error'],
  },
  'functions that the client calls': {
    feature: 'tools',
    answers: [json(CALL), json(TEXT)],
    use: async ({ models }, server) => {
      const adder = new Adder()
      const tools = [adder]
      const params = { ...request, config: { tools } }
      const answer = await models.generateContent(params)
      const same = params.config.tools === tools && tools[0] === adder
      return { answer: plain(answer), same, calls: adder.calls, sent: server.requests.at(-1)?.body }
    },
    spans: [PLAIN, ADD, PLAIN],
  },
  'functions called while streaming': {
    feature: 'tools',
    answers: [streamOf([CALL]), STREAM],
    use: async ({ models }) => {
      const adder = new Adder()
      const params = { ...request, config: { tools: [adder] } }
      // The client puts the turns of the functions into the caller's own parameters.
      return { seen: await all(models.generateContentStream(params)), calls: adder.calls, contents: params.contents }
    },
    spans: [ADD, STREAMED, STREAMED],
  },
  'two calls of a turn': {
    feature: 'tools',
    answers: [json(CALLS), json(TEXT)],
    use: async ({ models }) => {
      const adder = new Adder()
      const answer = await models.generateContent({ ...request, config: { tools: [adder] } })
      return { answer: plain(answer), calls: adder.calls }
    },
    spans: [PLAIN, ADD, ADD, PLAIN],
  },
  'a function that throws': {
    feature: 'tools',
    answers: [json(CALL), json(TEXT)],
    use: async ({ models }) => {
      const broken: CallableTool = { tool: new Adder().tool, callTool: () => Promise.reject(new RangeError('no')) }
      return rejection(models.generateContent({ ...request, config: { tools: [broken] } }))
    },
    spans: [PLAIN, 'execute_tool add [] RangeError'],
  },
  'a function that answers with an error': {
    feature: 'tools',
    answers: [json(CALL), json(TEXT)],
    use: async ({ models }) => {
      const callTool = async (): Promise<GoogleModule.Part[]> => [
        { functionResponse: { name: 'add', response: { error: 'no' } } },
      ]
      return plain(
        await models.generateContent({ ...request, config: { tools: [{ tool: new Adder().tool, callTool }] } }),
      )
    },
    spans: [PLAIN, 'execute_tool add [] tool_error', PLAIN],
  },
  'frozen parameters': {
    feature: 'tools',
    answers: [json(CALL), json(TEXT)],
    use: async ({ models }) => {
      const adder = new Adder()
      const config = Object.freeze({ tools: [adder] })
      return { answer: plain(await models.generateContent(Object.freeze({ ...request, config }))), calls: adder.calls }
    },
    spans: [PLAIN, PLAIN],
  },
  'frozen parameters around a configuration': {
    feature: 'tools',
    answers: [json(CALL), json(TEXT)],
    use: async ({ models }) => {
      const adder = new Adder()
      const params = Object.freeze({ ...request, config: { tools: [adder] } })
      return { answer: plain(await models.generateContent(params)), calls: adder.calls }
    },
    spans: [PLAIN, PLAIN],
  },
  embedContent: {
    feature: 'embeddings',
    answers: [json({ embeddings: [{ values: [0.1, 0.2] }], usageMetadata: { promptTokenCount: 3 } })],
    use: async ({ models }) => plain(await models.embedContent({ model: 'gemini-embedding-001', contents: 'hi' })),
    spans: ['embeddings gemini-embedding-001 3/- []'],
    // That client drops the counts of the Gemini API.
    previousSpans: ['embeddings gemini-embedding-001 []'],
  },
  generateImages: {
    feature: 'images',
    answers: [json({ predictions: [{ bytesBase64Encoded: 'AA==', mimeType: 'image/png' }] })],
    use: async (client, server) =>
      plain(await vertexOf(client, server).models.generateImages({ model: 'imagen-4', prompt: 'a cat' })),
    spans: ['generate_content imagen-4 []'],
  },
  countTokens: {
    feature: 'chat',
    answers: [json({ totalTokens: 9 })],
    use: async ({ models }) => plain(await models.countTokens({ model, contents: 'hi' })),
    spans: [],
  },
  'interactions.create': {
    feature: 'interactions',
    answers: [json(INTERACTION)],
    use: async ({ interactions }) => plain(await interactions.create({ model, input: 'hi' })),
    spans: [INTERACTED],
  },
  'interactions.create in the background, and get': {
    feature: 'background',
    answers: [json({ ...INTERACTION, status: 'in_progress', steps: [], usage: undefined }), json(INTERACTION)],
    use: async ({ interactions }) => {
      const receipt = await interactions.create({ model, input: 'hi', background: true })
      return plain([receipt, await interactions.get('int_1')])
    },
    spans: [`generate_content ${model} []`, 'fetch_response [completed]'],
  },
  'interactions.create streaming': {
    feature: 'interactions stream',
    answers: [namedSse(INTERACTION_EVENTS)],
    use: async ({ interactions }) => {
      const stream = await interactions.create({ model, input: 'hi', stream: true })
      const seen: unknown[] = []
      for await (const event of stream) seen.push(event)
      return { class: stream.constructor.name, readable: stream instanceof ReadableStream, seen: plain(seen) }
    },
    spans: [`${INTERACTED} first chunk`],
  },
  'a stream of interactions that is broken off': {
    feature: 'interactions stream',
    answers: [namedSse(INTERACTION_EVENTS.slice(0, 3), 'wait')],
    use: async ({ interactions }) => {
      const seen: unknown[] = []
      for await (const event of await interactions.create({ model, input: 'hi', stream: true }))
        if (seen.push(plain(event)) === 3) break
      return seen
    },
    spans: [`generate_content ${model} [] first chunk`],
  },
  'an HTTP error of interactions': {
    feature: 'interactions',
    answers: [json({ error: { code: 'invalid_request', message: 'no' } }, 400)],
    use: async ({ interactions }) => rejection(interactions.create({ model, input: 'hi' })),
    spans: [`generate_content ${model} [] invalid_request 400`],
  },
  'an error inside a stream of interactions': {
    feature: 'interactions stream',
    answers: [
      namedSse([
        ...INTERACTION_EVENTS.slice(0, 3),
        { type: 'error', event_type: 'error', error: { code: 'overloaded', message: 'no' } },
      ]),
    ],
    use: async ({ interactions }) => rejection(all(interactions.create({ model, input: 'hi', stream: true }))),
    spans: [`generate_content ${model} [] overloaded first chunk`],
  },
}

const test = startHookedSdk([googleGenai, mcpSdk, mcpClient])
let server: ModelServer

beforeAll(async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  server = await startModelServer()
})
afterAll(() => server.close())

function newClient(library: Record<string, unknown>, more: GoogleModule.GoogleGenAIOptions = {}): GoogleGenAI {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
  const { GoogleGenAI: Client } = library as unknown as typeof GoogleModule
  return new Client({ apiKey: 'key', httpOptions: { baseUrl: server.url, retryOptions: { attempts: 1 } }, ...more })
}

for (const build of BUILDS) {
  describeHookedShapes({
    title: `@google/genai ${build.major === 'current' ? 3 : 2} ${build.format}`,
    build,
    library: '@google/genai',
    shapes,
    test,
    server: () => server,
    client: (library) => newClient(library),
  })
}

describe('@google/genai', () => {
  const client = async (more?: GoogleModule.GoogleGenAIOptions): Promise<GoogleGenAI> =>
    newClient(await test.load('@google/genai'), more)

  it('is a child of the active span and the parent of what the call does; tools are beside it', async () => {
    server.answer(json(CALL), json(TEXT))
    let inner: string | undefined
    const fetched: typeof fetch = (input, init) => {
      inner = trace.getActiveSpan()?.spanContext().spanId
      return fetch(input, init)
    }
    const outer = test.sdk.tracer.startSpan('outer')
    const { models } = await client({ httpOptions: { baseUrl: server.url, fetch: fetched } })
    await context.with(trace.setSpan(context.active(), outer), () =>
      models.generateContent({ ...request, config: { tools: [new Adder()] } }),
    )
    outer.end()
    const spans = test.takeSpans()
    expect(inner).toBe(spans.findLast(({ kind }) => kind === SpanKind.CLIENT)?.spanContext().spanId)
    expect(spanTree(spans)).toBe(
      `INTERNAL outer\n  CLIENT generate_content ${model}\n  INTERNAL execute_tool add\n  CLIENT generate_content ${model}`,
    )
  })

  it('has the functions that are called together side by side', async () => {
    server.answer(json(CALLS), json(TEXT))
    const { models } = await client()
    const outer = test.sdk.tracer.startSpan('outer')
    const within: (string | undefined)[] = []
    const tool = new Adder()
    const seeing: CallableTool = {
      tool: () => tool.tool(),
      callTool: (calls) => {
        within.push(trace.getActiveSpan()?.spanContext().spanId)
        return tool.callTool(calls)
      },
    }
    await context.with(trace.setSpan(context.active(), outer), () =>
      models.generateContent({ ...request, config: { tools: [seeing] } }),
    )
    outer.end()
    const chat = `  CLIENT generate_content ${model}`
    const add = '  INTERNAL execute_tool add'
    expect(spanTree(test.takeSpans())).toBe(['INTERNAL outer', chat, add, add, chat].join('\n'))
    // Neither of the two is the one that works.
    expect(within).toEqual([outer.spanContext().spanId])
  })

  it.each(GENERATIONS)('has one span for a tool of MCP: $name', async ({ open, format }) => {
    server.answer(json(piece([call('look', { id: 'x' })], 'STOP')), json(TEXT))
    await using desk = await open(test, { transport: 'memory' })
    const library = await test.load('@google/genai', { major: 'current', format })
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { mcpToTool } = library as unknown as typeof GoogleModule
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the two generations of the client differ in types only
    const tool = mcpToTool(mcpClientOf(desk) as unknown as Parameters<typeof mcpToTool>[0])
    await newClient(library).models.generateContent({ ...request, config: { tools: [tool] } })
    const calls = test
      .takeSpans()
      .filter(({ kind }) => kind !== SpanKind.SERVER)
      .filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'execute_tool')
    expect(calls.map(({ name }) => name)).toEqual(['tools/call look'])
  })

  it('names Vertex AI, its tiers and its modalities', async () => {
    const usageMetadata = {
      promptTokenCount: 100,
      toolUsePromptTokenCount: 20,
      candidatesTokenCount: 30,
      thoughtsTokenCount: 5,
      cachedContentTokenCount: 40,
      trafficType: 'ON_DEMAND_FLEX',
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 60 },
        { modality: 'IMAGE', tokenCount: 30 },
        { modality: 'AUDIO', tokenCount: 10 },
      ],
      toolUsePromptTokensDetails: [{ modality: 'TEXT', tokenCount: 20 }],
      cacheTokensDetails: [{ modality: 'TEXT', tokenCount: 40 }],
      candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 30 }],
    }
    server.answer(json({ ...TEXT, usageMetadata }))
    const { models } = await client({ vertexai: true, apiKey: 'key', httpOptions: { baseUrl: server.url } })
    await models.generateContent(request)
    expect(test.takeSpans()[0]?.attributes).toMatchObject({
      'gen_ai.provider.name': 'gcp.vertex_ai',
      'gen_ai.usage.input_tokens': 120,
      'gen_ai.usage.output_tokens': 35,
      'gen_ai.usage.reasoning.output_tokens': 5,
      'gen_ai.usage.cache_read.input_tokens': 40,
      'gen_ai.usage.text.input_tokens': 80,
      'gen_ai.usage.image.input_tokens': 30,
      'gen_ai.usage.audio.input_tokens': 10,
      'gen_ai.usage.text.cache_read.input_tokens': 40,
      'gen_ai.usage.text.output_tokens': 5,
      'gen_ai.usage.image.output_tokens': 30,
      'spanwarden.service_tier': 'flex',
    })
  })

  it('marks what was not counted, with an estimate', async () => {
    server.answer(json({ ...TEXT, usageMetadata: undefined }), streamOf(PIECES.slice(0, 2)))
    const { models } = await client()
    await models.generateContent({ model, contents: 'y'.repeat(400) })
    await all(models.generateContentStream(request))
    const marks = test
      .takeSpans()
      .map(({ attributes }) =>
        Object.fromEntries(Object.entries(attributes).filter(([key]) => key.startsWith('spanwarden.usage'))),
      )
    expect(marks).toEqual([
      {
        'spanwarden.usage.source': 'unknown',
        'spanwarden.usage.estimate.input_tokens': 100,
        'spanwarden.usage.estimate.output_tokens': 2,
      },
      { 'spanwarden.usage.source': 'partial', 'spanwarden.usage.estimate.output_tokens': 2 },
    ])
  })

  it('has no content on any span when nobody asked for it', async () => {
    const canary = 'canary-77aa'
    const broken = { tool: new Adder().tool, callTool: () => Promise.reject(new Error(canary)) }
    server.answer(
      json(piece([call('add', { a: canary })], 'STOP')),
      json({ error: { code: 400, message: canary, status: 'INVALID_ARGUMENT' } }, 400),
      json({ ...INTERACTION, steps: [{ type: 'model_output', content: [{ type: 'text', text: canary }] }] }),
    )
    const { models, interactions } = await client()
    const config = { systemInstruction: canary, tools: [broken] }
    await rejection(models.generateContent({ model, contents: canary, config }))
    await rejection(models.generateContent({ model, contents: canary }))
    await interactions.create({ model, input: canary, system_instruction: canary })
    const spans = test.takeSpans()
    expect(spans.map(spanLine)).toEqual([
      PLAIN,
      'execute_tool add [] Error',
      `generate_content ${model} [] INVALID_ARGUMENT 400`,
      INTERACTED,
    ])
    const told = spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))
    expect(JSON.stringify(told)).not.toContain(canary)
    expect(test.faults).toEqual([])
  })

  it('has every attribute of a request and an answer, content when asked', async () => {
    server.answer(
      json(piece([{ text: 'hm', thought: true }, { text: 'Hello' }, call('add', { a: 1 }, 'fc_1')], 'STOP')),
    )
    test.sdk.captureContent = true
    const { models } = await client()
    await models.generateContent({
      model,
      contents: [
        { role: 'user', parts: [{ text: 'hi' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }] },
        { role: 'model', parts: [{ functionCall: { name: 'add', args: {} } }] },
        { role: 'user', parts: [{ functionResponse: { name: 'add', response: { output: 3 } } }] },
      ],
      config: {
        systemInstruction: 'Be kind.',
        temperature: 0.5,
        topP: 0.9,
        topK: 5,
        seed: 7,
        maxOutputTokens: 64,
        stopSequences: ['END'],
        frequencyPenalty: 0.1,
        presencePenalty: 0.2,
        responseMimeType: 'application/json',
        tools: [{ functionDeclarations: [{ name: 'add', description: 'adds' }] }, { googleSearch: {} }],
      },
    })
    test.sdk.captureContent = false
    const [span] = test.takeSpans()
    expect(span?.kind).toBe(SpanKind.CLIENT)
    expect(span?.attributes).toEqual({
      'gen_ai.operation.name': 'generate_content',
      'gen_ai.provider.name': 'gcp.gemini',
      'gen_ai.request.model': model,
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.top_p': 0.9,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.seed': 7,
      'gen_ai.request.max_tokens': 64,
      'gen_ai.request.stop_sequences': ['END'],
      'gen_ai.request.frequency_penalty': 0.1,
      'gen_ai.request.presence_penalty': 0.2,
      'gen_ai.output.type': 'json',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(server.url).port),
      'gen_ai.system_instructions': '[{"type":"text","content":"Be kind."}]',
      'gen_ai.tool.definitions':
        '[{"type":"function","name":"add","description":"adds"},{"type":"googleSearch","name":"googleSearch"}]',
      'gen_ai.input.messages':
        '[{"role":"user","parts":[{"type":"text","content":"hi"},{"type":"blob","modality":"image","mime_type":"image/png","content":"[3 bytes left out, sha256 709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c]"}]},' +
        '{"role":"assistant","parts":[{"type":"tool_call","name":"add","arguments":{}}]},' +
        '{"role":"user","parts":[{"type":"tool_call_response","id":"add","response":{"output":3}}]}]',
      'gen_ai.output.messages':
        '[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"Hello"},{"type":"tool_call","id":"fc_1","name":"add","arguments":{"a":1}}],"finish_reason":"STOP"}]',
      'gen_ai.response.id': 'resp_1',
      'gen_ai.response.model': model,
      'gen_ai.response.finish_reasons': ['STOP'],
      'gen_ai.usage.input_tokens': 120,
      'gen_ai.usage.output_tokens': 60,
      'gen_ai.usage.cache_read.input_tokens': 40,
      'gen_ai.usage.reasoning.output_tokens': 25,
      // 80 × 0.30 + 40 × 0.03 + 60 × 2.50 dollars for a million tokens
      'spanwarden.cost.amount': 0.0001752,
      'spanwarden.cost.currency': 'USD',
      'spanwarden.cost.source': 'local',
      'spanwarden.price_table.version': expect.any(String),
    })
  })
})

/** What `mcpToTool` asks of a client. */
const mcpClientOf = (desk: { client: object; callTool: (params: { name: string }) => Promise<unknown> }): object =>
  Object.assign(Object.create(desk.client), {
    listTools: () => Promise.resolve({ tools: [{ name: 'look', inputSchema: { type: 'object' } }] }),
    callTool: (params: { name: string }) => desk.callTool(params),
  })
