import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type Anthropic from '@anthropic-ai/sdk'
import type * as AnthropicModule from '@anthropic-ai/sdk'
import type OpenAI from 'openai'
import type * as OpenAiModule from 'openai'
import { FAKE_RULES, startFakeSidecar } from '../../../test/support/fake-sidecar.ts'
import type { FakeSidecar } from '../../../test/support/fake-sidecar.ts'
import { startHookedSdk } from '../../../test/support/hooked.ts'
import type { HookedSdk } from '../../../test/support/hooked.ts'
import { json, namedSse, sse, startModelServer } from '../../../test/support/model-server.ts'
import type { ModelServer } from '../../../test/support/model-server.ts'
import { CHUNKS, completion, request } from '../../../test/support/openai-shapes.ts'
import { until } from '../../../test/support/until.ts'
import { anthropic } from '../instrumentation/anthropic.ts'
import { openai } from '../instrumentation/openai.ts'
import { BudgetExhaustedError, GuardUnavailableError, StoppedError, UnknownPriceError } from './denial-error.ts'
import { startGuard } from './start-guard.ts'
import type { StartedGuard } from './start-guard.ts'

const CANARY = 'q7-canary-7q'
const USAGE = { input_tokens: 80, output_tokens: 60 }
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5-20251001',
  content: [{ type: 'text', text: 'Hello' }],
  stop_reason: 'end_turn',
  usage: USAGE,
}
const asked = { model: 'claude-haiku-4-5', max_tokens: 64, messages: [{ role: 'user' as const, content: CANARY }] }

