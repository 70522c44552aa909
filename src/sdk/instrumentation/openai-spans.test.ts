import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { context, trace } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import OpenAI from 'openai'
import type { RunnableToolFunctionWithParse } from 'openai/lib/RunnableFunction'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { instrument, startTestSdk } from '../../../test/support/instrumented.ts'
import { collect, json, sse, startModelServer } from '../../../test/support/model-server.ts'
import { CHUNKS, completion, rejection, request } from '../../../test/support/openai-shapes.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { openai } from './openai.ts'
import type { ModelServer } from '../../../test/support/model-server.ts'

const test = startTestSdk()
let server: ModelServer

beforeAll(async () => {
  server = await startModelServer()
  await instrument(openai, test.sdk)
})
afterAll(() => server.close())
afterEach(() => {
  if (test.faults.length > 0) throw new Error(`faults: ${test.faults.splice(0).map(String).join('; ')}`)
})

const clientOf = (baseURL = `${server.url}/v1`): OpenAI =>
  new OpenAI({ apiKey: 'key', baseURL, maxRetries: 0, fetch: server.fetch })

const CANARY = 'CANARY'
const file = (): File => new File([CANARY], `${CANARY}.wav`)
const lookUp = (result: () => string): RunnableToolFunctionWithParse<object> => ({
  type: 'function',
  function: {
    name: 'look_up',
    description: 'looks up',
    parameters: { type: 'object', properties: {} },
    parse: JSON.parse,
    function: result,
  },
})
const call = { id: 'call_7', type: 'function', function: { name: 'look_up', arguments: `{"q":"${CANARY}"}` } }

/** Every API, with the canary wherever a caller or a provider can put it. */
async function useEverything(client: OpenAI): Promise<void> {
  const messages = [{ role: 'user' as const, content: CANARY }]
  const usage = { input_tokens: 3, output_tokens: 4 }
  const response = { id: 'resp_1', object: 'response', status: 'completed', model: 'm', usage }
  const output = [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: CANARY }] }]
  server.answer(
    completion({ tool_calls: [call] }, 'tool_calls'),
    completion({ content: CANARY }),
    sse(CHUNKS.map((chunk) => ({ ...chunk, choices: [{ index: 0, delta: { content: CANARY } }] }))),
    sse(CHUNKS.map((chunk) => ({ ...chunk, choices: [{ index: 0, delta: { content: CANARY } }] }))),
    json({ ...response, output }),
    sse([
      { type: 'response.output_item.done', item: output[0] },
      { type: 'response.incomplete', response: { ...response, output } },
    ]),
    json({ ...response, output }),
    json({ id: 'c', choices: [{ text: CANARY, finish_reason: 'stop' }] }),
    json({ data: [], model: 'm', usage: { prompt_tokens: 1 } }),
    json({ data: [{ b64_json: CANARY, revised_prompt: CANARY, url: `https://example.com/${CANARY}` }] }),
    json({ id: 'modr-1', model: 'm', results: [] }),
    json({ text: CANARY }),
    { headers: { 'content-type': 'audio/mpeg' }, writes: [CANARY] },
    json({ error: { message: CANARY, code: `sentence with ${CANARY}`, type: 'invalid_request_error' } }, 400),
    json({ error: { message: CANARY } }, 500),
    sse([CHUNKS[0], { error: { message: CANARY, code: 'overloaded' } }]),
  )
  const runner = client.chat.completions.runTools({ model: 'm', messages, tools: [lookUp(() => CANARY)] })
  await runner.done()
  await collect(await client.chat.completions.create({ model: 'm', messages, stream: true, user: CANARY }))
  await (await client.chat.completions.create({ model: 'm', messages, stream: true }).asResponse()).text()
  await client.responses.create({ model: 'm', input: CANARY, instructions: CANARY })
  await collect(await client.responses.create({ model: 'm', input: CANARY, stream: true }))
  await client.responses.retrieve('resp_1')
  await client.completions.create({ model: 'm', prompt: CANARY })
  await client.embeddings.create({ model: 'm', input: CANARY, encoding_format: 'float' })
  await client.images.generate({ model: 'm', prompt: CANARY })
  await client.moderations.create({ model: 'm', input: CANARY })
  await client.audio.transcriptions.create({ model: 'm', file: file(), prompt: CANARY })
  await (await client.audio.speech.create({ model: 'm', voice: 'ash', input: CANARY })).text()
  await rejection(client.chat.completions.create({ model: 'm', messages }))
  await rejection(client.responses.create({ model: 'm', input: CANARY }))
  await rejection(collect(await client.chat.completions.create({ model: 'm', messages, stream: true })))
}

