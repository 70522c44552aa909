import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { priceBoundOf } from '../pricing/price-bound.ts'
import { priceOf } from '../pricing/price-of.ts'
import { BODY_DEPTH_MAX, contentSizeOf } from './call-bound/content-size.ts'
import { limitRequest, readModelRequest } from './call-bound/model-request.ts'
import { callBound, IMAGE_TOKENS_DEFAULT, OUTPUT_TOKENS_DEFAULT, OVERHEAD_TOKENS } from './call-bound.ts'
import type { CallBoundOptions } from './call-bound.ts'

const NOW = Date.UTC(2026, 10, 21, 12)
const OPTIONS: CallBoundOptions = { priceBoundOf, atMs: NOW }
const CHAT = { path: '/v1/chat/completions', provider: 'openai' }
const MESSAGES = { path: '/v1/messages' }
const RESPONSES = { path: '/v1/responses', provider: 'openai' }
const GEMINI = { path: '/v1beta/models/gemini-2.5-flash:generateContent' }

type Target = Parameters<typeof readModelRequest>[0]
const boundOf = (target: Target, body: object, more: Partial<CallBoundOptions> = {}) =>
  callBound(readModelRequest(target, body), { ...OPTIONS, ...more })
const reasonOf = (...call: Parameters<typeof boundOf>): string => {
  const bound = boundOf(...call)
  return bound.isKnown ? 'known' : bound.reason
}

