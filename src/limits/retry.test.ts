import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { failureOf, isTransient } from './retry/failure.ts'
import { RetryBudget } from './retry/retry-budget.ts'
import { decideRetry, RETRY_POLICY_DEFAULT, withRetry } from './retry.ts'
import type { Failure } from './retry/failure.ts'
import type { RetryPolicy } from './retry.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const plenty = (): RetryBudget => new RetryBudget({ perMinute: 1_000, savedMax: 1_000 })
const failed = (status: number, more: Partial<Failure> = {}): Failure => ({
  status,
  codes: [],
  isAborted: false,
  ...more,
})

describe('what is tried again', () => {
  const withCode = (code: string, more: object = {}): Error => Object.assign(new Error('x'), { code, ...more })
  test.each<[string, unknown, boolean]>([
    ['408', { status: 408 }, true],
    ['425', { statusCode: 425 }, true],
    ['429', { response: { status: 429 } }, true],
    ['500', { $metadata: { httpStatusCode: 500 } }, true],
    ['529', { status: 529 }, true],
    ['409', { status: 409 }, false],
    ['409 of a lock', { status: 409, error: { code: 'lock_timeout' } }, true],
    ['400', { status: 400 }, false],
    ['401', { status: 401 }, false],
    ['404', { status: 404 }, false],
    ['422', { status: 422 }, false],
    ['200', { status: 200 }, false],
    ['a refused connection', new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') }), true],
    ['a socket that broke', new TypeError('fetch failed', { cause: withCode('UND_ERR_SOCKET') }), true],
    ['a timeout of a client', Object.assign(new Error('x'), { name: 'APIConnectionTimeoutError' }), true],
    ['an abort', new DOMException('x', 'AbortError'), false],
    ['an abort, in a cause', withCode('ECONNRESET', { cause: { name: 'AbortError' } }), false],
    ['an error of the program', new TypeError('x is not a function'), false],
    ['no error at all', undefined, false],
    ['a quota that is used up', { status: 429, error: { error: { type: 'insufficient_quota' } } }, false],
    ['a budget of ours', withCode('BUDGET_EXHAUSTED', { status: 429 }), false],
    ['a stop', withCode('STOPPED', { status: 503 }), false],
    ['a loop, in a cause', new TypeError('fetch failed', { cause: withCode('LOOP_STOPPED') }), false],
    ['what the server forbids', { status: 503, headers: { 'x-should-retry': 'false' } }, false],
    ['what the server wants', { status: 400, headers: new Headers({ 'x-should-retry': 'true' }) }, true],
  ])('%s: %j', (_name, error, expected) => {
    expect(isTransient(failureOf(error, NOW))).toBe(expected)
  })

  test.each<[Record<string, string>, number | undefined]>([
    [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'x-ratelimit-reset': String(NOW + 5_000) }, 5_000],
    [{ 'x-ratelimit-reset': String(NOW / 1_000 + 5) }, 5_000],
    [{ 'x-ratelimit-reset': '7' }, 7_000],
    [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0.5s' }, 360_500],
    [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '20ms' }, 20],
    [{ 'x-ratelimit-remaining-requests': '3', 'x-ratelimit-reset-requests': '6m0s' }, undefined],
    [
      { 'anthropic-ratelimit-tokens-remaining': '0', 'anthropic-ratelimit-tokens-reset': '2026-11-21T12:01:00Z' },
      60_000,
    ],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
  ])('%j asks for %s ms', (headers, expected) => {
    expect(failureOf({ status: 429, headers }, NOW).retryAfterMs).toBe(expected)
    expect(failureOf({ status: 429, response: { headers: new Headers(headers) } }, NOW).retryAfterMs).toBe(expected)
  })
})

