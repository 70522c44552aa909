import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeHookedShapes } from '../../../test/support/describe-hooked-shapes.ts'
import { startHookedSdk } from '../../../test/support/hooked.ts'
import { collect, json, startModelServer } from '../../../test/support/model-server.ts'
import { rejection } from '../../../test/support/openai-shapes.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { ollama } from './ollama.ts'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type * as OllamaModule from 'ollama'
import type { Ollama } from 'ollama'
import type { ModelAnswer, ModelServer } from '../../../test/support/model-server.ts'
import type { Shape } from '../../../test/support/openai-shapes.ts'

const test = startHookedSdk([ollama])
let server: ModelServer

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

const HEAD = { model: 'llama3.2', created_at: '2026-01-01T00:00:00Z' }
const COUNTS = { done: true, done_reason: 'stop', total_duration: 9, prompt_eval_count: 12, eval_count: 6 }
const messages = [{ role: 'user', content: 'hi' }]
const request = { model: 'llama3.2', messages }
const prompted = { model: 'llama3.2', prompt: 'hi' }

/** Lines of JSON, as streams are sent. */
const lines = (events: readonly object[], ending: ModelAnswer['ending'] = 'end'): ModelAnswer => ({
  headers: { 'content-type': 'application/x-ndjson' },
  writes: events.map((event) => `${JSON.stringify(event)}\n`),
  ending,
})
const said = (message: object): object => ({ ...HEAD, message: { role: 'assistant', content: '', ...message } })
const DELTAS = [
  { ...said({ content: 'Hel' }), done: false },
  { ...said({ content: 'lo' }), done: false },
]
const CHUNKS = [...DELTAS, { ...said({}), ...COUNTS }]
const PLAIN = 'chat llama3.2 12/6 [stop]'
const TOOL_CALL = { function: { name: 'add', arguments: { a: 1 } } }

const clientFor = (library: Record<string, unknown>, { url }: ModelServer): Ollama => {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
  const { Ollama: Client } = library as unknown as typeof OllamaModule
  return new Client({ host: url })
}

