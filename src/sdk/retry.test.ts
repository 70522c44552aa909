import OpenAI, { AuthenticationError } from 'openai'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { json, startModelServer } from '../../test/support/model-server.ts'
import type { ModelServer } from '../../test/support/model-server.ts'
import { completion, request } from '../../test/support/openai-shapes.ts'
import { BudgetExhaustedError, StoppedError } from './guard/denial-error.ts'
import { retry } from './retry.ts'
import type { RetryOptions } from './retry.ts'

const SOON: RetryOptions = { baseMs: 1, capMs: 1 }
const failing = (status: number, headers: Record<string, string> = {}): Error =>
  Object.assign(new Error('no'), { status, headers })

// Each test has the process' budget for itself.
const BUDGET = Symbol.for('spanwarden.retry-budget')
beforeEach(() => void Reflect.deleteProperty(globalThis, BUDGET))
afterEach(() => void Reflect.deleteProperty(globalThis, BUDGET))

/** How often it was called, and what came of it. */
async function tried(errors: readonly unknown[], options: RetryOptions = SOON) {
  let calls = 0
  const outcome = await retry(() => {
    const error = errors[calls]
    calls += 1
    if (error !== undefined) throw error
    return 'done'
  }, options).catch((error: unknown) => error)
  return { calls, outcome }
}

describe('retry', () => {
  test('calls again what fails for a while, and throws the last error as it came', async () => {
    expect(await tried([failing(503), failing(429)])).toEqual({ calls: 3, outcome: 'done' })
    const last = failing(500)
    expect(await tried([failing(500), last, 'never'], { ...SOON, maxAttempts: 2 })).toEqual({ calls: 2, outcome: last })
  })

  test.each([
    ['a client’s mistake', failing(400)],
    ['a denial', new BudgetExhaustedError({ code: 'BUDGET_EXHAUSTED', message: 'spent' })],
    ['a stop', new StoppedError({ code: 'STOPPED', message: 'stopped' })],
    ['a longer wait than it has', failing(429, { 'retry-after': '600' })],
    ['an abort', new DOMException('enough', 'AbortError')],
  ])('never repeats %s', async (_name, error) => {
    expect(await tried([error])).toEqual({ calls: 1, outcome: error })
  })

  test('what changes something only with a key', async () => {
    const error = failing(503)
    expect(await tried([error], { ...SOON, isIdempotent: false })).toEqual({ calls: 1, outcome: error })
    const keys: unknown[] = []
    const once = { ...SOON, isIdempotent: false, idempotencyKey: 'k1' }
    await retry(({ idempotencyKey, attempt }) => {
      keys.push(idempotencyKey)
      if (attempt === 1) throw error
    }, once)
    expect(keys).toEqual(['k1', 'k1'])
  })

  test('the budget is one for the process: at first three, then one for ten calls', async () => {
    const all = async (times: number): Promise<number> => {
      let repeated = 0
      for (let i = 0; i < times; i++) repeated += (await tried([failing(503)])).calls - 1
      return repeated
    }
    // Time gives three a minute besides: what passes here gives less than one.
    expect(await all(8)).toBe(3)
    expect(await all(20)).toBeLessThanOrEqual(3)
  })

  test('an attempt that lasts too long is given up and repeated, whether it looks at its signal or not', async () => {
    const signals: boolean[] = []
    const outcome = await retry(
      ({ attempt, signal }) => {
        if (attempt === 2) return 'done'
        return new Promise<string>(() => signal.addEventListener('abort', () => signals.push(true)))
      },
      { ...SOON, attemptTimeoutMs: 5 },
    )
    expect([outcome, signals]).toEqual(['done', [true]])
    await expect(retry(() => new Promise(() => undefined), { ...SOON, totalTimeoutMs: 5 })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  })

  test('who aborts gets the reason at once: in the call, in the wait, before', async () => {
    const reason = new Error('enough')
    const within = new AbortController()
    const hanging = retry(() => new Promise(() => undefined), { signal: within.signal })
    within.abort(reason)
    await expect(hanging).rejects.toBe(reason)
    const waiting = new AbortController()
    const asleep = retry(
      () => {
        queueMicrotask(() => queueMicrotask(() => waiting.abort(reason)))
        throw failing(503, { 'retry-after': '30' })
      },
      { signal: waiting.signal },
    )
    await expect(asleep).rejects.toBe(reason)
    let calls = 0
    await expect(retry(() => void (calls += 1), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(calls).toBe(0)
  })
})

describe('with a real client', () => {
  let server: ModelServer
  beforeAll(async () => void (server = await startModelServer()))
  afterAll(() => server.close())

  test('waits as the server asks, and gives the client’s own error in the end', async () => {
    const client = new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 })
    server.answer(json({ error: { message: 'slow down' } }, 429), completion({ content: 'Hello' }))
    const answer = await retry(({ signal }) => client.chat.completions.create(request, { signal }), SOON)
    expect(answer.choices[0]?.message.content).toBe('Hello')
    expect(server.requests.splice(0)).toHaveLength(2)
    server.answer(json({ error: { message: 'no' } }, 401))
    await expect(retry(() => client.chat.completions.create(request))).rejects.toBeInstanceOf(AuthenticationError)
    expect(server.requests.splice(0)).toHaveLength(1)
  })
})
