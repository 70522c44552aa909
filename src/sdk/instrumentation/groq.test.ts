import { afterAll, beforeAll, expect, it } from 'vitest'
import type OpenAI from 'openai'
import { describeShapes } from '../../../test/support/describe-shapes.ts'
import { BUILDS, loadBuild } from '../../../test/support/hooked.ts'
import { startTestSdk } from '../../../test/support/instrumented.ts'
import { collect, json, sse, startModelServer } from '../../../test/support/model-server.ts'
import { CHUNKS, chatShapes, completion, request } from '../../../test/support/openai-shapes.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { groq } from './groq.ts'
import type { Build } from '../../../test/support/hooked.ts'
import type * as GroqModule from 'groq-sdk'
import type { ModelServer } from '../../../test/support/model-server.ts'
import type { Shape } from '../../../test/support/openai-shapes.ts'

const test = startTestSdk()
let server: ModelServer

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

const USAGE = { queue_time: 0.1, prompt_tokens: 120, completion_tokens: 60, total_tokens: 180 }

/** The client has the shape of openai's, as far as these go. */
const shapes: Readonly<Record<string, Shape>> = {
  ...chatShapes,
  'the usage of a stream in x_groq': {
    feature: 'chat stream',
    answers: [sse([...CHUNKS.slice(0, 3), { ...CHUNKS[3], x_groq: { id: 'req_1', usage: USAGE } }])],
    use: async (client) =>
      collect(await client.chat.completions.create({ model: 'llama', messages: [], stream: true })),
    spans: ['chat llama 120/60 [stop] first chunk'],
  },
  'embeddings.create()': {
    feature: 'embeddings',
    answers: [json({ object: 'list', model: 'nomic', data: [], usage: { prompt_tokens: 5, total_tokens: 5 } })],
    use: async (client) => client.embeddings.create({ model: 'nomic', input: 'hi' }),
    spans: ['embeddings nomic 5/- []'],
  },
  'audio.speech.create()': {
    feature: 'audio',
    answers: [{ headers: { 'content-type': 'audio/wav' }, writes: ['sound'] }],
    use: async (client) => {
      const response = await client.audio.speech.create({ model: 'playai-tts', voice: 'ash', input: 'hi' })
      return Buffer.from(await response.arrayBuffer()).toString()
    },
    spans: ['generate_content playai-tts []'],
  },
  'audio.transcriptions.create()': {
    feature: 'audio',
    answers: [json({ text: 'hello', x_groq: { id: 'req_1' } })],
    use: async (client) =>
      client.audio.transcriptions.create({ model: 'whisper-large-v3', file: new File(['x'], 'a.wav') }),
    spans: ['generate_content whisper-large-v3 []'],
  },
}

/** groq-sdk 0 brings node-fetch, whose streams are not the platform's; it takes the platform's `fetch` as well. */
const platformFetch: typeof fetch = (url, init) => fetch(url, Object.assign({ duplex: 'half' }, init))

async function loadGroq(build: Build): Promise<typeof GroqModule> {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
  return (await loadBuild('groq-sdk', build)) as unknown as typeof GroqModule
}

for (const build of BUILDS) {
  describeShapes<OpenAI>({
    title: `groq-sdk ${build.major === 'current' ? 1 : 0} ${build.format}`,
    build,
    instrumentation: groq,
    files: ['chat/completions', 'embeddings', 'audio/speech', 'audio/transcriptions', 'audio/translations'].map(
      (file) => `resources/${file}`,
    ),
    shapes,
    test,
    server: () => server,
    client: (library, { url }) => {
      // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
      const { default: Groq } = library as unknown as typeof GroqModule
      // oxlint-disable-next-line typescript/consistent-type-assertions -- two clients of one make
      return new Groq({ apiKey: 'key', baseURL: url, maxRetries: 0, fetch: platformFetch }) as unknown as OpenAI
    },
  })
}

it('of groq-sdk 0 with its own node-fetch: answers and streams are read, a raw response is let go', async () => {
  const { default: Groq } = await loadGroq({ major: 'previous', format: 'cjs' })
  const client = new Groq({ apiKey: 'key', baseURL: server.url, maxRetries: 0 })
  server.answer(completion({ content: 'Hello' }), sse(CHUNKS), completion({ content: 'Hello' }))
  await client.chat.completions.create(request)
  expect(await collect(await client.chat.completions.create({ ...request, stream: true }))).toHaveLength(5)
  expect(await (await client.chat.completions.create(request).asResponse()).json()).toMatchObject({ id: 'chatcmpl-1' })
  expect(test.takeSpans().map(spanLine)).toEqual([
    'chat gpt-4o-mini 120/60 cached 40 reasoning 25 [stop]',
    'chat gpt-4o-mini 120/60 cached 40 reasoning 25 [stop] first chunk',
    'chat gpt-4o-mini []',
  ])
  expect(test.faults).toEqual([])
})

it('names Groq behind any host', async () => {
  const { default: Groq } = await import('groq-sdk')
  server.answer(json({ id: 'chatcmpl-1', model: 'llama', choices: [], service_tier: 'on_demand', usage: USAGE }))
  await new Groq({ apiKey: 'key', baseURL: server.url }).chat.completions.create({ model: 'llama', messages: [] })
  expect(test.takeSpans().map(({ attributes }) => attributes)).toEqual([
    expect.objectContaining({ 'gen_ai.provider.name': 'groq', 'server.address': '127.0.0.1' }),
  ])
})
