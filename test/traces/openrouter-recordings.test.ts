import { beforeAll, afterAll, expect, it } from 'vitest'
import { openrouter } from '../../src/sdk/instrumentation/openrouter.ts'
import { SpanStatusCode } from '@opentelemetry/api'
import { startHookedSdk } from '../support/hooked.ts'
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
import type * as OpenRouterModule from '@openrouter/sdk'
import type { ModelServer } from '../support/model-server.ts'
import type { Exchange, Expected, Recorded } from '../support/recordings.ts'

/**
 * Recordings whose `expected` is not what this client gets: one answer is whole JSON after padding, not a stream, so `expected` (computed for
 * a stream) saw nothing in it; an error in a stream is an event to this client, so the usage beside it counts.
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
  'openrouter/chat-stream-midstream-error-trunc-minimax-m2-free-e50d09': {
    totals: { inputTokensWithCache: 43, outputTokensWithReasoning: 10 },
    cachedInputTokens: 0,
    reasoningTokens: 11,
    streamEvents: 4,
  },
}

/** Answers that the client's validation refuses; they came with 200, and their tokens are counted. */
const REFUSED: readonly string[] = [
  'openrouter/chat-plain-multi-reasoning-gpt-5-mini-88c5d9#0',
  'openrouter/chat-plain-multi-reasoning-gpt-5-mini-88c5d9#1',
]

describeWithData('recordings', () => {
  const recorded = readExchanges(['openrouter'], CORRECTED)
  const test = startHookedSdk([openrouter])
  test.sdk.captureContent = true
  let server: ModelServer

  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it('leaves out nothing', () => {
    expect(recorded).toHaveLength(22)
  })

  for (const major of ['current', 'previous'] as const) {
    describeRecordings({
      title: `@openrouter/sdk ${major === 'current' ? 1 : 0} esm`,
      recorded,
      cuts: major === 'current' ? Object.keys(CUTS) : ['as recorded'],
      test,
      play: ({ exchange }, answer) => {
        server.answer(answer)
        return readToEnd(() => call(exchange, major), statusOf)
      },
      expected: (one) => ({
        ...expectedSummary(one, {
          operation: 'chat',
          provider: 'openrouter',
          requestModel: String(one.exchange.request.body['model']),
          stream: one.exchange.request.body['stream'] === true,
        }),
        ...(isRefused(one)
          ? { status: SpanStatusCode.ERROR, errorType: 'ResponseValidationError', httpStatus: 200 }
          : {}),
      }),
      expectedOutcome: (one) =>
        isRefused(one)
          ? { status: 200, events: undefined, failed: true }
          : { ...outcomeOf(one), failed: one.exchange.expected.error !== undefined },
    })
  }

  /** Makes the recorded call with the real client. What it loads is typed like the current major. */
  async function call({ meta, request }: Exchange, major: 'current' | 'previous'): Promise<unknown> {
    const loaded = await test.load('@openrouter/sdk', { major, format: 'esm' })
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { OpenRouter, HTTPClient } = loaded as unknown as typeof OpenRouterModule
    const httpClient = new HTTPClient({
      fetcher: async (input, init) => {
        const sent = new Request(input, init)
        const { pathname } = new URL(sent.url)
        return await fetch(server.url + pathname, { method: 'POST', headers: sent.headers, body: await sent.text() })
      },
    })
    const client = new OpenRouter({ apiKey: 'key', httpClient, retryConfig: { strategy: 'none' } })
    const body = JSON.parse(JSON.stringify(camelCased(request.body)))
    if (meta.api === 'chat') return client.chat.send({ chatRequest: body })
    return client.beta.responses.send({ responsesRequest: body })
  }
})

const isRefused = ({ exchange }: Recorded): boolean => REFUSED.includes(exchange.meta.id)

/** The names of the wire as the client wants them; what belongs to the caller (schemas, arguments) stays. */
function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      key === 'parameters' || key === 'schema' ? inner : camelCased(inner),
    ]),
  )
}

function statusOf(error: unknown): number | undefined {
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'statusCode') : undefined
  return typeof status === 'number' ? status : undefined
}
