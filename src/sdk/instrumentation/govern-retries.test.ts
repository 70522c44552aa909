import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { context } from '@opentelemetry/api'
import type * as AnthropicModule from '@anthropic-ai/sdk'
import type * as GroqModule from 'groq-sdk'
import type * as OpenAiModule from 'openai'
import { startHookedSdk } from '../../../test/support/hooked.ts'
import type { HookedSdk } from '../../../test/support/hooked.ts'
import { json, startModelServer } from '../../../test/support/model-server.ts'
import type { ModelServer } from '../../../test/support/model-server.ts'
import { completion, request } from '../../../test/support/openai-shapes.ts'
import { until } from '../../../test/support/until.ts'
import { withAmbient } from '../context.ts'
import { runTool } from '../tool.ts'
import { setRuntime } from '../runtime.ts'
import { retry } from '../retry.ts'
import { anthropic } from './anthropic.ts'
import { groq } from './groq.ts'
import { openai } from './openai.ts'

const BUDGET = Symbol.for('spanwarden.retry-budget')
const RUNTIME = Symbol.for('spanwarden.sdk')
const FAILED = json({ error: { message: 'later' } }, 503)
const soon = { 'retry-after-ms': '1' }
const later = { ...FAILED, headers: { ...FAILED.headers, ...soon } }
const asked = { model: 'claude-haiku-4-5', max_tokens: 64, messages: [{ role: 'user' as const, content: 'Hi' }] }

let server: ModelServer
let hooked: HookedSdk
let calls: Record<
  'openai' | 'anthropic' | 'groq',
  (options?: { maxRetries?: number; signal?: AbortSignal }) => PromiseLike<unknown>
>

beforeAll(async () => {
  server = await startModelServer()
  hooked = startHookedSdk([openai, anthropic, groq])
  const { OpenAI } = (await hooked.load('openai')) as typeof OpenAiModule
  const { Anthropic } = (await hooked.load('@anthropic-ai/sdk')) as typeof AnthropicModule
  const { Groq } = (await hooked.load('groq-sdk')) as typeof GroqModule
  const clients = {
    openai: new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1` }),
    anthropic: new Anthropic({ apiKey: 'k', baseURL: server.url }),
    groq: new Groq({ apiKey: 'k', baseURL: server.url }),
  }
  calls = {
    openai: (options) => clients.openai.chat.completions.create(request, options),
    anthropic: (options) => clients.anthropic.messages.create(asked, options),
    groq: (options) => clients.groq.chat.completions.create(asked, options),
  }
  const within = {
    retrying: ({ state, call }: { state: object; call: () => unknown }) =>
      context.with(withAmbient(context.active(), { retrying: state as never }), call),
  }
  setRuntime({ contract: 1, ...within } as never)
})
beforeEach(() => void Reflect.deleteProperty(globalThis, BUDGET))
afterEach(() => {
  server.requests.length = 0
  hooked.takeSpans()
  Reflect.deleteProperty(hooked.sdk, 'guard')
  if (hooked.faults.length > 0) throw new Error('the instrumentation has failed', { cause: hooked.faults.at(-1) })
})
afterAll(async () => {
  Reflect.deleteProperty(globalThis, RUNTIME)
  Reflect.deleteProperty(globalThis, BUDGET)
  await server.close()
})

const govern = (attemptsMax = 4): boolean =>
  Reflect.set(hooked.sdk, 'guard', { guard: { rules: { retries: { mode: 'govern', attemptsMax } } } })
const failure = async (call: () => PromiseLike<unknown>): Promise<{ status?: number; name: string }> => {
  try {
    await call()
  } catch (error) {
    return error as { status?: number; name: string }
  }
  throw new Error('it did not fail')
}

describe.each(['openai', 'anthropic', 'groq'] as const)('%s', (name) => {
  test('by itself the library repeats, and the span says how often', async () => {
    server.answer(later, later, later)
    expect((await failure(() => calls[name]())).status).toBe(503)
    expect(server.requests).toHaveLength(3)
    expect(hooked.takeSpans()[0]?.attributes['spanwarden.call.attempts']).toBe(3)
  })

  test('inside of retry() it does not: one layer', async () => {
    server.answer(later, later, later)
    expect((await failure(() => retry(() => calls[name](), { maxAttempts: 3, baseMs: 1 }))).status).toBe(503)
    expect(server.requests).toHaveLength(3)
    expect(
      hooked
        .takeSpans()
        .map(({ attributes }) => [attributes['spanwarden.call.attempts'], attributes['spanwarden.retry.attempt']]),
    ).toEqual([
      [undefined, undefined],
      [undefined, 2],
      [undefined, 3],
    ])
  })

  test('governed: within the budget of the process, never more often than the client allows, with its own error in the end', async () => {
    govern()
    server.answer(later, later, later)
    expect((await failure(() => calls[name]())).status).toBe(503)
    expect(server.requests.splice(0)).toHaveLength(3)
    expect(hooked.takeSpans()[0]?.attributes['spanwarden.call.attempts']).toBe(3)
    server.answer(later)
    expect((await failure(() => calls[name]({ maxRetries: 0 }))).status).toBe(503)
    expect(server.requests.splice(0)).toHaveLength(1)
    // Of the three repetitions one is left; then there is none.
    server.answer(later, later, later)
    expect((await failure(() => calls[name]())).status).toBe(503)
    expect(server.requests.splice(0)).toHaveLength(2)
    server.answer(later)
    expect((await failure(() => calls[name]())).status).toBe(503)
    expect(server.requests.splice(0)).toHaveLength(1)
  })

  test('governed: what must not be repeated is not, and who aborts in a wait gets the library’s own error', async () => {
    govern()
    server.answer(json({ error: { message: 'no' } }, 400))
    expect((await failure(() => calls[name]())).status).toBe(400)
    expect(server.requests.splice(0)).toHaveLength(1)
    const controller = new AbortController()
    server.answer({ ...FAILED, headers: { ...FAILED.headers, 'retry-after': '30' } })
    const aborted = failure(() => calls[name]({ signal: controller.signal }))
    await until(() => server.requests.length === 1)
    controller.abort()
    expect(String((await aborted).constructor.name)).toBe('APIUserAbortError')
    expect(server.requests).toHaveLength(1)
  })
})

test('a tool that changes something has run: it is not called again', async () => {
  let runs = 0
  const use = (effect: 'read' | 'post'): unknown =>
    runTool(
      hooked.sdk,
      'tool',
      { class: effect },
      async () => {
        runs += 1
        throw Object.assign(new Error('no'), { status: 503 })
      },
      [],
      'async',
    )
  await failure(() => retry(() => use('post'), { baseMs: 1 }))
  expect(runs).toBe(1)
  await failure(() => retry(() => use('post'), { baseMs: 1, idempotencyKey: 'k', maxAttempts: 2 }))
  expect(runs).toBe(3)
  await failure(() => retry(() => use('read'), { baseMs: 1, maxAttempts: 2 }))
  expect(runs).toBe(5)
})

test('a governed call that succeeds says nothing of attempts', async () => {
  govern()
  server.answer(completion({ content: 'Hello' }))
  await calls.openai()
  expect(hooked.takeSpans()[0]?.attributes['spanwarden.call.attempts']).toBeUndefined()
})
