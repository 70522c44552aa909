import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { observePlainHttp } from '../../src/sdk/instrumentation/plain-http.ts'
import { isModelPath } from '../../src/sdk/instrumentation/plain-http/routes.ts'
import { startTestSdk } from '../support/instrumented.ts'
import { startModelServer } from '../support/model-server.ts'
import { CUTS, answerOf, expectedSummary, readExchanges, spanSummary } from '../support/recordings.ts'
import { describeWithData } from '../support/shared-data.ts'
import { until } from '../support/until.ts'
import type { ModelServer } from '../support/model-server.ts'
import type { Expected, Recorded } from '../support/recordings.ts'

const FOLDERS = [
  'openai',
  'azure-openai',
  'anthropic',
  'google',
  'vertex',
  'mistral',
  'cohere',
  'groq',
  'deepseek',
  'together',
  'openrouter',
  'xai',
  'perplexity',
  'cerebras',
  'huggingface',
  'ollama',
]

/** One answer is whole JSON after padding, where `expected` looked for a stream; an error in a stream does not hide the usage beside it. */
const CORRECTED: Readonly<Record<string, Partial<Expected>>> = {
  'openrouter/chat-stream-img-gemini-2.5-flash-a11c11': {
    model: 'google/gemini-2.5-flash',
    totals: { inputTokensWithCache: 519, outputTokensWithReasoning: 68 },
    cachedInputTokens: 0,
    reasoningTokens: 0,
    finishReasons: ['stop'],
  },
  'openrouter/chat-stream-midstream-error-trunc-minimax-m2-free-e50d09': {
    totals: { inputTokensWithCache: 43, outputTokensWithReasoning: 10 },
    cachedInputTokens: 0,
    reasoningTokens: 11,
  },
}

/** Recorded answers, read with nothing but `fetch`: the tokens, reasons and tools are those that every client would be credited with. */
describeWithData('recordings', () => {
  const recorded = readExchanges(FOLDERS, CORRECTED).filter(({ exchange }) => isModelPath(pathOf(exchange.request.url)))
  const test = startTestSdk()
  test.sdk.captureContent = true
  let server: ModelServer

  beforeAll(async () => {
    server = await startModelServer()
    observePlainHttp(test.sdk, [new URL(server.url).host])
  })
  afterAll(() => server.close())

  it('plays most of them', () => expect(recorded.length).toBeGreaterThan(300))

  describe.each(Object.keys(CUTS))('%s', (name) => {
    it.each(recorded)('$exchange.meta.id', async (one) => {
      const answer = answerOf(one.exchange)
      server.answer(CUTS[name]?.(answer) ?? answer)
      const { url, body } = one.exchange.request
      const response = await fetch(server.url + pathOf(url), { method: 'POST', body: JSON.stringify(body) })
      await response.text()
      const seen: Record<string, unknown>[] = []
      await until(() => {
        seen.push(...test.takeSpans().map(spanSummary))
        return seen.length > 0
      })
      expect(test.faults).toEqual([])
      expect(seen.map(told)).toEqual([told(expectedOf(one))])
    })
  })
})

const pathOf = (url: string): string => new URL(url).pathname + new URL(url).search

function expectedOf(one: Recorded): Record<string, unknown> {
  const summary = expectedSummary(one, { operation: '', provider: '', requestModel: undefined })
  const { blockReason } = one.exchange.expected
  // A prompt that Google refused has no candidate that could tell a reason.
  return blockReason === undefined ? summary : { ...summary, finishReasons: [blockReason] }
}

/** What the bytes tell, whoever reads them. */
const told = ({
  model,
  input,
  output,
  cacheRead,
  reasoning,
  finishReasons,
  toolCalls,
  status,
}: Record<string, unknown>) => ({
  model,
  input,
  output,
  cacheRead,
  reasoning,
  finishReasons,
  toolCalls,
  status,
})
