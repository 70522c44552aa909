import { describe, expect, test } from 'vitest'
import { findModel } from './price-table.ts'

const sonnet45 = ['anthropic', 'claude-sonnet-4-5'] as const
const vertex45 = ['gcp.vertex_ai', 'claude-sonnet-4-5'] as const
const flash = ['gcp.gemini', 'gemini-2.5-flash'] as const
const mini = ['openai', 'gpt-4o-mini'] as const

describe('a model is found', () => {
  test.each([
    ['a date at the end', 'openai', 'gpt-4o-mini-2024-07-18', mini],
    ['a date without dashes', 'openai', 'gpt-4o-mini-20240718', mini],
    ['a date of Anthropic', 'anthropic', 'claude-sonnet-4-5-20250929', sonnet45],
    ['a date of Vertex AI', 'gcp.vertex_ai', 'claude-sonnet-4-5@20250929', vertex45],
    ['Azure: the response names the model', 'azure.ai.openai', 'gpt-4o-mini-2024-07-18', mini],
    ['Azure’s own spelling', 'azure.ai.openai', 'gpt-35-turbo', ['azure', 'gpt-35-turbo']],
    ['Gemini: models/', 'gcp.gemini', 'models/gemini-2.5-flash', flash],
    ['Vertex AI: publishers/', 'gcp.vertex_ai', 'publishers/google/models/gemini-2.5-flash', flash],
    [
      'Vertex AI: the whole resource',
      'gcp.vertex_ai',
      'projects/p/locations/l/publishers/google/models/gemini-2.5-flash',
      flash,
    ],
    ['Vertex AI: Anthropic', 'gcp.vertex_ai', 'publishers/anthropic/models/claude-sonnet-4-5', vertex45],
    ['a gateway’s prefix and no provider', undefined, 'openai/gpt-4o-mini', mini],
    ['the provider’s own prefix', 'openai', 'openai/gpt-4o-mini', mini],
    ['Google’s prefix', 'gcp.vertex_ai', 'google/gemini-2.5-flash', flash],
    ['no provider at all', undefined, 'gemini-2.5-flash', flash],
    ['a provider without a name', ' ', 'gemini-2.5-flash', flash],
  ])('%s: %s %s', (_what, provider, model, [likeProvider, likeModel]) => {
    expect(findModel(provider, model)?.list).toEqual(findModel(likeProvider, likeModel)?.list)
    expect(findModel(provider, model)).toBeDefined()
  })

  test.each([
    ['openai/gpt-4o-mini', 'openrouter'],
    ['anthropic/claude-sonnet-4.5', 'openrouter'],
    ['openai/gpt-oss-120b', 'groq'],
    ['meta-llama/Llama-3.3-70B-Instruct-Turbo', 'together'],
    ['meta-llama/Llama-3.3-70B-Instruct:groq', 'huggingface'],
  ])('%s at the prices of %s', (model, provider) => {
    expect(findModel(provider, model)?.provider).toMatch(new RegExp(`^${provider}`))
  })
})

/** Input price in USD per million at Bedrock: a region's own prices are a tenth above the global ones. */
test.each([
  ['anthropic.claude-sonnet-4-5-20250929-v1:0', 3.3],
  ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 3.3],
  ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 3.3],
  ['jp.anthropic.claude-sonnet-4-5-20250929-v1:0', 3.3],
  ['global.anthropic.claude-sonnet-4-5-20250929-v1:0', 3],
  ['arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0', 3.3],
  ['arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0', 0.25],
  ['us.amazon.nova-pro-v1:0', 0.8],
  ['apac.amazon.nova-pro-v1:0', 0.8],
  ['arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl', undefined],
])('Bedrock %s costs %s', (model, usd) => {
  const price = findModel('aws.bedrock', model)?.list[0]?.prices[0]
  expect(price).toBe(usd === undefined ? undefined : usd * 1e6)
})

describe('a fine-tuned model', () => {
  test('has its own price where the table knows it', () => {
    expect(findModel('openai', 'ft:gpt-4o-mini-2024-07-18:acme::abc')?.list[0]?.prices[0]).toBe(300_000)
  })
  test('has none where it does not: never that of its base', () => {
    expect(findModel('openai', 'ft:gpt-4.1-mini-2025-04-14:acme:x:abc')).toBeUndefined()
    expect(findModel('gcp.gemini', 'tunedModels/my-model-1234')).toBeUndefined()
  })
})

test.each([
  ['openai', 'meta-llama/gpt-4o-mini'],
  ['openai', 'anthropic/claude-sonnet-4-5'],
  ['groq', 'openai/gpt-4o-mini'],
  [undefined, 'acme/gpt-4o-mini'],
  ['huggingface', 'meta-llama/Llama-3.3-70B-Instruct'],
  ['huggingface', 'meta-llama/Llama-3.3-70B-Instruct:acme'],
  ['ollama', 'gpt-oss:20b'],
])('%s %s is nobody’s', (provider, model) => {
  expect(findModel(provider, model)).toBeUndefined()
})
