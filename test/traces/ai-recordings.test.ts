import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ai } from '../../src/sdk/instrumentation/ai.ts'
import { BUILDS, startHookedSdk } from '../support/hooked.ts'
import { startModelServer } from '../support/model-server.ts'
import { CUTS, answerOf, readExchanges } from '../support/recordings.ts'
import { describeWithData } from '../support/shared-data.ts'
import type * as AnthropicProviderModule from '@ai-sdk/anthropic'
import type * as OpenAiProviderModule from '@ai-sdk/openai'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type * as AiModule from 'ai'
import type { Build } from '../support/hooked.ts'
import type { ModelServer } from '../support/model-server.ts'
import type { Recorded } from '../support/recordings.ts'

/** Recorded providers with the wire formats of the two provider packages, and the name that their spans carry. */
const PROVIDERS: Readonly<Record<string, string>> = {
  openai: 'openai',
  'synthetic/openai': 'openai',
  groq: 'groq',
  deepseek: 'deepseek',
  together: 'together',
  xai: 'x_ai',
  perplexity: 'perplexity',
  cerebras: 'cerebras',
  anthropic: 'anthropic',
  'synthetic/anthropic': 'anthropic',
}

const OPERATIONS: Readonly<Record<string, string>> = {
  chat: 'chat',
  responses: 'chat',
  completions: 'text_completion',
  messages: 'chat',
}

/** Not played, with the number of their recordings: embeddings were recorded as base64, for which the provider package does not ask. */
const LEFT_OUT: Readonly<Record<string, number>> = { embeddings: 4, images: 3, moderations: 2, count_tokens: 1 }

/**
 * The provider package keeps these counts to itself: Groq's stream has its usage in a field of its own, and what Anthropic had counted
 * when a stream broke off is not passed on. Unknown, and marked so.
 */
const UNKNOWN_USAGE: readonly string[] = [
  'groq/chat-stream-text-llama3-8b-8192-0b2bd9',
  'anthropic/messages-stream-midstream-overloaded',
]

interface ClientOptions {
  readonly apiKey: string
  readonly baseURL: string
  readonly fetch: typeof fetch
}

describeWithData('recordings', () => {
  const exchanges = readExchanges(Object.keys(PROVIDERS))
  const recorded = exchanges.filter(({ exchange }) => exchange.meta.api in OPERATIONS)
  const test = startHookedSdk([ai])
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
    expect(recorded.length).toBeGreaterThan(100)
  })

  for (const build of BUILDS) {
    const first = build.major === 'current' && build.format === 'esm'
    describe(`ai ${build.major === 'current' ? 7 : 6} ${build.format}`, () => {
      // The package for Anthropic is installed for the current major.
      const playable = recorded.filter(({ exchange }) => build.major === 'current' || exchange.meta.api !== 'messages')
      const features = Map.groupBy(playable, ({ exchange: { meta } }) => `${meta.api}${meta.stream ? ' stream' : ''}`)
      for (const [feature, group] of features) {
        describe(`${feature}`, () => {
          for (const name of first ? Object.keys(CUTS) : ['as recorded']) {
            it.each(group)(`$exchange.meta.id ${name}`, async (one) => {
              const answer = answerOf(one.exchange)
              server.answer(CUTS[name]?.(answer) ?? answer)
              await play(one, build)
              const [span, run, ...more] = test.takeSpans()
              expect(run?.name).toBe('invoke_agent')
              expect(more).toEqual([])
              expect(summary(span)).toEqual(expected(one))
              expect(test.faults).toEqual([])
            })
          }
        })
      }
    })
  }

  async function play({ exchange: { meta, request } }: Recorded, build: Build): Promise<void> {
    const url = new URL(request.url)
    const path = url.pathname.replace(/\/(chat\/completions|responses|completions|messages)$/, '')
    const options = { apiKey: 'key', baseURL: url.origin + path, fetch: server.fetch }
    const { sdk, openai, anthropic } = await clients(options, build)
    const id = String(request.body['model'])
    const models: Readonly<Record<string, () => AiModule.LanguageModel>> = {
      chat: () => openai.chat(id),
      responses: () => openai.responses(id),
      completions: () => openai.completion(id),
      messages: () => anthropic(id),
    }
    const model = models[meta.api]?.()
    if (model === undefined) throw new Error(`no model for ${meta.api}`)
    const asked = { model, prompt: 'hi', maxRetries: 0 }
    if (request.body['stream'] === true) {
      await sdk.streamText({ ...asked, onError: () => undefined }).consumeStream({ onError: () => undefined })
    } else await sdk.generateText(asked).catch(() => undefined)
  }

  async function clients(options: ClientOptions, build: Build) {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: modules that are loaded by name
    const sdk = (await test.load('ai', build)) as unknown as typeof AiModule
    // oxlint-disable-next-line typescript/consistent-type-assertions
    const openAi = (await test.load('@ai-sdk/openai', build)) as unknown as typeof OpenAiProviderModule
    // oxlint-disable-next-line typescript/consistent-type-assertions
    const claude = (await test.load('@ai-sdk/anthropic')) as unknown as typeof AnthropicProviderModule
    return { sdk, openai: openAi.createOpenAI(options), anthropic: claude.createAnthropic(options) }
  }
})

/** What the AI SDK shows of a call: the counts, of which it makes zeros where a provider sends none, and the first choice. */
const summary = (span: ReadableSpan | undefined): Record<string, unknown> => ({
  operation: span?.attributes['gen_ai.operation.name'],
  provider: span?.attributes['gen_ai.provider.name'],
  address: span?.attributes['server.address'],
  model: span?.attributes['gen_ai.response.model'],
  input: span?.attributes['gen_ai.usage.input_tokens'],
  output: span?.attributes['gen_ai.usage.output_tokens'],
  cacheRead: span?.attributes['gen_ai.usage.cache_read.input_tokens'] || undefined,
  cacheWrite: span?.attributes['gen_ai.usage.cache_write.input_tokens'] || undefined,
  reasoning: span?.attributes['gen_ai.usage.reasoning.output_tokens'] || undefined,
  failed: span?.attributes['error.type'] !== undefined,
})

function expected({ folder, exchange: { meta, request, expected: truth } }: Recorded): Record<string, unknown> {
  const known = !UNKNOWN_USAGE.some((id) => meta.id.startsWith(id))
  return {
    operation: OPERATIONS[meta.api],
    provider: PROVIDERS[folder],
    address: new URL(request.url).hostname,
    model: truth.model ?? undefined,
    input: known ? (truth.totals?.inputTokensWithCache ?? undefined) : undefined,
    output: known ? (truth.totals?.outputTokensWithReasoning ?? undefined) : undefined,
    cacheRead: truth.cachedInputTokens || undefined,
    cacheWrite: truth.cacheCreationInputTokens || undefined,
    reasoning: truth.reasoningTokens || undefined,
    failed: truth.error !== undefined || truth.streamError !== undefined,
  }
}