const written = (spans: readonly ReadableSpan[]): string =>
  JSON.stringify(spans.map(({ name, attributes, status, events }) => ({ name, attributes, status, events })))

it('tells no content of any API unless asked', async () => {
  await useEverything(clientOf())
  const silent = test.takeSpans()
  expect(silent).toHaveLength(17)
  expect(written(silent)).not.toContain(CANARY)
  test.sdk.captureContent = true
  await useEverything(clientOf())
  test.sdk.captureContent = false
  const told = test.takeSpans()
  const withCanary = told.filter((span) => written([span]).includes(CANARY)).map(({ name }) => name)
  // The conventions have no place for the texts of embeddings.
  expect(withCanary).toEqual(told.map(({ name }) => name).filter((name) => !name.startsWith('embeddings')))
})

it('puts tools under what surrounds the run, not under the model call that asked for them', async () => {
  server.answer(completion({ tool_calls: [call] }, 'tool_calls'), completion({ content: 'done' }))
  const tracer = trace.getTracer('test')
  let inside: string | undefined
  const tool = lookUp(() => {
    inside = trace.getActiveSpan()?.spanContext().spanId
    return 'found'
  })
  const outer = tracer.startSpan('outer')
  await context.with(trace.setSpan(context.active(), outer), () =>
    clientOf()
      .chat.completions.runTools({ ...request, tools: [tool] })
      .done(),
  )
  outer.end()
  const spans = test.takeSpans()
  const parents = spans.map(({ name, parentSpanContext }) => [name, parentSpanContext?.spanId])
  const { spanId } = outer.spanContext()
  expect(parents).toEqual([
    ['chat gpt-4o-mini', spanId],
    ['execute_tool look_up', spanId],
    ['chat gpt-4o-mini', spanId],
    ['outer', undefined],
  ])
  expect(spans[1]?.spanContext().spanId).toBe(inside)
  expect(spans[1]?.attributes).toEqual({
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'look_up',
    'gen_ai.tool.type': 'function',
    'gen_ai.tool.description': 'looks up',
    'gen_ai.tool.call.id': 'call_7',
  })
})

