import { request as httpRequest } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type * as AnthropicModule from '@anthropic-ai/sdk'
import type * as OpenAiModule from 'openai'
import { rejectionOf, startGuardedSdk } from '../../../test/support/guarded-sdk.ts'
import type { GuardedSdk } from '../../../test/support/guarded-sdk.ts'
import { json, startModelServer } from '../../../test/support/model-server.ts'
import type { ModelServer } from '../../../test/support/model-server.ts'
import { until } from '../../../test/support/until.ts'
import { anthropic } from '../instrumentation/anthropic.ts'
import { openai } from '../instrumentation/openai.ts'
import { StoppedError } from './denial-error.ts'

const CANARY = 'q9-canary-9q'
/** The parts of undici that the tests use; it is there for other packages. */
interface Undici {
  readonly request: (url: string, options: object) => Promise<{ readonly body: AsyncIterable<unknown> }>
}

let guarded: GuardedSdk
let server: ModelServer
let undici: Undici
let gpt: OpenAiModule.OpenAI
let claude: AnthropicModule.Anthropic

beforeAll(async () => {
  guarded = await startGuardedSdk([openai, anthropic])
  server = await startModelServer()
  const name: string = 'undici'
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
  undici = (await import(name)) as Undici
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the same
  const { OpenAI } = (await guarded.hooked.load('openai')) as unknown as typeof OpenAiModule
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the same
  const { Anthropic } = (await guarded.hooked.load('@anthropic-ai/sdk')) as unknown as typeof AnthropicModule
  gpt = new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1` })
  claude = new Anthropic({ apiKey: 'k', baseURL: server.url })
})
afterEach(async () => {
  await guarded.reset(CANARY)
  server.requests.length = 0
})
afterAll(async () => {
  await guarded[Symbol.asyncDispose]()
  await server.close()
})

const send = (path: string, method: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest(server.url + path, { method }, (answer) => answer.resume().on('end', () => resolve(null)))
    sent.on('error', reject).end(method === 'POST' ? CANARY : undefined)
  })
const readWhole = async (path: string): Promise<void> => {
  const { body } = await undici.request(server.url + path, { method: 'GET' })
  for await (const _ of body) continue
}

const WAYS: readonly (readonly [what: string, call: () => Promise<unknown>])[] = [
  ['fetch, the list of models', async () => (await fetch(`${server.url}/v1/models`)).text()],
  ['fetch, a file', async () => (await fetch(`${server.url}/v1/files`, { method: 'POST', body: CANARY })).text()],
  ['node:http, the list of models', () => send('/v1/models', 'GET')],
  ['node:http, a count of tokens', () => send('/v1/messages/count_tokens', 'POST')],
  ['undici, the list of models', () => readWhole('/v1/models')],
  ['openai, the list of models', async () => await gpt.models.list()],
  ['openai, a file that goes', async () => await gpt.files.delete('f')],
  [
    '@anthropic-ai/sdk, a count of tokens',
    async () => await claude.messages.countTokens({ model: 'm', messages: [{ role: 'user', content: CANARY }] }),
  ],
]

describe.each(WAYS)('what costs nothing: %s', (_, call) => {
  test('passes where a budget is set and nothing is left of it, and not when the agent is stopped', async () => {
    guarded.sidecar.state.answer = () => ({ code: 'BUDGET_EXHAUSTED', rule: 'daily', message: 'spent' })
    server.answer(json({ data: [], input_tokens: 1 }))
    await call()
    expect(server.requests).toHaveLength(1)
    await until(() => guarded.started.guard.underWay.size === 0)
    expect(guarded.sidecar.saidOf('hold')).toEqual([])
    guarded.stop('s1')
    await guarded.stopped('s1')
    expect(await rejectionOf(call)).toBeInstanceOf(StoppedError)
    expect(server.requests).toHaveLength(1)
    await guarded.resume()
  })

  test('is cut by a stop', async () => {
    server.answer({ writes: [], ending: 'wait' })
    const under = call().catch((error: unknown) => error)
    await until(() => server.requests.length === 1)
    guarded.stop('s1')
    expect(await guarded.stopped('s1')).toBe(1)
    expect(await under).toBeInstanceOf(Error)
    expect(server.requests).toHaveLength(1)
    await guarded.resume()
  })
})

test('what costs nothing is neither a call that has ended nor one that has failed', async () => {
  guarded.started.guard.underWay.takeEnded()
  server.answer(json({}))
  await send('/v1/models', 'GET')
  await until(() => guarded.started.guard.underWay.size === 0)
  expect(guarded.started.guard.underWay.takeEnded()).toEqual({ ended: 0, failed: 0 })
})
