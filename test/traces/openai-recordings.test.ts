import { beforeAll, afterAll, describe, expect, it } from 'vitest'
import { openai } from '../../src/sdk/instrumentation/openai.ts'
import { BUILDS, startHookedSdk } from '../support/hooked.ts'
import { cut, startModelServer } from '../support/model-server.ts'
import {
  CUTS,
  answerOf,
  describeRecordings,
  expectedSummary,
  outcomeOf,
  readExchanges,
  readToEnd,
  spanSummary,
} from '../support/recordings.ts'
import { describeWithData } from '../support/shared-data.ts'
import type * as OpenAiModule from 'openai'
import type { Build } from '../support/hooked.ts'
import type { ModelServer } from '../support/model-server.ts'
import type { Exchange, Expected, Recorded } from '../support/recordings.ts'

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
  ollama: 'ollama',
  huggingface: 'huggingface',
  'synthetic/openai': 'openai',
}

const OPERATIONS: Readonly<Record<string, string>> = {
  chat: 'chat',
  responses: 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
  images: 'generate_content',
  moderations: 'moderation',
  'openai-compat-chat': 'chat',
}

/** Recordings that are not played here: Ollama's own API. */
const LEFT_OUT: Readonly<Record<string, number>> = { 'ollama chat': 6, 'ollama generate': 5, 'ollama embeddings': 1 }

const isPlayed = ({ folder, exchange: { meta } }: Recorded): boolean =>
  meta.api in OPERATIONS && !(`${folder} ${meta.api}` in LEFT_OUT)

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
  const recorded = exchanges.filter(isPlayed)
  const test = startHookedSdk([openai])
  test.sdk.captureContent = true
  let server: ModelServer

  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it('leaves out only APIs that are listed', () => {
    const others = exchanges.filter((one) => !isPlayed(one))
    const counts = Object.fromEntries(
      [...Map.groupBy(others, ({ folder, exchange }) => `${folder} ${exchange.meta.api}`)].map(([api, group]) => [
        api,
        group.length,
      ]),
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
        return readToEnd(async () => call(await clientOf(exchange, build), exchange), statusOf)
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

  describe('streams that the caller reads himself, as raw responses', () => {
    const streams = recorded.filter(({ exchange }) => exchange.response.chunks !== undefined)
    const build = { major: 'current', format: 'esm' } as const

    it.each(streams)('$exchange.meta.id', async (one) => {
      const answer = answerOf(one.exchange)
      const sent = Buffer.concat(answer.writes.map((write) => Buffer.from(write)))
      server.answer(cut(answer, 113))
      const response = await call(await clientOf(one.exchange, build), one.exchange).asResponse()
      expect(Buffer.from(await new Response(response.body).arrayBuffer()).equals(sent)).toBe(true)
      expect(test.faults).toEqual([])
      expect(test.takeSpans().map((span) => spanSummary(span))).toEqual([
        expectedSummary(one, {
          operation: OPERATIONS[one.exchange.meta.api] ?? '',
          provider: PROVIDERS[one.folder] ?? '',
          requestModel: modelOf(one.exchange),
          stream: one.exchange.request.body['stream'] === true,
        }),
      ])
    })
  })

  it.each(BUILDS)('asks the stream of $major $format for its usage', async (build) => {
    const one = recorded.find(
      ({ folder, exchange: { meta, request } }) =>
        folder === 'openai' && meta.api === 'chat' && meta.stream && !('stream_options' in request.body),
    )
    if (one === undefined) throw new Error('no such recording')
    server.answer(answerOf(one.exchange))
    await readToEnd(async () => call(await clientOf(one.exchange, build), one.exchange), statusOf)
    const sent: unknown = JSON.parse(server.requests.at(-1)?.body ?? '{}')
    expect(sent).toEqual({ ...one.exchange.request.body, stream_options: { include_usage: true } })
    expect(test.takeSpans()).toHaveLength(1)
  })

  /** The real client for a recorded call. What it loads is typed like the current major. */
  async function clientOf({ meta, request }: Exchange, build: Build): Promise<OpenAiModule.OpenAI> {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { OpenAI, AzureOpenAI } = (await test.load('openai', build)) as unknown as typeof OpenAiModule
    const url = new URL(request.url)
    const baseURL = url.origin + url.pathname.slice(0, url.pathname.length - tailOf(url).length)
    const options = { apiKey: 'key', maxRetries: 0, fetch: server.fetch, timeout: 60_000, baseURL }
    return meta.provider === 'azure-openai'
      ? new AzureOpenAI({ ...options, apiVersion: '2024-10-21' })
      : new OpenAI(options)
  }
})

/** The recorded call. A recorded request is whatever was sent: the client's types for it are of no use here. */
function call(client: OpenAiModule.OpenAI, { meta, request }: Exchange): OpenAiModule.APIPromise<unknown> {
  const body = JSON.parse(JSON.stringify(request.body))
  switch (meta.api) {
    case 'chat':
    case 'openai-compat-chat':
      return client.chat.completions.create(body)
    case 'responses':
      return client.responses.create(body)
    case 'embeddings':
      return client.embeddings.create(body)
    case 'moderations':
      return client.moderations.create(body)
    case 'images':
      return tailOf(new URL(request.url)) === '/images/edits' ? client.images.edit(body) : client.images.generate(body)
    default:
      return client.completions.create(body)
  }
}

const tailOf = (url: URL): string => TAILS.find((end) => url.pathname.endsWith(end)) ?? ''

const TAILS = [
  '/chat/completions',
  '/responses',
  '/embeddings',
  '/completions',
  '/images/generations',
  '/images/edits',
  '/moderations',
]

function modelOf({ request }: Exchange): string | undefined {
  const model = request.body['model']
  return typeof model === 'string' ? model : undefined
}

function statusOf(error: unknown): number | undefined {
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined
  return typeof status === 'number' ? status : undefined
}