it('gives the tool the receiver, arguments and name it has', async () => {
  server.answer(completion({ tool_calls: [call] }, 'tool_calls'), completion({ content: 'done' }))
  class Tool {
    readonly #secret = 'private'
    readonly name = 'look_up'
    readonly description = 'looks up'
    readonly parameters = { type: 'object', properties: {} }
    seen: unknown[] = []
    parse(text: string): unknown {
      return { ...JSON.parse(text), secret: this.#secret }
    }
    function(...args: unknown[]): string {
      this.seen = [this.#secret, args[0], args.length]
      return 'found'
    }
  }
  const tool = new Tool()
  // oxlint-disable-next-line typescript/consistent-type-assertions -- a caller's own class
  const tools = [{ type: 'function', function: tool }] as never
  const runner = clientOf().chat.completions.runTools({ ...request, tools })
  await runner.done()
  expect(tool.seen.slice(0, 2)).toEqual(['private', { q: CANARY, secret: 'private' }])
  expect(test.takeSpans()).toHaveLength(3)
})

describe('cost', () => {
  const costOf = async (tier: string | undefined): Promise<number> => {
    server.answer(
      json({
        id: 'c',
        model: 'gpt-5-2025-08-07',
        choices: [],
        usage: { prompt_tokens: 1_000_000, completion_tokens: 0, total_tokens: 1_000_000 },
        ...(tier === undefined ? {} : { service_tier: tier }),
      }),
    )
    await clientOf('https://api.openai.com/v1').chat.completions.create({ model: 'gpt-5', messages: [] })
    return Number(test.takeSpans()[0]?.attributes['spanwarden.cost.amount'])
  }

  it('is that of the tier that answered', async () => {
    const standard = await costOf('default')
    expect(standard).toBeGreaterThan(0)
    expect(await costOf(undefined)).toBe(standard)
    expect(await costOf('flex')).toBe(standard / 2)
    expect(await costOf('priority')).toBeGreaterThan(standard)
  })

  it('counts searches of the web that searched', async () => {
    const output = [
      { type: 'web_search_call', action: { type: 'search', query: 'q' } },
      { type: 'web_search_call', action: { type: 'open_page', url: 'u' } },
      { type: 'file_search_call' },
    ]
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 }
    server.answer(json({ id: 'r', object: 'response', status: 'completed', model: 'gpt-5', output, usage }))
    await clientOf('https://api.openai.com/v1').responses.create({ model: 'gpt-5', input: 'q' })
    expect(test.takeSpans()[0]?.attributes).toMatchObject({
      'spanwarden.usage.web_searches': 1,
      'spanwarden.usage.file_searches': 1,
    })
  })
})

describe('usage that does not come', () => {
  const attributesOf = async (chunks: readonly unknown[], read: number): Promise<unknown> => {
    server.answer(sse(chunks))
    let left = read
    for await (const _ of await clientOf().chat.completions.create({ ...request, stream: true }))
      if (--left === 0) break
    const [span] = test.takeSpans()
    return Object.fromEntries(Object.entries(span?.attributes ?? {}).filter(([key]) => key.includes('usage')))
  }
  const long = { ...CHUNKS[1], choices: [{ index: 0, delta: { content: 'x'.repeat(400) } }] }

  it('is unknown, with an estimate beside it', async () => {
    expect(await attributesOf([CHUNKS[0], long], 9)).toEqual({
      'spanwarden.usage.source': 'unknown',
      'spanwarden.usage.estimate.input_tokens': 2,
      'spanwarden.usage.estimate.output_tokens': 100,
    })
  })

  it('is partial where the counts so far are known', async () => {
    const counted = { ...long, usage: { prompt_tokens: 7, completion_tokens: 90, total_tokens: 97 } }
    expect(await attributesOf([CHUNKS[0], counted, ...CHUNKS.slice(2)], 2)).toMatchObject({
      'gen_ai.usage.input_tokens': 7,
      'gen_ai.usage.output_tokens': 90,
      'spanwarden.usage.source': 'partial',
      'spanwarden.usage.estimate.output_tokens': 100,
    })
  })
})

it('reads a stream once that is taken as a raw response before', async () => {
  server.answer(sse(CHUNKS))
  test.sdk.captureContent = true
  const promise = clientOf().chat.completions.create({ ...request, stream: true })
  await promise.asResponse()
  await collect(await promise)
  test.sdk.captureContent = false
  expect(test.takeSpans().map((span) => span.attributes['gen_ai.output.messages'])).toEqual([
    JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: 'Hello' }], finish_reason: 'stop' }]),
  ])
})

it('keeps calls apart that one client makes at the same time', async () => {
  const fetchOf: typeof fetch = (_input, init) => {
    const asks = String(init?.body).includes('"include_usage":true')
    return Promise.resolve(
      new Response(sse(asks ? CHUNKS : CHUNKS.slice(0, -1)).writes.join(''), {
        headers: { 'content-type': 'text/event-stream' },
      }),
    )
  }
  const client = new OpenAI({ apiKey: 'key', baseURL: 'https://api.openai.com/v1', fetch: fetchOf })
  const body = { ...request, stream: true as const }
  const counts = await Promise.all(
    [undefined, { include_usage: true }, { include_usage: false }, undefined].map(async (options) => {
      const own = options === undefined ? body : { ...body, stream_options: options }
      return (await collect(await client.chat.completions.create(own))).length
    }),
  )
  expect(counts).toEqual([4, 5, 4, 4])
  const outputs = test.takeSpans().map((span) => span.attributes['gen_ai.usage.output_tokens'])
  expect(outputs.filter((tokens) => tokens === 60)).toHaveLength(3)
})

it('ends the span of a raw body that is given up when it is collected', async () => {
  server.answer(sse(CHUNKS, 'wait'))
  const readOne = async (): Promise<void> => {
    const { body } = await clientOf()
      .chat.completions.create({ ...request, stream: true })
      .asResponse()
    await body?.getReader().read()
  }
  await readOne()
  const collectGarbage: () => void = (setFlagsFromString('--expose-gc'), runInNewContext('gc'))
  const spans: ReadableSpan[] = []
  while (spans.length < 1) {
    collectGarbage()
    await new Promise((resolve) => setImmediate(resolve))
    spans.push(...test.takeSpans())
  }
  expect(spans.map(spanLine)).toEqual(['chat gpt-4o-mini [] first chunk'])
  server.cut()
})
