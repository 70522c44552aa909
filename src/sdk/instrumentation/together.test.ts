import { afterAll, beforeAll } from 'vitest'
import type OpenAI from 'openai'
import { describeShapes } from '../../../test/support/describe-shapes.ts'
import { BUILDS } from '../../../test/support/hooked.ts'
import { startTestSdk } from '../../../test/support/instrumented.ts'
import { collect, json, sse, startModelServer } from '../../../test/support/model-server.ts'
import { CHUNKS, chatShapes, request } from '../../../test/support/openai-shapes.ts'
import { together } from './together.ts'
import type Together from 'together-ai'
import type * as TogetherModule from 'together-ai'
import type { ModelServer } from '../../../test/support/model-server.ts'
import type { Shape } from '../../../test/support/openai-shapes.ts'

const test = startTestSdk()
let server: ModelServer

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

const USAGE = { prompt_tokens: 120, completion_tokens: 60, total_tokens: 180, cached_tokens: 40 }

const own: Readonly<Record<string, Shape<Together>>> = {
  'cached tokens in a stream': {
    feature: 'chat stream',
    answers: [sse([...CHUNKS.slice(0, 3), { ...CHUNKS[3], usage: USAGE }])],
    use: async (client) => collect(await client.chat.completions.create({ ...request, stream: true })),
    spans: ['chat gpt-4o-mini 120/60 cached 40 [stop] first chunk'],
  },
  'stream()': {
    feature: 'stream helpers',
    answers: [sse(CHUNKS)],
    use: async (client) => client.chat.completions.stream(request).finalChatCompletion(),
    spans: ['chat gpt-4o-mini 120/60 cached 40 reasoning 25 [stop] first chunk'],
  },
  'completions.create()': {
    feature: 'completions',
    answers: [json({ id: 'c', model: 'm', choices: [{ index: 0, text: 'x', finish_reason: 'eos' }], usage: USAGE })],
    use: async (client) => client.completions.create({ model: 'm', prompt: 'hi' }),
    spans: ['text_completion m 120/60 cached 40 [eos]'],
  },
  'embeddings.create()': {
    feature: 'embeddings',
    answers: [json({ object: 'list', model: 'm', data: [], usage: { prompt_tokens: 5, total_tokens: 5 } })],
    use: async (client) => client.embeddings.create({ model: 'm', input: 'hi' }),
    spans: ['embeddings m 5/- []'],
  },
  'images.generate()': {
    feature: 'images',
    answers: [json({ id: 'i', model: 'flux', data: [{ index: 0, url: 'https://example.com/a.png' }] })],
    use: async (client) => client.images.generate({ model: 'flux', prompt: 'hi' }),
    spans: ['generate_content flux []'],
  },
  'rerank.create()': {
    feature: 'rerank',
    answers: [
      json({ id: 'r', object: 'rerank', model: 'm', results: [], usage: { ...USAGE, cached_tokens: undefined } }),
    ],
    use: async (client) => client.rerank.create({ model: 'm', query: 'q', documents: ['a', 'b'], top_n: 1 }),
    spans: ['rerank m 120/60 []'],
  },
  'audio.speech.create()': {
    feature: 'audio',
    answers: [{ headers: { 'content-type': 'audio/mpeg' }, writes: ['sound'] }],
    use: async (client) => {
      const response = await client.audio.speech.create({ model: 'cartesia', voice: 'v', input: 'hi' })
      return Buffer.from(await response.arrayBuffer()).toString()
    },
    spans: ['generate_content cartesia []'],
  },
}

for (const build of BUILDS.filter(({ major }) => major === 'current')) {
  const clientOf = (library: Record<string, unknown>, { url }: ModelServer): Together => {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { default: Client } = library as unknown as typeof TogetherModule
    return new Client({ apiKey: 'key', baseURL: `${url}/v1`, maxRetries: 0 })
  }
  const shapes: Record<string, Shape<Together>> = { ...own }
  for (const [name, shape] of Object.entries(chatShapes)) {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- two clients of one make
    shapes[name] = { ...shape, use: (client, to) => shape.use(client as unknown as OpenAI, to) }
  }
  describeShapes<Together>({
    title: `together-ai 0 ${build.format}`,
    build,
    instrumentation: together,
    files: ['chat/completions', 'completions', 'embeddings', 'images', 'rerank', 'audio/speech'].map(
      (file) => `resources/${file}`,
    ),
    shapes,
    test,
    server: () => server,
    client: clientOf,
  })
}
