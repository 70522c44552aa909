import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { argumentsHash } from '../support/arguments-hash.ts'
import Anthropic, { APIError as AnthropicError } from '@anthropic-ai/sdk'
import OpenAI, { APIError, AzureOpenAI } from 'openai'
import { anthropic } from '../../src/sdk/instrumentation/anthropic.ts'
import { openai } from '../../src/sdk/instrumentation/openai.ts'
import { instrument, startTestSdk } from '../support/instrumented.ts'
import { cut, startModelServer } from '../support/model-server.ts'
import { describeWithData, sharedData } from '../support/shared-data.ts'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { ModelAnswer, ModelServer } from '../support/model-server.ts'

interface Exchange {
  readonly meta: { readonly provider: string; readonly api: string; readonly stream: boolean; readonly id: string }
  readonly request: { readonly url: string; readonly body: Readonly<Record<string, unknown>> }
  readonly response: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body?: unknown
    readonly chunks?: readonly string[]
  }
  readonly expected: Expected
}

interface Expected {
  readonly model: string | null
  readonly outputTokens: number | null
  readonly cachedInputTokens: number | null
  readonly reasoningTokens: number | null
  readonly cacheCreationInputTokens?: number
  readonly totals?: { readonly inputTokensWithCache: number | null; readonly outputTokensWithReasoning: number | null }
  readonly finishReasons: readonly (string | null)[]
  readonly toolCalls: readonly { readonly name: string; readonly argumentsSha256: string }[]
  readonly streamEvents?: number | undefined
  readonly streamError?: { readonly type?: string; readonly code?: string | number }
  readonly error?: { readonly status: number; readonly type: string | null; readonly code: string | number | null }
}

/** Recorded providers that the two clients speak to, with the name that their spans carry. */
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
  anthropic: 'anthropic',
  'synthetic/openai': 'openai',
  'synthetic/anthropic': 'anthropic',
}

const OPERATIONS: Readonly<Record<string, string>> = {
  chat: 'chat',
  responses: 'chat',
  messages: 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
}

/** APIs of these providers that make no model call of the kinds instrumented here, with the number of their recordings. */
const NOT_INSTRUMENTED: Readonly<Record<string, number>> = { images: 3, moderations: 2, count_tokens: 1 }

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

/** How the same bytes are put on the wire. */
const CUTS: Readonly<Record<string, (answer: ModelAnswer) => ModelAnswer>> = {
  'as recorded': (answer) => answer,
  whole: (answer) => cut(answer, Number.MAX_SAFE_INTEGER),
  'in 5-byte writes': (answer) => cut(answer, 5),
}

describeWithData('recordings', () => {
  const exchanges = Object.keys(PROVIDERS).flatMap(readExchanges)
  const playable = exchanges.filter(({ exchange }) => exchange.meta.api in OPERATIONS)
  const test = startTestSdk()
  let server: ModelServer

  beforeAll(async () => {
    test.sdk.captureContent = true
    // The Anthropic client warns of the models that old recordings name.
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    server = await startModelServer()
    await instrument(openai, test.sdk)
    await instrument(anthropic, test.sdk)
  })
  afterAll(() => server.close())

  it('leaves out only APIs that are listed', () => {
    const others = exchanges.filter(({ exchange }) => !(exchange.meta.api in OPERATIONS))
    const counts = Object.fromEntries(
      [...Map.groupBy(others, ({ exchange }) => exchange.meta.api)].map(([api, group]) => [api, group.length]),
    )
    expect(counts).toEqual(NOT_INSTRUMENTED)
    expect(playable.length).toBeGreaterThan(220)
  })

  for (const [name, cutting] of Object.entries(CUTS)) {
    it.each(playable)(`$exchange.meta.id ${name}`, async ({ folder, exchange }) => {
      server.answer(cutting(answerOf(exchange)))
      const outcome = await play(exchange, server)
      const spans = test.takeSpans()
      expect(test.faults).toEqual([])
      expect(spans.map((span) => span.name)).toEqual([
        [OPERATIONS[exchange.meta.api], exchange.request.body['model']].filter((word) => word !== undefined).join(' '),
      ])
      expect(spans.map((span) => summary(span))).toEqual([expectedSummary(folder, exchange)])
      expect(outcome).toEqual({
        status: exchange.expected.error?.status,
        events: exchange.expected.streamEvents,
        failed: exchange.expected.error !== undefined || exchange.expected.streamError !== undefined,
      })
    })
  }
})

function readExchanges(folder: string): { folder: string; exchange: Exchange }[] {
  const path = sharedData('recordings', folder)
  // A skipped suite is collected too.
  if (!existsSync(path)) return []
  return readdirSync(path)
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) => {
      const recorded: Exchange | Exchange[] = JSON.parse(readFileSync(`${path}/${file}`, 'utf8'))
      return [recorded].flat().map((exchange) => {
        const expected = { ...exchange.expected, ...CORRECTED[exchange.meta.id] }
        return { folder, exchange: { ...exchange, expected } }
      })
    })
}

