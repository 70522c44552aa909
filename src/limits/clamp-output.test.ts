import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { priceBoundOf } from '../sdk/prices.ts'
import { callBound } from './call-bound.ts'
import { limitRequest, readModelRequest } from './call-bound/model-request.ts'
import { CLAMPED_OUTPUT_TOKENS_MIN, clampOutput, leastOutput } from './clamp-output.ts'

const options = { priceBoundOf, atMs: Date.parse('2026-11-21'), outputTokensDefault: 8_192 }
const chat = { path: '/v1/chat/completions', provider: 'openai' }
const messages = { path: '/v1/messages', provider: 'anthropic' }
const ask = { messages: [{ role: 'user', content: 'Hello' }] }

const requests = fc.oneof(
  fc.record({
    target: fc.constant(chat),
    body: fc.record(
      {
        model: fc.constant('gpt-4o-mini'),
        max_tokens: fc.integer({ min: 1, max: 9_000 }),
        n: fc.integer({ min: 1, max: 3 }),
      },
      { requiredKeys: ['model'] },
    ),
  }),
  fc.record({
    target: fc.constant(messages),
    body: fc.record(
      {
        model: fc.constant('claude-haiku-4-5'),
        max_tokens: fc.integer({ min: 3_000, max: 9_000 }),
        thinking: fc.record({ budget_tokens: fc.integer({ min: 1_024, max: 2_900 }) }),
      },
      { requiredKeys: ['model', 'max_tokens'] },
    ),
  }),
)

test('the longest answer that fits, never shorter than of use, and never one more than was asked for', () => {
  fc.assert(
    fc.property(requests, fc.nat(30_000_000), ({ target, body }, nanoUsd) => {
      const request = readModelRequest(target, { ...body, ...ask })
      const whole = callBound(request, options)
      const asked = request?.maxOutputTokens ?? 8_192
      const least = leastOutput(request, options)
      const clamped = clampOutput(request, options, nanoUsd)
      const floor = CLAMPED_OUTPUT_TOKENS_MIN + (request?.thinkingTokens ?? 0)
      expect(least === undefined).toBe(asked <= floor)
      expect(clamped === undefined).toBe(least === undefined || least.bound.nanoUsd > nanoUsd)
      if (clamped === undefined || !whole.isKnown) return
      const { bound, outputTokens } = clamped
      expect(outputTokens).toBeGreaterThanOrEqual(floor)
      expect(bound.nanoUsd).toBeLessThanOrEqual(nanoUsd)
      if (outputTokens === asked) return
      const longer = callBound(request, { ...options, outputTokensMax: outputTokens + 1 })
      expect(longer.isKnown && longer.nanoUsd > nanoUsd).toBe(true)
      // What is sent says so, and has the bound that it was held for.
      const sent = readModelRequest(target, limitRequest(target, { ...body, ...ask }, bound.limits ?? {}))
      expect(sent?.maxOutputTokens).toBe(outputTokens)
      expect(callBound(sent, options)).toMatchObject({ outputTokens: bound.outputTokens })
    }),
  )
})

test('what has no output of tokens, or is not known, is not shortened', () => {
  const embeddings = readModelRequest(
    { path: '/v1/embeddings', provider: 'openai' },
    { model: 'text-embedding-3-small', input: 'x' },
  )
  for (const request of [undefined, embeddings, readModelRequest(chat, { model: 'nobody-knows', ...ask })]) {
    expect(leastOutput(request, options)).toBeUndefined()
    expect(clampOutput(request, options, Number.MAX_SAFE_INTEGER)).toBeUndefined()
  }
})