const LEASE_MS = 1_000
let folder: string
let sidecar: FakeSidecar
let server: ModelServer
let hooked: HookedSdk
let started: StartedGuard
let openAi: OpenAI
let claude: Anthropic
const nativeFetch = globalThis.fetch

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-guard-'))
  sidecar = await startFakeSidecar(join(folder, 'control.sock'))
  sidecar.state.leaseMs = LEASE_MS
  server = await startModelServer()
  hooked = startHookedSdk([openai, anthropic])
  const settings = {
    mode: 'enforce',
    stateFolder: folder,
    endpoint: undefined,
    token: undefined,
    tenant: 't1',
  } as const
  const guard = startGuard(settings, 'tester', ['127.0.0.1'], hooked.sdk.fault)
  if (guard === undefined) throw new Error('no guard was started')
  started = guard
  Reflect.set(hooked.sdk, 'guard', started)
  const { OpenAI } = (await hooked.load('openai')) as typeof OpenAiModule
  openAi = new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1` })
  const { Anthropic } = (await hooked.load('@anthropic-ai/sdk')) as typeof AnthropicModule
  claude = new Anthropic({ apiKey: 'k', baseURL: server.url })
  await until(() => started.guard.hasLease)
})

afterEach(async () => {
  Object.assign(sidecar.state, { mode: 'enforce', leaseMs: LEASE_MS, rules: FAKE_RULES, answer: () => ({}) })
  await stateTold()
  await started.guard.flush(5_000)
  if (JSON.stringify(sidecar.said).includes(CANARY)) throw new Error('content was told to the sidecar')
  sidecar.said.length = 0
  server.requests.length = 0
  hooked.takeSpans()
  if (hooked.faults.length > 0) throw new Error('the instrumentation has failed', { cause: hooked.faults.at(-1) })
})

afterAll(async () => {
  globalThis.fetch = nativeFetch
  started.guard.close()
  await sidecar[Symbol.asyncDispose]()
  await server.close()
  rmSync(folder, { recursive: true })
})

const rejection = async (call: () => PromiseLike<unknown>): Promise<unknown> => {
  try {
    await call()
  } catch (error) {
    return error
  }
  throw new Error('the call was not denied')
}
const ask = (content = CANARY): PromiseLike<unknown> =>
  openAi.chat.completions.create({ ...request, messages: [{ role: 'user', content }] })
const askClaude = (): PromiseLike<unknown> => claude.messages.create(asked)
const resumed = (): Promise<void> =>
  until(() => started.guard.underWay.stopOf({ scopes: { agent: 'tester' } }) === undefined)
/** The state of the sidecar has reached the guard. */
async function stateTold(): Promise<void> {
  sidecar.welcome()
  const { rules, mode } = sidecar.state
  await until(() => isDeepStrictEqual(started.guard.rules, rules) && started.guard.mode === mode)
}
const exhausted = {
  code: 'BUDGET_EXHAUSTED',
  rule: 'daily',
  message: 'the budget daily of the agent is spent',
} as const
const decisions = (): unknown[] =>
  hooked
    .takeSpans()
    .map(({ attributes }) => [attributes['spanwarden.guard.decision'], attributes['spanwarden.guard.rule']])

describe('a call that is allowed', () => {
  test('is held for, limited in what it may write, and settled with what it cost', async () => {
    server.answer(completion({ content: 'Hello' }))
    await ask()
    const [hold] = sidecar.saidOf('hold')
    expect(hold).toMatchObject({ scopes: { agent: 'tester', tenant: 't1' }, model: 'gpt-4o-mini' })
    expect(JSON.parse(server.requests[0]?.body ?? '')).toMatchObject({ max_completion_tokens: 500 })
    await until(() => sidecar.saidOf('settle').length === 1)
    const [settle] = sidecar.saidOf('settle')
    const [span] = hooked.takeSpans()
    expect(settle?.spent).toBe(Math.round(Number(span?.attributes['spanwarden.cost.amount']) * 1e9))
    expect(settle?.spent).toBeLessThanOrEqual(hold?.amount ?? 0)
    expect(hold?.scopes.run).toBe(span?.spanContext().traceId)
    expect(span?.attributes['spanwarden.guard.decision']).toBe('allow')
    expect(started.guard.underWay.size).toBe(0)
  })

  test.each([
    ['nothing', { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }],
    ['half', { prompt_tokens: 120 }],
  ])('has cost all that was held when the provider counts %s', async (_how, usage) => {
    const counted = { model: 'gpt-4o-mini', object: 'chat.completion', usage }
    const message = { role: 'assistant', content: 'Hello' }
    server.answer(json({ id: 'c1', created: 1, ...counted, choices: [{ index: 0, message, finish_reason: 'stop' }] }))
    await ask()
    await until(() => sidecar.saidOf('settle').length === 1)
    expect(sidecar.saidOf('settle')[0]).toMatchObject({ spent: 0, unknown: sidecar.saidOf('hold')[0]?.amount })
  })

  test('is paid from a slice, which is asked for once', async () => {
    sidecar.state.rules = { ...FAKE_RULES, sliceMin: 50_000_000 }
    await stateTold()
    server.answer(json(MESSAGE))
    await Promise.all(Array.from({ length: 10 }, askClaude))
    expect(sidecar.saidOf('hold')).toMatchObject([{ slice: true }])
    const cost = hooked
      .takeSpans()
      .reduce((sum, { attributes }) => sum + Number(attributes['spanwarden.cost.amount']) * 1e9, 0)
    await started.guard.flush(5_000)
    const told = [
      ...sidecar.saidOf('spend').map(({ amount }) => amount),
      ...sidecar.saidOf('settle').map(({ spent }) => spent),
    ]
    expect(told.reduce((sum, amount) => sum + amount, 0)).toBe(Math.round(cost))
  })

  test('what the provider refuses costs nothing, what it fails at counts as spent', async () => {
    const free = [400, 401, 403, 404, 422, 429]
    const unknown = [408, 500, 503, 529]
    server.answer(...[...free, ...unknown].map((status) => json({ error: { message: 'no' } }, status)))
    for (const _ of [...free, ...unknown])
      await rejection(() => openAi.chat.completions.create(request, { maxRetries: 0 }))
    await until(() => sidecar.saidOf('settle').length === free.length + unknown.length)
    const amount = sidecar.saidOf('hold')[0]?.amount
    expect(sidecar.saidOf('settle').map((one) => one.unknown ?? one.spent)).toEqual([
      ...free.map(() => 0),
      ...unknown.map(() => amount),
    ])
    hooked.takeSpans()
  })

  test('a repetition is held for by itself', async () => {
    server.answer(json({ error: { message: 'slow down' } }, 429), completion({ content: 'Hello' }))
    await ask()
    expect(sidecar.saidOf('hold')).toHaveLength(2)
    await until(() => sidecar.saidOf('settle').length === 2)
    expect(sidecar.saidOf('settle')[0]).toMatchObject({ spent: 0 })
    hooked.takeSpans()
  })
})

describe('a call for which too little is left', () => {
  const clamp = { ...FAKE_RULES, onInsufficient: 'clamp' } as const
  const long = { ...request, max_completion_tokens: 4_000 }

  test('is sent with a lower limit of its output, and settled against what was held', async () => {
    sidecar.state.rules = clamp
    await stateTold()
    let granted = 0
    sidecar.state.answer = (message) => {
      if (message.type !== 'hold' || message.least === undefined) return {}
      granted = Math.round((message.least + message.amount) / 2)
      return { amount: granted }
    }
    server.answer(completion({ content: 'Hello' }))
    await openAi.chat.completions.create(long)
    const sent = JSON.parse(server.requests[0]?.body ?? '')
    const [span] = hooked.takeSpans()
    expect(sent.max_completion_tokens).toBeGreaterThan(256)
    expect(sent.max_completion_tokens).toBeLessThan(4_000)
    expect(span?.attributes).toMatchObject({
      'spanwarden.budget.clamped': true,
      'spanwarden.budget.output_tokens': sent.max_completion_tokens,
      'gen_ai.request.max_tokens': 4_000,
    })
    await until(() => sidecar.saidOf('settle').length === 1)
    expect(sidecar.saidOf('settle')[0]?.spent).toBeLessThanOrEqual(granted)
  })

  test('is denied when even the least is more, and when less was held than it needs', async () => {
    sidecar.state.rules = clamp
    await stateTold()
    sidecar.state.answer = () => exhausted
    expect(await rejection(() => openAi.chat.completions.create(long))).toBeInstanceOf(BudgetExhaustedError)
    sidecar.state.answer = (message) => ({ amount: message.type === 'hold' ? (message.least ?? 0) - 1 : 0 })
    expect(await rejection(() => openAi.chat.completions.create(long))).toBeInstanceOf(GuardUnavailableError)
    expect(server.requests).toEqual([])
    hooked.takeSpans()
  })

  test('takes the rest of the slice that the process holds', async () => {
    sidecar.state.rules = { ...clamp, sliceMin: 1_000_000 }
    await stateTold()
    sidecar.state.answer = (message) =>
      message.type === 'hold' && message.slice === true ? { amount: 1_500_000 } : exhausted
    server.answer(completion({ content: 'Hello' }))
    await openAi.chat.completions.create(long)
    const { max_completion_tokens: limit } = JSON.parse(server.requests[0]?.body ?? '')
    expect(limit).toBeGreaterThan(256)
    expect(limit).toBeLessThan(4_000)
    expect(hooked.takeSpans()[0]?.attributes['spanwarden.budget.clamped']).toBe(true)
  })
})

describe('a call that is denied', () => {
  test.each([
    ['openai', ask],
    ['openai, streamed', () => openAi.chat.completions.create({ ...request, stream: true })],
    ['openai responses', () => openAi.responses.create({ model: 'gpt-4o-mini', input: CANARY })],
    ['anthropic', askClaude],
    ['anthropic, streamed', () => claude.messages.create({ ...asked, stream: true })],
    // The helper puts its own error around every error.
    [
      'anthropic stream()',
      () =>
        claude.messages
          .stream(asked)
          .finalMessage()
          .catch((error: Error) => Promise.reject(error.cause)),
    ],
  ])('%s: its caller gets the typed error, nothing is sent, nothing is tried again', async (_name, call) => {
    sidecar.state.answer = () => exhausted
    const error = await rejection(call)
    expect(error).toBeInstanceOf(BudgetExhaustedError)
    expect(error).toMatchObject({ code: 'BUDGET_EXHAUSTED', rule: 'daily', message: exhausted.message })
    expect(sidecar.saidOf('hold')).toHaveLength(1)
    expect(server.requests).toEqual([])
    expect(decisions()).toEqual([['deny', 'BUDGET_EXHAUSTED daily']])
  })

  test('fetch to a host of models', async () => {
    sidecar.state.answer = () => exhausted
    const body = JSON.stringify({ ...request, messages: [{ role: 'user', content: CANARY }] })
    const error = await rejection(() => fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body }))
    expect(error).toBeInstanceOf(BudgetExhaustedError)
    expect(server.requests).toEqual([])
  })

  test('node:http to a host of models, without a connection; without budgets it passes', async () => {
    const send = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const sent = httpRequest(`${server.url}/v1/chat/completions`, { method: 'POST' }, (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        })
        sent.on('error', reject).end(JSON.stringify(request))
      })
    expect(await rejection(send)).toBeInstanceOf(UnknownPriceError)
    expect(server.requests).toEqual([])
    sidecar.state.rules = { ...FAKE_RULES, hasBudgets: false }
    await stateTold()
    server.answer(completion({ content: 'Hello' }))
    expect(await send()).toBe(200)
  })

  test('a model whose price nobody knows', async () => {
    const error = await rejection(() => openAi.chat.completions.create({ ...request, model: 'nobody-knows-1' }))
    expect(error).toBeInstanceOf(UnknownPriceError)
    expect(server.requests).toEqual([])
    hooked.takeSpans()
  })

  test('the guard itself fails', async () => {
    const { purse } = started.guard
    Reflect.set(purse, 'take', () => {
      throw new TypeError(CANARY)
    })
    const error = await rejection(ask)
    Reflect.deleteProperty(purse, 'take')
    expect(error).toBeInstanceOf(GuardUnavailableError)
    expect(String(error)).not.toContain(CANARY)
    expect(server.requests).toEqual([])
    expect(hooked.faults.splice(0)).toHaveLength(2)
    hooked.takeSpans()
  })
})

describe('a stop', () => {
  test.each([
    [
      'openai',
      async () => openAi.chat.completions.create({ ...request, stream: true }),
      sse(CHUNKS.slice(0, 2), 'wait'),
    ],
    [
      'anthropic',
      async () => claude.messages.create({ ...asked, stream: true }),
      namedSse([{ type: 'message_start', message: { ...MESSAGE, content: [] } }], 'wait'),
    ],
  ])('%s: cuts a stream, is confirmed, and nothing is sent any more', async (_name, begin, answer) => {
    server.answer(answer)
    const events: AsyncIterator<unknown> = (await begin())[Symbol.asyncIterator]()
    await events.next()
    sidecar.say({ type: 'stop', id: 's1', scope: 'agent', value: 'tester', reason: 'a person said so' })
    const error = await rejection(async () => {
      for (let step = await events.next(); step.done !== true; step = await events.next());
    })
    expect(error).toBeInstanceOf(StoppedError)
    await until(() => sidecar.saidOf('stopped').length === 1)
    expect(sidecar.saidOf('stopped')).toMatchObject([{ id: 's1', aborted: 1 }])
    expect(sidecar.saidOf('settle')).toMatchObject([{ spent: 0, unknown: sidecar.saidOf('hold')[0]?.amount }])
    const before = server.requests.length
    expect(await rejection(ask)).toBeInstanceOf(StoppedError)
    expect(server.requests).toHaveLength(before)
    sidecar.say({ type: 'resume', scope: 'agent', value: 'tester' })
    await resumed()
    server.answer(completion({ content: 'Hello' }))
    await ask()
    hooked.takeSpans()
  })

  test('a call that waits for its answer, repetitions or not', async () => {
    server.answer({ writes: [], ending: 'wait' })
    for (const maxRetries of [0, 2]) {
      const denied = rejection(() =>
        openAi.chat.completions
          .create(request, { maxRetries })
          .asResponse()
          .then((response) => response.text()),
      )
      await until(() => server.requests.length === 1)
      sidecar.say({ type: 'stop', id: `s${maxRetries}`, scope: 'fleet', value: '', reason: 'a person said so' })
      expect(await denied).toBeInstanceOf(StoppedError)
      await until(() => sidecar.saidOf('stopped').length === 1)
      expect(server.requests.splice(0)).toHaveLength(1)
      sidecar.said.length = 0
      sidecar.say({ type: 'resume', scope: 'fleet', value: '' })
      await resumed()
    }
    hooked.takeSpans()
  })
})

describe('the sidecar is away', () => {
  test('calls are allowed for the lease, denied after it, and allowed again when it is back', async () => {
    sidecar.state.rules = { ...FAKE_RULES, hasBudgets: false }
    await stateTold()
    server.answer(completion({ content: 'Hello' }))
    await ask()
    await sidecar.kill()
    await until(() => !started.guard.hasLease)
    server.requests.length = 0
    const error = await rejection(ask)
    expect(error).toBeInstanceOf(GuardUnavailableError)
    expect(String(error)).toContain('control.sock')
    expect(server.requests).toEqual([])
    await sidecar.start()
    await until(() => started.guard.hasLease)
    await ask()
    hooked.takeSpans()
  })
})

test('shadow mode denies nothing and says what it would have denied', async () => {
  sidecar.state.mode = 'shadow'
  sidecar.state.answer = () => exhausted
  await stateTold()
  server.answer(completion({ content: 'Hello' }))
  await ask()
  expect(decisions()).toEqual([['warn', 'BUDGET_EXHAUSTED daily']])
  await openAi.chat.completions.create({ ...request, model: 'nobody-knows-1' })
  expect(decisions()).toEqual([['warn', 'UNKNOWN_PRICE price']])
  expect(server.requests).toHaveLength(2)
})