const shapes: Readonly<Record<string, Shape<Ollama>>> = {
  'chat()': {
    feature: 'chat',
    answers: [json({ ...said({ content: 'Hello' }), ...COUNTS })],
    use: (client) => client.chat({ ...request }),
    spans: [PLAIN],
  },
  'an answer without counts or reason': {
    feature: 'chat',
    answers: [json({ ...said({ content: 'Hello' }), done: true })],
    use: (client) => client.chat({ ...request }),
    spans: ['chat llama3.2 []'],
  },
  'tool calls': {
    feature: 'chat',
    answers: [json({ ...said({ tool_calls: [TOOL_CALL, TOOL_CALL] }), ...COUNTS })],
    use: (client) => client.chat({ ...request }),
    spans: [PLAIN],
  },
  'generate()': {
    feature: 'completions',
    answers: [json({ ...HEAD, response: 'Hello', ...COUNTS })],
    use: (client) => client.generate({ ...prompted }),
    spans: ['text_completion llama3.2 12/6 [stop]'],
  },
  'generate() as a stream': {
    feature: 'completions',
    answers: [
      lines([
        { ...HEAD, response: 'Hel' },
        { ...HEAD, response: 'lo', ...COUNTS },
      ]),
    ],
    use: async (client) => collect(await client.generate({ ...prompted, stream: true })),
    spans: ['text_completion llama3.2 12/6 [stop] first chunk'],
  },
  'for await': {
    feature: 'chat stream',
    answers: [lines(CHUNKS)],
    use: async (client) => {
      const stream = await client.chat({ ...request, stream: true })
      return { class: stream.constructor.name, keys: Object.keys(stream), events: await collect(stream) }
    },
    spans: [`${PLAIN} first chunk`],
  },
  'tool calls, each in a chunk of its own': {
    feature: 'chat stream',
    answers: [lines([said({ tool_calls: [TOOL_CALL] }), said({ tool_calls: [TOOL_CALL] }), CHUNKS[2] ?? {}])],
    use: async (client) => collect(await client.chat({ ...request, stream: true })),
    spans: [`${PLAIN} first chunk`],
  },
  'a loop that is left': {
    feature: 'abort',
    answers: [lines(DELTAS, 'wait')],
    use: async (client) => {
      for await (const event of await client.chat({ ...request, stream: true })) return event
      return undefined
    },
    spans: ['chat llama3.2 [error] first chunk'],
  },
  'stream.abort() while it is read': {
    feature: 'abort',
    answers: [lines(DELTAS, 'wait')],
    use: async (client) => {
      const stream = await client.chat({ ...request, stream: true })
      const seen: unknown[] = []
      const read = async (): Promise<void> => {
        for await (const event of stream) {
          seen.push(event)
          if (seen.length === 2) setImmediate(() => stream.abort())
        }
      }
      return [await rejection(read()), seen]
    },
    spans: ['chat llama3.2 [error] AbortError first chunk'],
  },
  'client.abort() of a stream that nobody reads': {
    feature: 'abort',
    answers: [lines(DELTAS, 'wait')],
    use: async (client) => {
      const stream = await client.chat({ ...request, stream: true })
      client.abort()
      return stream.constructor.name
    },
    spans: ['chat llama3.2 []'],
  },
  'a model that is not there': {
    feature: 'errors',
    answers: [json({ error: "model 'x' not found" }, 404)],
    use: (client) => rejection(client.chat({ ...request })),
    spans: ['chat llama3.2 [] 404 404'],
  },
  'an error in a stream': {
    feature: 'errors',
    answers: [lines([...DELTAS, { error: 'out of memory' }])],
    use: async (client) => rejection(collect(await client.chat({ ...request, stream: true }))),
    spans: ['chat llama3.2 [error] Error first chunk'],
  },
  'a stream that ends too early': {
    feature: 'errors',
    answers: [lines(DELTAS)],
    use: async (client) => rejection(collect(await client.chat({ ...request, stream: true }))),
    spans: ['chat llama3.2 [error] Error first chunk'],
  },
  'a network that fails': {
    feature: 'errors',
    answers: [],
    use: (client) => {
      Reflect.set(Reflect.get(client, 'config'), 'host', 'http://127.0.0.1:1')
      return rejection(client.chat({ ...request }))
    },
    spans: ['chat llama3.2 [] TypeError'],
  },
  'embed()': {
    feature: 'embeddings',
    answers: [json({ model: 'nomic', embeddings: [[1]], prompt_eval_count: 3 })],
    use: (client) => client.embed({ model: 'nomic', input: ['hi'], dimensions: 64 }),
    spans: ['embeddings nomic 3/- []'],
  },
  'embeddings()': {
    feature: 'embeddings',
    answers: [json({ embedding: [1] })],
    use: (client) => client.embeddings({ model: 'nomic', prompt: 'hi' }),
    spans: ['embeddings nomic []'],
  },
  'systemone()': {
    feature: 'structured output',
    answers: [json({ model: 'llama3.2', answers: {}, usage: { input_tokens: 3, output_tokens: 1 } })],
    use: (client) => client.systemone({ model: 'llama3.2', state: 'x', questions: {} }),
    spans: ['generate_content llama3.2 3/1 []'],
  },
}

for (const format of ['esm', 'cjs'] as const) {
  describeHookedShapes<Ollama>({
    title: `ollama 0 ${format}`,
    build: { major: 'current', format },
    library: 'ollama',
    shapes,
    test,
    server: () => server,
    client: clientFor,
  })
}