function answerOf({ response }: Exchange): ModelAnswer {
  const { body, chunks, headers, status } = response
  const writes = chunks ?? [typeof body === 'string' ? body : JSON.stringify(body)]
  const type = headers['content-type'] ?? (chunks === undefined ? 'application/json' : 'text/event-stream')
  return { status, headers: { 'content-type': type }, writes }
}

interface Outcome {
  readonly status: number | undefined
  readonly events: number | undefined
  readonly failed: boolean
}

/** Makes the recorded call with the real client and reads its answer to the end. */
async function play(exchange: Exchange, server: ModelServer): Promise<Outcome> {
  let events: number | undefined
  try {
    const answer: unknown = await callOf(exchange, server)
    if (typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer) {
      events = 0
      // oxlint-disable-next-line typescript/consistent-type-assertions -- the client's types know no common stream
      for await (const _ of answer as AsyncIterable<unknown>) events += 1
    }
    return { status: undefined, events, failed: false }
  } catch (error) {
    const status = error instanceof APIError || error instanceof AnthropicError ? error.status : undefined
    return { status, events, failed: true }
  }
}

function callOf({ meta, request }: Exchange, server: ModelServer): PromiseLike<unknown> {
  const url = new URL(request.url)
  const options = { apiKey: 'key', maxRetries: 0, fetch: server.fetch, timeout: 60_000 }
  // A recorded request is whatever was sent: the clients' types for it are of no use here.
  const body = JSON.parse(JSON.stringify(request.body))
  if (meta.api === 'messages') {
    return new Anthropic({ ...options, baseURL: url.origin }).messages.create(body)
  }
  const tail = {
    chat: '/chat/completions',
    responses: '/responses',
    embeddings: '/embeddings',
    completions: '/completions',
  }[meta.api]
  const baseURL = url.origin + url.pathname.slice(0, url.pathname.length - (tail?.length ?? 0))
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

const summary = (span: ReadableSpan): Record<string, unknown> => ({
  kind: span.kind,
  operation: span.attributes['gen_ai.operation.name'],
  provider: span.attributes['gen_ai.provider.name'],
  address: span.attributes['server.address'],
  port: span.attributes['server.port'],
  stream: span.attributes['gen_ai.request.stream'],
  firstChunk: typeof span.attributes['gen_ai.response.time_to_first_chunk'],
  model: span.attributes['gen_ai.response.model'],
  input: span.attributes['gen_ai.usage.input_tokens'],
  output: span.attributes['gen_ai.usage.output_tokens'],
  cacheRead: span.attributes['gen_ai.usage.cache_read.input_tokens'],
  cacheWrite: span.attributes['gen_ai.usage.cache_write.input_tokens'],
  reasoning: span.attributes['gen_ai.usage.reasoning.output_tokens'],
  finishReasons: span.attributes['gen_ai.response.finish_reasons'] ?? [],
  toolCalls: toolCallsOf(span.attributes['gen_ai.output.messages']),
  status: span.status.code,
  errorType: span.attributes['error.type'],
  httpStatus: span.attributes['http.response.status_code'],
})

function expectedSummary(folder: string, { meta, request, expected }: Exchange): Record<string, unknown> {
  const { error, streamError } = expected
  const failed = error !== undefined || streamError !== undefined
  return {
    kind: SpanKind.CLIENT,
    operation: OPERATIONS[meta.api],
    provider: PROVIDERS[folder],
    address: new URL(request.url).hostname,
    port: 443,
    stream: request.body['stream'] === true ? true : undefined,
    firstChunk: (expected.streamEvents ?? 0) > 0 ? 'number' : 'undefined',
    model: expected.model ?? undefined,
    input: expected.totals?.inputTokensWithCache ?? undefined,
    output: expected.totals?.outputTokensWithReasoning ?? undefined,
    cacheRead: expected.cachedInputTokens ?? undefined,
    cacheWrite: expected.cacheCreationInputTokens,
    reasoning: expected.reasoningTokens ?? undefined,
    finishReasons: expected.finishReasons.map((reason) => reason ?? 'error'),
    toolCalls: expected.toolCalls,
    status: failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET,
    errorType: failed ? errorType({ ...error, ...streamError }) : undefined,
    httpStatus: error?.status,
  }
}

/** The provider's code if it is a word, else its type, else the HTTP status. */
function errorType({ code, type, status }: { code?: unknown; type?: unknown; status?: number }): string {
  if (typeof code === 'string') return code
  return typeof type === 'string' ? type : String(status ?? code)
}

function toolCallsOf(content: unknown): { name: unknown; argumentsSha256: string }[] {
  if (typeof content !== 'string') return []
  const messages: { parts: { type: string; name?: string; arguments?: unknown }[] }[] = JSON.parse(content)
  return messages
    .flatMap((message) => message.parts)
    .filter((part) => part.type === 'tool_call')
    .map((part) => ({ name: part.name, argumentsSha256: argumentsHash(part.arguments) }))
}
