import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type OpenAI from 'openai'
import type * as OpenAiModule from 'openai'
import { startGuardedSdk } from '../../../test/support/guarded-sdk.ts'
import type { GuardedSdk } from '../../../test/support/guarded-sdk.ts'
import { startModelServer } from '../../../test/support/model-server.ts'
import type { ModelServer } from '../../../test/support/model-server.ts'
import { completion } from '../../../test/support/openai-shapes.ts'
import { until } from '../../../test/support/until.ts'
import { openai } from '../instrumentation/openai.ts'

/* What the caller changes while its call waits for the budget: what is sent is what was held for. */

const CANARY = 'q7-canary-7q'
const PATH = '/v1/chat/completions'
let guarded: GuardedSdk
let server: ModelServer
let client: OpenAI

beforeAll(async () => {
  guarded = await startGuardedSdk([openai])
  server = await startModelServer()
  const { OpenAI } = (await guarded.hooked.load('openai')) as typeof OpenAiModule
  client = new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1` })
})
afterEach(async () => {
  await guarded.reset(CANARY)
  server.requests.length = 0
})
afterAll(async () => {
  await guarded[Symbol.asyncDispose]()
  await server.close()
})

const small = (): { model: string; max_tokens: number; messages: { role: 'user'; content: string }[] } => ({
  model: 'gpt-4o-mini',
  max_tokens: 16,
  messages: [{ role: 'user', content: 'hi' }],
})
const bytesOf = (body: object): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(body))

/** Makes the call, changes what it was given when its hold is asked for, and grants it. Gives the one request that was sent. */
async function sentBy(
  call: () => PromiseLike<unknown>,
  change: () => unknown,
): Promise<ModelServer['requests'][number]> {
  server.answer(completion({ content: 'Hello' }))
  guarded.sidecar.state.answer = () => undefined
  const answered = call()
  const settled = Promise.resolve(answered)
  await until(() => guarded.sidecar.saidOf('hold').length === 1)
  change()
  guarded.sidecar.say({ type: 'answer', id: guarded.sidecar.saidOf('hold')[0]?.id ?? '', isGranted: true })
  await settled
  const [request, ...more] = server.requests
  if (request === undefined || more.length > 0) throw new Error(`${server.requests.length} requests were sent`)
  return request
}

test('a conversation that goes on while a call of it waits', async () => {
  const given = small()
  const request = await sentBy(
    () => client.chat.completions.create(given),
    () => {
      given.max_tokens = 16_000
      given.messages.push({ role: 'user', content: 'x'.repeat(10_000) })
      given.messages[0] = { role: 'user', content: 'y'.repeat(10_000) }
    },
  )
  expect(JSON.parse(request.body)).toEqual(small())
})

test('one that says something else when it is read again', async () => {
  let limit = 16
  const given = {
    ...small(),
    get max_tokens() {
      return limit
    },
  }
  const request = await sentBy(
    () => client.chat.completions.create(given),
    () => (limit = 16_000),
  )
  expect(JSON.parse(request.body)).toEqual(small())
})

test('bytes that are written over, given to the client', async () => {
  const bytes = bytesOf(small())
  const request = await sentBy(
    () => client.post('/chat/completions', { body: bytes, headers: { 'content-type': 'application/json' } }),
    () => void bytes.fill(32),
  )
  expect(JSON.parse(request.body)).toEqual(small())
})

test('fetch: another body, method, header and address in the same objects', async () => {
  const init = { method: 'POST', headers: { 'x-first': '1' }, body: JSON.stringify(small()) }
  const url = new URL(server.url + PATH)
  const request = await sentBy(
    () => fetch(url, init),
    () => {
      Object.assign(init, { method: 'PUT', body: JSON.stringify({ ...small(), max_tokens: 16_000 }) })
      init.headers['x-first'] = '2'
      url.pathname = '/v1/responses'
    },
  )
  expect(JSON.parse(request.body)).toEqual(small())
  expect([request.path, request.headers['x-first']]).toEqual([PATH, '1'])
})

test('fetch: bytes that are written over', async () => {
  const bytes = bytesOf(small())
  const request = await sentBy(
    () => fetch(server.url + PATH, { method: 'POST', body: bytes }),
    () => void bytes.fill(32),
  )
  expect(JSON.parse(request.body)).toEqual(small())
})