describe('when', () => {
  const policies = fc.record({
    attemptsMax: fc.integer({ min: 1, max: 8 }),
    baseMs: fc.nat(2_000),
    capMs: fc.nat(60_000),
    retryAfterMsMax: fc.nat(120_000),
    attemptMsMax: fc.nat(120_000),
    totalMsMax: fc.nat(600_000),
    isIdempotent: fc.boolean(),
  })

  test('waits as long as the server asks, with jitter up to the cap, within the deadline, or not at all', () => {
    fc.assert(
      fc.property(
        policies,
        fc.integer({ min: 1, max: 8 }),
        fc.nat(600_000),
        fc.option(fc.nat(120_000), { nil: undefined }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (policy, attempts, elapsed, retryAfterMs, random) => {
          const failure = failed(503, retryAfterMs === undefined ? {} : { retryAfterMs })
          const tried = { attempts, startedMs: 0, nowMs: elapsed, random }
          const decision = decideRetry(policy, failure, tried, plenty())
          const waitMs = decision.isRetried ? decision.waitMs : 0
          const least = retryAfterMs ?? 0
          const most = least + Math.min(policy.capMs, policy.baseMs * 2 ** (attempts - 1))
          const mayRetry = policy.isIdempotent && attempts < policy.attemptsMax && least <= policy.retryAfterMsMax
          expect(decision.isRetried && !mayRetry).toBe(false)
          expect(!decision.isRetried || (waitMs >= least && waitMs <= Math.ceil(most))).toBe(true)
          expect(!decision.isRetried || elapsed + waitMs < policy.totalMsMax).toBe(true)
          expect(decision.isRetried || !mayRetry || elapsed + most >= policy.totalMsMax - 1).toBe(true)
        },
      ),
    )
  })

  test.each<[string, Partial<RetryPolicy>, Failure, number, object]>([
    ['the first retry', {}, failed(503), 1, { isRetried: true, waitMs: 250 }],
    ['the third', {}, failed(503), 3, { isRetried: true, waitMs: 1_000 }],
    ['the last', {}, failed(503), 4, { isRetried: false, reason: 'attempts' }],
    ['a wait beyond patience', {}, failed(429, { retryAfterMs: 61_000 }), 1, { reason: 'retry_after' }],
    ['what changes something', { isIdempotent: false }, failed(503), 1, { reason: 'not_idempotent' }],
    ['what is final', {}, failed(400), 1, { reason: 'final' }],
    ['no time left', { totalMsMax: 200 }, failed(503), 1, { reason: 'deadline' }],
  ])('%s', (_name, more, failure, attempts, expected) => {
    const tried = { attempts, startedMs: 0, nowMs: 0, random: 0.5 }
    expect(decideRetry({ ...RETRY_POLICY_DEFAULT, ...more }, failure, tried, plenty())).toMatchObject(expected)
  })
})

describe('the budget', () => {
  test('an outage is not multiplied: a tenth of the calls, and three a minute', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ wait: fc.nat(20_000), isCall: fc.boolean() }), { minLength: 1, maxLength: 300 }),
        (steps) => {
          const budget = new RetryBudget()
          let [now, calls, retries] = [0, 0, 0]
          for (const { wait, isCall } of steps) {
            now += wait
            if (isCall) {
              budget.call(now)
              calls += 1
            }
            while (budget.take(now)) retries += 1
          }
          const first = steps[0]?.wait ?? 0
          const most = 3 + 0.1 * calls + (3 * (now - first)) / 60_000
          expect(retries).toBeLessThanOrEqual(most + 1e-6)
          expect(retries).toBeGreaterThanOrEqual(Math.floor(most) - 1)
        },
      ),
    )
  })

  test('what is saved is bounded, and a clock that goes back gives nothing', () => {
    const budget = new RetryBudget()
    for (let i = 0; i < 1_000; i++) budget.call(0)
    let taken = 0
    while (budget.take(0)) taken += 1
    expect(taken).toBe(10)
    budget.call(-60_000)
    expect(budget.take(-1)).toBe(false)
    expect(budget.take(60_000)).toBe(true)
  })
})

describe('a call with retries', () => {
  function world(answers: readonly unknown[]) {
    const waits: number[] = []
    const decided: unknown[] = []
    const timeouts: number[] = []
    let now = 0
    const surroundings = {
      now: () => now,
      date: () => NOW + now,
      random: () => 0.5,
      sleep: async (ms: number): Promise<void> => {
        waits.push(ms)
        now += ms
      },
      decided: (_failure: Failure, decision: object): void => void decided.push(decision),
    }
    const run = async ({ attempt, timeoutMs }: { attempt: number; timeoutMs: number }): Promise<string> => {
      timeouts.push(timeoutMs)
      now += 10_000
      const answer = answers[attempt - 1]
      if (answer !== undefined) throw answer
      return `answer ${attempt}`
    }
    return { surroundings, run, waits, decided, timeouts }
  }

  test('succeeds in the end', async () => {
    const { surroundings, run, waits, timeouts } = world([
      { status: 503 },
      { status: 429, headers: { 'retry-after': '3' } },
    ])
    const policy = { ...RETRY_POLICY_DEFAULT, totalMsMax: 65_000 }
    await expect(withRetry(run, policy, plenty(), surroundings)).resolves.toBe('answer 3')
    expect(waits).toEqual([250, 3_500])
    expect(timeouts).toEqual([60_000, 54_750, 41_250])
  })

  test('fails with what was thrown, as it was', async () => {
    const last = Object.assign(new Error('no'), { status: 400 })
    const { surroundings, run, decided } = world([{ status: 503 }, last])
    await expect(withRetry(run, RETRY_POLICY_DEFAULT, plenty(), surroundings)).rejects.toBe(last)
    expect(decided).toEqual([
      { isRetried: true, waitMs: 250 },
      { isRetried: false, reason: 'final' },
    ])
  })

  test('a sleep that is given up ends it', async () => {
    const { surroundings, run } = world([{ status: 503 }])
    const sleep = (): Promise<void> => Promise.reject(new DOMException('x', 'AbortError'))
    await expect(withRetry(run, RETRY_POLICY_DEFAULT, plenty(), { ...surroundings, sleep })).rejects.toThrow('x')
  })

  test('without a budget it is called once', async () => {
    const { surroundings, run, decided } = world([{ status: 503 }])
    const none = new RetryBudget({ perMinute: 0, share: 0 })
    await expect(withRetry(run, RETRY_POLICY_DEFAULT, none, surroundings)).rejects.toEqual({ status: 503 })
    expect(decided).toEqual([{ isRetried: false, reason: 'budget' }])
  })
})
