import { beforeAll, afterAll, expect, it } from 'vitest'
import { openai } from '../../src/sdk/instrumentation/openai.ts'
import { BUILDS, startHookedSdk } from '../support/hooked.ts'
import { startModelServer } from '../support/model-server.ts'
import {
  CUTS,
  describeRecordings,
  expectedSummary,
  outcomeOf,
  readExchanges,
  readToEnd,
} from '../support/recordings.ts'
import { describeWithData } from '../support/shared-data.ts'
import type * as OpenAiModule from 'openai'
import type { Build } from '../support/hooked.ts'
import type { ModelServer } from '../support/model-server.ts'
import type { Exchange, Expected } from '../support/recordings.ts'

/** Recorded providers that the client speaks to, with the name that their spans carry. */
const PROVIDERS: Readonly<Record<string, string>> = {
  openai: 'openai',
  'azure-openai': 'azure.ai.openai',
  groq: 'groq',
  deepseek: 'deepseek',
  together: 'together',
  openrouter: 'openrouter',
  xai: 'x_ai',
  perplexity: 'perplexity',
  cerebras: 'cerebras',
  'synthetic/openai': 'openai',
}

const OPERATIONS: Readonly<Record<string, string>> = {
  chat: 'chat',
  responses: 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
}

/** APIs that are not played here, with the number of their recordings. */
const LEFT_OUT: Readonly<Record<string, number>> = { images: 3, moderations: 2 }

/**
 * Recordings whose `expected` is wrong: this answer is whole JSON after padding, not a stream, so `expected` (computed for a stream)
 * saw nothing in it. The values are those of its body.
 */
const CORRECTED: Readonly<Record<string, Partial<Expected>>> = {
  'openrouter/chat-stream-img-gemini-2.5-flash-a11c11': {
    model: 'google/gemini-2.5-flash',
    totals: { inputTokensWithCache: 519, outputTokensWithReasoning: 68 },
    cachedInputTokens: 0,
    cacheCreationInputTokens: 0,
    reasoningTokens: 0,
    finishReasons: ['stop'],
    streamEvents: undefined,
  },
}

describeWithData('recordings', () => {
  const exchanges = readExchanges(Object.keys(PROVIDERS), CORRECTED)
  const recorded = exchanges.filter(({ exchange }) => exchange.meta.api in OPERATIONS)
  const test = startHookedSdk([openai])
  test.sdk.captureContent = true
  let server: ModelServer

  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it('leaves out only APIs that are listed', () => {
    const others = exchanges.filter(({ exchange }) => !(exchange.meta.api in OPERATIONS))
    const counts = Object.fromEntries(
      [...Map.groupBy(others, ({ exchange }) => exchange.meta.api)].map(([api, group]) => [api, group.length]),
    )
    expect(counts).toEqual(LEFT_OUT)
    expect(recorded.length).toBeGreaterThan(170)
  })

  for (const build of BUILDS) {
    describeRecordings({
      title: `openai ${build.major === 'current' ? 7 : 6} ${build.format}`,
      recorded,
      cuts: build.major === 'current' && build.format === 'esm' ? Object.keys(CUTS) : ['as recorded'],
      test,
      play: ({ exchange }, answer) => {
        server.answer(answer)
        return readToEnd(() => call(exchange, build), statusOf)
      },
      expected: (one) =>
        expectedSummary(one, {
          operation: OPERATIONS[one.exchange.meta.api] ?? '',
          provider: PROVIDERS[one.folder] ?? '',
          requestModel: modelOf(one.exchange),
          stream: one.exchange.request.body['stream'] === true,
        }),
      expectedOutcome: outcomeOf,
    })
  }

  /** Makes the recorded call with the real client. What it loads is typed like the current major. */
  async function call({ meta, request }: Exchange, build: Build): Promise<unknown> {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { OpenAI, AzureOpenAI } = (await test.load('openai', build)) as unknown as typeof OpenAiModule
    const url = new URL(request.url)
    const options = { apiKey: 'key', maxRetries: 0, fetch: server.fetch, timeout: 60_000 }
    // A recorded request is whatever was sent: the client's types for it are of no use here.
    const body = JSON.parse(JSON.stringify(request.body))
    const tail = TAILS[meta.api] ?? ''
    const baseURL = url.origin + url.pathname.slice(0, url.pathname.length - tail.length)
    const client =
      meta.provider === 'azure-openai'
        ? new AzureOpenAI({ ...options, baseURL, apiVersion: '2024-10-21' })
        : new OpenAI({ ...options, baseURL })
    switch (meta.api) {
      case 'chat':
        return client.chat.completions.create(body)
      case 'responses':
        return client.responses.create(body)
      case 'embeddings':
        return client.embeddings.create(body)
      default:
        return client.completions.create(body)
    }
  }
})

const TAILS: Readonly<Record<string, string>> = {
  chat: '/chat/completions',
  responses: '/responses',
  embeddings: '/embeddings',
  completions: '/completions',
}

function modelOf({ request }: Exchange): string | undefined {
  const model = request.body['model']
  return typeof model === 'string' ? model : undefined
}

function statusOf(error: unknown): number | undefined {
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined
  return typeof status === 'number' ? status : undefined
}
