import { describe, expect, test } from 'vitest'
import { isFreePath } from './free-paths.ts'
import { modelTarget } from './model-target.ts'

describe('a path that costs nothing', () => {
  test.each([
    '/v1/files',
    '/files',
    '/openai/files?api-version=1',
    '/openai/v1/files',
    '/upload/v1beta/files',
    '/v1/files/upload',
    '/v1/uploads/u/parts',
    '/v1/moderations',
    '/v1/chat/moderations',
    '/v1/conversations/c/items',
    '/vector_stores/x/search',
    '/v1/containers/c/files',
    '/api/v1/auth/keys',
    '/oauth2/v4/token',
    '/token',
    '/sts/v1.0/issueToken',
    '/v1/messages/count_tokens?beta=true',
    '/v1/responses/input_tokens',
    '/v1beta/models/gemini-2.5-pro:countTokens',
    '/v1/projects/p/locations/l/publishers/google/models/gemini:countTokens',
    '/model/m/count-tokens',
    '/v1/tokenize',
    '/v1/responses/r/cancel',
    '/v1/messages/batches/b/cancel',
    '/v1beta/batches/b:cancel',
    '/fine_tuning/jobs/j/cancel',
  ])('%s', (path) => {
    expect(isFreePath(path)).toBe(true)
  })
})

describe('a path that is not free for a word in it', () => {
  test.each([
    '/auth/v1/chat/completions',
    '/skills/v1/chat/completions',
    '/files/v1/chat/completions',
    '/v1/files/v1/chat/completions',
    '/openai/deployments/auth/chat/completions?api-version=1',
    '/v1/chat/completions/cancel',
    '/v1/messages/cancel',
    '/v1/responses/cancel',
    '/v1/acc/auth/openai/chat/completions',
    '/auth/chat/completions/',
    '/auth/chat/c%6fmpletions',
    '/auth/Chat/Completions',
    '/v1/containers',
    '/v1/containers/',
    '/containers',
    '/files/v1/batches',
    '/v1/batches',
    '/v1/batches/files',
    '/v1/videos/token',
    '/v1/videos/tokenize',
    '/v1/chat/completions/tokenize',
    '/model/auth/converse',
  ])('%s', (path) => {
    expect(isFreePath(path)).toBe(false)
    expect(modelTarget('POST', `https://api.openai.com${path}`, [])).toMatchObject({ path })
  })
})

test('a host with a dot behind it is the same', () => {
  const path = '/v1/chat/completions'
  expect(modelTarget('POST', `https://api.openai.com.${path}`, [])).toEqual({ path, provider: 'openai', isFree: false })
  expect(modelTarget('POST', `https://generativelanguage.googleapis.com.${path}`, [])?.provider).toBe('gcp.gemini')
  for (const host of ['gateway.internal', 'gateway.internal:8080'])
    expect(modelTarget('POST', 'http://gateway.internal.:8080/v1/batches', [host])).toBeDefined()
  const models = 'https://bedrock-runtime.us-east-1.amazonaws.com./model/m/rerank'
  expect(modelTarget('POST', models, [])).toMatchObject({ provider: 'aws.bedrock' })
  expect(modelTarget('POST', 'https://s3.us-east-1.amazonaws.com./a', [])).toBeUndefined()
})