describe('ollama', () => {
  it('observes its ready-made client, and keeps the names and lengths of its methods', async () => {
    const { default: client } = await test.load('ollama')
    const methods = ['chat', 'generate', 'embed', 'embeddings', 'systemone'] as const
    const shown = methods.map((method) => {
      const call: unknown = Reflect.get(Object(client), method)
      return typeof call === 'function' ? `${call.name} ${call.length}` : undefined
    })
    expect(shown).toEqual(methods.map((method) => `${method} 1`))
  })

  it('says what is asked at the start of the span, and estimates what was not counted', async () => {
    const client = clientFor(await test.load('ollama'), server)
    server.answer(lines(DELTAS))
    const options = {
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      num_predict: 10,
      stop: ['x'],
      seed: 7,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
    }
    const asked = { ...request, options, format: 'json', think: 'high' as const, stream: true as const }
    await rejection(collect(await client.chat(asked)))
    expect(test.takeSpans()[0]?.attributes).toMatchObject({
      'gen_ai.provider.name': 'ollama',
      'gen_ai.request.stream': true,
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.top_p': 0.9,
      'gen_ai.request.top_k': 40,
      'gen_ai.request.max_tokens': 10,
      'gen_ai.request.stop_sequences': ['x'],
      'gen_ai.request.seed': 7,
      'gen_ai.request.presence_penalty': 0.1,
      'gen_ai.request.frequency_penalty': 0.2,
      'gen_ai.request.reasoning.level': 'high',
      'gen_ai.output.type': 'json',
      'server.address': '127.0.0.1',
      'spanwarden.usage.source': 'unknown',
      'spanwarden.usage.estimate.input_tokens': 2,
      'spanwarden.usage.estimate.output_tokens': 2,
    })
  })

  it('puts no content into a span unless asked, error messages included', async () => {
    const canary = 'CANARY'
    const client = clientFor(await test.load('ollama'), server)
    const call = { function: { name: 'add', arguments: { x: canary } } }
    const said2 = { content: canary, thinking: canary, tool_calls: [call, call] }
    const asked = [
      { role: 'system', content: canary },
      { role: 'user', content: canary, images: [new Uint8Array(3)] },
      { role: 'assistant', content: '', tool_calls: [call] },
      { role: 'tool', content: canary, tool_name: 'add' },
    ]
    const calls = async (): Promise<ReadableSpan[]> => {
      server.answer(
        json({ ...said(said2), ...COUNTS }),
        json({ error: canary }, 400),
        lines([said({ ...said2, tool_calls: [call] }), said({ tool_calls: [call] }), CHUNKS[2] ?? {}]),
        json({ ...HEAD, response: canary, ...COUNTS }),
      )
      await client.chat({ ...request, messages: structuredClone(asked) })
      await rejection(client.chat({ ...request, messages: structuredClone(asked) }))
      await collect(await client.chat({ ...request, messages: structuredClone(asked), stream: true }))
      await client.generate({ ...prompted, prompt: canary, system: canary })
      return test.takeSpans()
    }
    const written = (spans: readonly ReadableSpan[]): string =>
      JSON.stringify(spans.map(({ name, attributes, events, status }) => [name, attributes, events, status]))
    expect(written(await calls())).not.toContain(canary)
    test.sdk.captureContent = true
    const spans = await calls()
    test.sdk.captureContent = false
    const parts = (index: number, key: string): unknown => JSON.parse(String(spans[index]?.attributes[key]))
    expect(parts(0, 'gen_ai.input.messages')).toEqual([
      { role: 'system', parts: [{ type: 'text', content: canary }] },
      {
        role: 'user',
        parts: [
          { type: 'text', content: canary },
          {
            type: 'blob',
            modality: 'image',
            content: '[3 bytes left out, sha256 709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c]',
          },
        ],
      },
      { role: 'assistant', parts: [{ type: 'tool_call', name: 'add', arguments: { x: canary } }] },
      { role: 'tool', parts: [{ type: 'tool_call_response', response: canary }] },
    ])
    const answered = [
      {
        role: 'assistant',
        finish_reason: 'stop',
        parts: [
          { type: 'reasoning', content: canary },
          { type: 'text', content: canary },
          { type: 'tool_call', name: 'add', arguments: { x: canary } },
          { type: 'tool_call', name: 'add', arguments: { x: canary } },
        ],
      },
    ]
    expect([parts(0, 'gen_ai.output.messages'), parts(2, 'gen_ai.output.messages')]).toEqual([answered, answered])
    expect(parts(3, 'gen_ai.system_instructions')).toEqual([{ type: 'text', content: canary }])
  })

  it('ends the span of a stream that nobody reads when it is collected with its client', async () => {
    const library = await test.load('ollama')
    server.answer(lines(DELTAS, 'wait'))
    await (async () => {
      await clientFor(library, server).chat({ ...request, stream: true })
    })()
    const collectGarbage: () => void = (setFlagsFromString('--expose-gc'), runInNewContext('gc'))
    const spans: ReadableSpan[] = []
    while (spans.length < 1) {
      collectGarbage()
      await new Promise((resolve) => setImmediate(resolve))
      spans.push(...test.takeSpans())
    }
    expect(spans.map(spanLine)).toEqual(['chat llama3.2 []'])
    server.cut()
  })
})