describe('what a request says', () => {
  const cases: [string, Target, object, object][] = [
    ['chat', CHAT, { model: 'gpt-5', max_tokens: 7, n: 3 }, { maxOutputTokens: 7, choices: 3, format: 'openai.chat' }],
    [
      'both limits',
      CHAT,
      { model: 'm', max_tokens: 7, max_completion_tokens: 9, stream: true },
      { maxOutputTokens: 9, stream: true },
    ],
    [
      'completions of several prompts',
      { path: '/v1/completions' },
      { model: 'm', prompt: ['a', 'b'], n: 2, best_of: 4 },
      { choices: 8, maxOutputTokens: undefined },
    ],
    ['one prompt of tokens', { path: '/v1/completions' }, { model: 'm', prompt: [1, 2, 3] }, { choices: 1 }],
    ['embeddings', { path: '/v1/embeddings' }, { model: 'm', input: 'a' }, { output: 'none' }],
    ['messages', MESSAGES, { model: 'claude', max_tokens: 5, system: 'x' }, { hasInstructions: true, choices: 1 }],
    [
      'gemini',
      { path: '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse' },
      { generationConfig: { maxOutputTokens: 4, candidateCount: 2 } },
      { models: ['gemini-2.5-flash'], maxOutputTokens: 4, choices: 2, stream: true },
    ],
    [
      'converse',
      { path: '/model/us.amazon.nova-lite-v1%3A0/converse' },
      { inferenceConfig: { maxTokens: 6 } },
      { models: ['us.amazon.nova-lite-v1:0'], maxOutputTokens: 6, provider: 'aws.bedrock' },
    ],
    [
      'invoke of llama',
      { path: '/model/meta.llama3-8b-instruct-v1%3A0/invoke' },
      { max_gen_len: 6 },
      { maxOutputTokens: 6 },
    ],
    [
      'invoke of titan',
      { path: '/model/amazon.titan-text-lite-v1/invoke' },
      { textGenerationConfig: { maxTokenCount: 6 } },
      { maxOutputTokens: 6 },
    ],
    ['cohere', { path: '/v2/chat' }, { model: 'command-a', max_tokens: 6 }, { maxOutputTokens: 6, provider: 'cohere' }],
    [
      'ollama without a limit',
      { path: '/api/chat' },
      { model: 'l', options: { num_predict: -1 } },
      { maxOutputTokens: undefined, stream: true },
    ],
    [
      'gemini in snake case',
      GEMINI,
      { generation_config: { max_output_tokens: 4, candidate_count: 8 } },
      { maxOutputTokens: 4, choices: 8 },
    ],
    [
      'gemini in both',
      GEMINI,
      { generation_config: { maxOutputTokens: 4, candidateCount: 8 } },
      { maxOutputTokens: 4, choices: 8 },
    ],
    ['a router', CHAT, { model: 'a/b', models: ['a/b', 'c/d'] }, { models: ['a/b', 'c/d'] }],
    ['a priority', CHAT, { model: 'm', service_tier: 'priority' }, { tiers: ['priority'], mayServe: [] }],
    ['a tier that is left open', CHAT, { model: 'm' }, { tiers: [], mayServe: ['priority', 'fast'] }],
    ['bytes', MESSAGES, new TextEncoder().encode('{"model":"c","max_tokens":5}'), { maxOutputTokens: 5 }],
  ]
  test.each(cases)('%s', (_name, target, body, expected) => {
    expect(readModelRequest(target, body)).toMatchObject(expected)
  })

  test.each([
    ['another path', { path: '/v1/files' }, { model: 'm' }],
    ['no JSON', CHAT, new TextEncoder().encode('{"model"')],
    ['a list', CHAT, [{ model: 'm' }]],
    ['no model', CHAT, { messages: [] }],
    ['a limit that is none', CHAT, { model: 'm', max_tokens: 'many' }],
    ['half a token', CHAT, { model: 'm', max_tokens: 0.5 }],
    ['two limits of one name', GEMINI, { generationConfig: { maxOutputTokens: 1, max_output_tokens: 9_999 } }],
    ['two configurations', GEMINI, { generationConfig: { maxOutputTokens: 1 }, generation_config: {} }],
    ['nested without end', CHAT, { model: 'm', x: JSON.parse('['.repeat(200) + ']'.repeat(200)) }],
  ])('is not known: %s', (_name, target, body) => {
    expect(readModelRequest(target, body)).toBeUndefined()
    expect(callBound(readModelRequest(target, body), OPTIONS)).toEqual({
      isKnown: false,
      code: 'UNKNOWN_PRICE',
      reason: 'request',
    })
  })

  test('media count by the piece, in every way that they are written', () => {
    const data = 'QUJD'.repeat(1_000)
    const blocks = [
      { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } },
      { type: 'input_image', image_url: 'https://example.com/a.png' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data } },
      { inlineData: { mimeType: 'image/png', data } },
      { image: { format: 'png', source: { bytes: new Uint8Array(5_000) } } },
      { type: 'input_audio', input_audio: { data, format: 'wav' } },
      { fileData: { fileUri: 'gs://a/b', mimeType: 'video/mp4' } },
      { type: 'document', source: { type: 'base64', data } },
      { type: 'document', source: { type: 'text', data: 'plain text' } },
      { type: 'tool_use', input: { type: 'image', of: 'a cat' } },
      { images: [data, data] },
      { functionResponse: { response: { type: 'file' }, parts: [{ inlineData: { mimeType: 'image/png', data } }] } },
      { toolResult: { content: [{ json: { type: 'audio' } }, { image: { source: { bytes: data } } }] } },
    ]
    const size = contentSizeOf(blocks)
    expect(size?.media).toEqual({ image: 9, audio: 1, video: 1, file: 1 })
    expect(size?.bytes).toBeLessThan(3_000)
  })

  test('bytes are at least those of what is said, and of JSON where a tool takes or gives it', () => {
    const bytesOf = (text: string): number => new TextEncoder().encode(text).length
    const textsIn = (value: unknown): string[] =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, inner]) => [...(Array.isArray(value) ? [] : [key]), ...textsIn(inner)])
        : [String(value)]
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = contentSizeOf({ text: value })
        const hasMedia = Object.values(text?.media ?? {}).some((pieces) => pieces > 0)
        const said = textsIn(value).reduce((sum, one) => sum + bytesOf(one), 0)
        expect(hasMedia || (text?.bytes ?? 0) >= said).toBe(true)
        expect(contentSizeOf({ parameters: value })?.bytes).toBeGreaterThanOrEqual(bytesOf(JSON.stringify(value)))
      }),
    )
    expect(contentSizeOf('é€😀')?.bytes).toBe(2 + 2 + 3 + 4)
    // One letter is eighteen in NFKC, the form that some tokenizers read; others are less in it.
    expect(contentSizeOf('\ufdfa')?.bytes).toBe(2 + 33)
    expect(contentSizeOf('ｱ')?.bytes).toBe(2 + 3)
    expect(contentSizeOf({ '\ufdfa': 'ａ', parameters: '\ufdfa' })?.bytes).toBeGreaterThan(33 + 3 + 33)
    expect(BODY_DEPTH_MAX).toBeGreaterThan(30)
  })
})

