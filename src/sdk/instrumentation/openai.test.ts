import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import OpenAI, { AzureOpenAI } from 'openai'
import type * as OpenAiModule from 'openai'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { startTestSdk } from '../../../test/support/instrumented.ts'
import {
  CHUNKS,
  TOOL_CALL,
  completion,
  failure,
  rejection,
  request,
  shapes,
} from '../../../test/support/openai-shapes.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { collect, json, sse, startModelServer } from '../../../test/support/model-server.ts'
import { describeShapes } from '../../../test/support/describe-shapes.ts'
import { BUILDS } from '../../../test/support/hooked.ts'
import { openai } from './openai.ts'
import type { ModelServer } from '../../../test/support/model-server.ts'

const test = startTestSdk()
let server: ModelServer

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

/** Files that every major has. */
const PATCHED = [
  'client',
  'lib/AbstractChatCompletionRunner',
  'resources/audio/speech',
  'resources/audio/transcriptions',
  'resources/audio/translations',
  'resources/chat/completions/completions',
  'resources/completions',
  'resources/embeddings',
  'resources/images',
  'resources/moderations',
  'resources/responses/responses',
]

for (const build of BUILDS) {
  describeShapes<OpenAI>({
    title: `openai ${build.major === 'current' ? 7 : 6} ${build.format}`,
    build,
    instrumentation: openai,
    files: PATCHED,
    shapes,
    test,
    server: () => server,
    client: (library, { url }) => {
      // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
      const { OpenAI: Client } = library as unknown as typeof OpenAiModule
      return new Client({ apiKey: 'key', baseURL: `${url}/v1`, maxRetries: 0 })
    },
  })
}

describe('openai', () => {
  it('reports a rejection that nobody handles exactly once, as the client does', async () => {
    server.answer(json(failure, 404))
    const listeners = process.rawListeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    const reasons: unknown[] = []
    const client = new OpenAI({ apiKey: 'key', baseURL: `${server.url}/v1`, maxRetries: 0 })
    try {
      const reported = new Promise<void>((resolve) => {
        process.on('unhandledRejection', (reason) => {
          reasons.push(reason)
          if (reasons.length === 2) resolve()
        })
      })
      void client.chat.completions.create(request)
      void client.chat.completions.parse(request)
      await reported
      await rejection(client.chat.completions.create(request))
      await rejection(client.chat.completions.parse(request))
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      process.removeAllListeners('unhandledRejection')
      for (const listener of listeners)
        process.on('unhandledRejection', (...args) => Reflect.apply(listener, process, args))
    }
    expect(reasons).toHaveLength(2)
    expect(test.takeSpans()).toHaveLength(4)
  })

  it('ends the span of a stream that nobody reads when it is collected', async () => {
    server.answer(sse(CHUNKS, 'wait'))
    const client = new OpenAI({ apiKey: 'key', baseURL: `${server.url}/v1`, maxRetries: 0 })
    const abandon = async (): Promise<void> => {
      await client.chat.completions.create({ ...request, stream: true })
      await client.chat.completions.create(request).asResponse()
    }
    await abandon()
    const collectGarbage: () => void = (setFlagsFromString('--expose-gc'), runInNewContext('gc'))
    const spans: ReadableSpan[] = []
    while (spans.length < 2) {
      collectGarbage()
      await new Promise((resolve) => setImmediate(resolve))
      spans.push(...test.takeSpans())
    }
    expect(spans.map(spanLine)).toEqual(['chat gpt-4o-mini []', 'chat gpt-4o-mini []'])
    server.cut()
  })

  it('puts no content into a span unless asked, error messages included', async () => {
    const canary = 'CANARY'
    const asked = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: canary }], user: canary }
    const client = new OpenAI({ apiKey: 'key', baseURL: `${server.url}/v1`, maxRetries: 0 })
    const calls = async (): Promise<string> => {
      server.answer(
        completion({ content: canary, tool_calls: [TOOL_CALL] }),
        sse(CHUNKS),
        json({ error: { message: canary } }, 400),
      )
      await client.chat.completions.create(asked)
      await collect(await client.chat.completions.create({ ...asked, stream: true }))
      await rejection(client.chat.completions.create(asked))
      return JSON.stringify(
        test.takeSpans().map(({ name, attributes, status, events }) => ({ name, attributes, status, events })),
      )
    }
    expect(await calls()).not.toContain(canary)
    test.sdk.captureContent = true
    const captured = await calls()
    test.sdk.captureContent = false
    expect(captured.split(canary).length).toBeGreaterThan(4)
  })

  it('names an Azure client, its host and its deployment', async () => {
    server.answer(completion({ content: 'Hello' }))
    const client = new AzureOpenAI({
      apiKey: 'key',
      baseURL: `${server.url}/openai`,
      apiVersion: '2024-10-21',
      deployment: 'mine',
    })
    await client.chat.completions.create(request)
    expect(server.requests.at(-1)?.path).toBe('/openai/deployments/mine/chat/completions?api-version=2024-10-21')
    expect(test.takeSpans().map(({ attributes }) => attributes)).toEqual([
      expect.objectContaining({ 'gen_ai.provider.name': 'azure.ai.openai', 'server.address': '127.0.0.1' }),
    ])
  })

  it('has every attribute of a request and an answer', async () => {
    server.answer(completion({ content: 'Hello' }))
    const client = new OpenAI({ apiKey: 'key', baseURL: 'https://api.openai.com/v1', fetch: server.fetch })
    await client.chat.completions.create({
      ...request,
      temperature: 0.5,
      top_p: 0.9,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      max_completion_tokens: 100,
      stop: ['END'],
      seed: 7,
      n: 2,
      reasoning_effort: 'low',
      service_tier: 'flex',
      response_format: { type: 'json_object' },
    })
    expect(test.takeSpans().map(({ attributes }) => attributes)).toEqual([
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-4o-mini',
        'gen_ai.request.temperature': 0.5,
        'gen_ai.request.top_p': 0.9,
        'gen_ai.request.frequency_penalty': 0.1,
        'gen_ai.request.presence_penalty': 0.2,
        'gen_ai.request.max_tokens': 100,
        'gen_ai.request.stop_sequences': ['END'],
        'gen_ai.request.seed': 7,
        'gen_ai.request.choice.count': 2,
        'gen_ai.request.reasoning.level': 'low',
        'gen_ai.output.type': 'json',
        'openai.api.type': 'chat_completions',
        'openai.request.service_tier': 'flex',
        'openai.response.service_tier': 'default',
        'server.address': 'api.openai.com',
        'server.port': 443,
        'gen_ai.response.id': 'chatcmpl-1',
        'gen_ai.response.model': 'gpt-4o-mini-2024-07-18',
        'gen_ai.response.finish_reasons': ['stop'],
        'gen_ai.usage.input_tokens': 120,
        'gen_ai.usage.output_tokens': 60,
        'gen_ai.usage.cache_read.input_tokens': 40,
        'gen_ai.usage.reasoning.output_tokens': 25,
        // 80 × 0.15 + 40 × 0.075 + 60 × 0.60 dollars for a million tokens
        'spanwarden.cost.amount': 0.000051,
        'spanwarden.cost.currency': 'USD',
        'spanwarden.cost.source': 'local',
        'spanwarden.price_table.version': expect.any(String),
      },
    ])
  })
})