describe('the bound of a call', () => {
  const models = [
    [CHAT, { model: 'gpt-5.4' }, 'max_completion_tokens'],
    [CHAT, { model: 'gpt-4o-mini' }, 'max_completion_tokens'],
    [MESSAGES, { model: 'claude-sonnet-4-5' }, 'max_tokens'],
    [MESSAGES, { model: 'claude-opus-5' }, 'max_tokens'],
    [{ path: '/chat/completions', provider: 'mistral_ai' }, { model: 'mistral-large-latest' }, 'max_tokens'],
  ] as const

  test('is never below what the call costs', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(
        fc.constantFrom(...models),
        fc.string({ maxLength: 5_000, unit: 'binary' }),
        fc.record({ n: fc.integer({ min: 1, max: 3 }), limit: fc.option(fc.nat(20_000)), repeat: fc.nat(100) }),
        fc.tuple(share, share, share, share),
        fc.constantFrom(undefined, 'priority', 'us', 'flex'),
        ([target, named, field], text, { n, limit, repeat }, [input, output, cached, reasoning], serviceTier) => {
          const content = text.repeat(repeat)
          const body = { ...named, n, messages: [{ role: 'user', content }], ...(limit !== null && { [field]: limit }) }
          const bound = boundOf(target, body)
          // A byte of what is said is a token at most; how JSON escapes it is not seen by the model.
          const most = new TextEncoder().encode(content).length + OVERHEAD_TOKENS
          const inputTokens = Math.floor(most * input)
          const choices = target === MESSAGES ? 1 : n
          const outputTokens = Math.floor((limit ?? OUTPUT_TOKENS_DEFAULT) * choices * output)
          const price = priceOf({
            provider: 'provider' in target ? target.provider : 'anthropic',
            model: named.model,
            timestampMs: NOW,
            inputTokens,
            outputTokens,
            cacheReadTokens: Math.floor(inputTokens * cached),
            cacheWriteTokens: Math.floor(inputTokens * (1 - cached)),
            reasoningTokens: Math.floor(outputTokens * reasoning),
            serviceTier,
          })
          expect(bound.isKnown && bound.nanoUsd >= (price?.nanoAmount ?? 0)).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('a limit is put in, or lowered, where the format has it', () => {
    const limited = (target: Target, body: object, more: Partial<CallBoundOptions> = {}): unknown => {
      const bound = boundOf(target, body, more)
      return bound.isKnown && bound.limits ? limitRequest(target, body, bound.limits) : bound
    }
    const kept = { model: 'gpt-5', messages: [] }
    expect(limited(CHAT, kept)).toEqual({ ...kept, max_completion_tokens: 8_192 })
    expect(kept).toEqual({ model: 'gpt-5', messages: [] })
    expect(limited({ ...CHAT, provider: 'groq' }, { model: 'llama-3.3-70b-versatile' })).toMatchObject({
      max_tokens: 8_192,
    })
    expect(limited(CHAT, { model: 'gpt-3.5-turbo' })).toMatchObject({ max_completion_tokens: 4_096 })
    expect(limited(CHAT, { model: 'gpt-5', max_tokens: 99 }, { outputTokensMax: 50 })).toEqual({
      model: 'gpt-5',
      max_tokens: 50,
    })
    expect(limited(CHAT, { model: 'gpt-5', max_tokens: 99 })).toMatchObject({ isKnown: true, outputTokens: 99 })
    expect(limited(GEMINI, { generationConfig: { temperature: 0 } })).toEqual({
      generationConfig: { temperature: 0, maxOutputTokens: 8_192 },
    })
    expect(limited(GEMINI, { generation_config: { temperature: 0 } })).toEqual({
      generation_config: { temperature: 0, maxOutputTokens: 8_192 },
    })
    const snakes = { generation_config: { candidate_count: 8, max_output_tokens: 65_536 } }
    expect(limited(GEMINI, snakes, { outputTokensMax: 50 })).toEqual({
      generation_config: { candidate_count: 8, max_output_tokens: 50 },
    })
    const search = { model: 'claude-sonnet-5', max_tokens: 9, tools: [{ type: 'web_search_20250305', name: 'w' }] }
    expect(limited(MESSAGES, search)).toEqual({ ...search, tools: [{ ...search.tools[0], max_uses: 5 }] })
    const tools = [{ type: 'web_search' }]
    expect(limited(RESPONSES, { model: 'gpt-5', tools, max_output_tokens: 9 })).toMatchObject({ max_tool_calls: 5 })
  })

  test.each<[string, Target, object, string]>([
    ['an unknown model', CHAT, { model: 'no-such-model' }, 'price'],
    ['a tier without a price', CHAT, { model: 'gpt-4.1-nano', service_tier: 'priority' }, 'price'],
    ['a picture to be made', { path: '/v1/images/generations' }, { model: 'gpt-image-1', prompt: 'a' }, 'output'],
    ['a file', CHAT, { model: 'gpt-5', messages: [{ content: [{ type: 'file', file: { file_id: 'f' } }] }] }, 'media'],
    ['what is stored', RESPONSES, { model: 'gpt-5', previous_response_id: 'r' }, 'stored_input'],
    ['a cache', GEMINI, { cachedContent: 'cachedContents/a' }, 'stored_input'],
    ['searches without end', GEMINI, { tools: [{ google_search: {} }] }, 'server_tools'],
    [
      'a tool nobody knows',
      MESSAGES,
      { model: 'claude-opus-5', tools: [{ type: 'x_1', max_uses: 1 }] },
      'server_tools',
    ],
    ['research', RESPONSES, { model: 'o3-deep-research' }, 'open_ended'],
    ['one of several models', CHAT, { model: 'gpt-5', models: ['no-such-model'] }, 'price'],
    [
      'a picture in',
      CHAT,
      { model: 'gpt-5', messages: [{ content: [{ type: 'image_url', image_url: 'u' }] }] },
      'known',
    ],
    [
      'tools of the caller',
      MESSAGES,
      { model: 'claude-opus-5', tools: [{ name: 'a' }, { type: 'bash_20250124' }] },
      'known',
    ],
  ])('%s', (_name, target, body, reason) => {
    expect(reasonOf(target, body)).toBe(reason)
  })

  test('what a person says makes it known', () => {
    const image = { model: 'gpt-image-1', prompt: 'a' }
    const said = { callMax: () => 200_000_000 }
    expect(boundOf({ path: '/v1/images/generations' }, image, said)).toMatchObject({ nanoUsd: 200_000_000 })
    const file = { model: 'gpt-5', messages: [{ content: [{ type: 'file', file: { file_id: 'f' } }] }] }
    expect(boundOf(CHAT, file, { mediaTokens: { file: 1_000 } })).toMatchObject({ isKnown: true })
    const stored = { model: 'gpt-5', previous_response_id: 'r' }
    expect(boundOf(RESPONSES, stored, { inputTokensMax: () => 272_000 })).toMatchObject({ inputTokens: 272_000 })
  })

  test('a picture adds its tokens, each use of a tool asks the model once more', () => {
    const plain = boundOf(MESSAGES, { model: 'claude-opus-5', max_tokens: 100 })
    const seen = boundOf(MESSAGES, {
      model: 'claude-opus-5',
      max_tokens: 100,
      messages: [{ content: [{ type: 'image', source: { type: 'url', url: 'u' } }] }],
    })
    const tools = [{ type: 'web_search_20250305', name: 'web_search', max_uses: 2 }]
    const searched = boundOf(MESSAGES, { model: 'claude-opus-5', max_tokens: 100, tools })
    const inputOf = (bound: typeof plain): number => (bound.isKnown ? bound.inputTokens : Number.NaN)
    expect(inputOf(seen) - inputOf(plain)).toBeGreaterThanOrEqual(IMAGE_TOKENS_DEFAULT)
    expect(inputOf(searched)).toBeGreaterThan(3 * inputOf(plain) + 3 * 32_768)
    expect(searched).toMatchObject({ outputTokens: 300, limits: undefined })
  })
})
