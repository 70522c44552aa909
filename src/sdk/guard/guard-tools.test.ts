import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { context, trace } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { FAKE_RULES, startFakeSidecar } from '../../../test/support/fake-sidecar.ts'
import type { FakeSidecar } from '../../../test/support/fake-sidecar.ts'
import { startTestSdk } from '../../../test/support/instrumented.ts'
import type { TestSdk } from '../../../test/support/instrumented.ts'
import { until } from '../../../test/support/until.ts'
import { runTool } from '../tool.ts'
import type { ToolKind, ToolOptions } from '../runtime.ts'
import { GuardUnavailableError, LoopStoppedError, RateLimitedError, StoppedError } from './denial-error.ts'
import { startGuard } from './start-guard.ts'
import type { StartedGuard } from './start-guard.ts'

const CANARY = 'q7-canary-7q'
const RULES = { ...FAKE_RULES, hasBudgets: false }
let folder: string
let sidecar: FakeSidecar
let sdk: TestSdk
let started: StartedGuard
const nativeFetch = globalThis.fetch

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-guard-'))
  sidecar = await startFakeSidecar(join(folder, 'control.sock'))
  Object.assign(sidecar.state, { leaseMs: 1_000, rules: RULES })
  sdk = startTestSdk()
  const settings = {
    mode: 'enforce',
    stateFolder: folder,
    endpoint: undefined,
    token: undefined,
    tenant: undefined,
  } as const
  const guard = startGuard(settings, 'tester', [], sdk.sdk.fault)
  if (guard === undefined) throw new Error('no guard was started')
  started = guard
  Reflect.set(sdk.sdk, 'guard', started)
  await until(() => started.guard.hasLease)
})

afterEach(async () => {
  Object.assign(sidecar.state, { rules: RULES, answer: () => ({}) })
  await stateTold()
  await started.guard.flush(5_000)
  if (JSON.stringify(sidecar.said).includes(CANARY)) throw new Error('content was told to the sidecar')
  sidecar.said.length = 0
  sdk.takeSpans()
  if (sdk.faults.length > 0) throw new Error('the instrumentation has failed', { cause: sdk.faults.at(-1) })
})

afterAll(async () => {
  globalThis.fetch = nativeFetch
  started.guard.close()
  await sidecar[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

async function stateTold(): Promise<void> {
  sidecar.welcome()
  await until(() => isDeepStrictEqual(started.guard.rules, sidecar.state.rules))
}
const rules = async (more: Partial<typeof RULES>): Promise<void> => {
  sidecar.state.rules = { ...RULES, ...more }
  await stateTold()
}
const use = (name: string, work: () => unknown, kind: ToolKind = 'async', options: ToolOptions = {}): unknown =>
  runTool(sdk.sdk, name, options, work, [{ to: CANARY }], kind)
const decisions = (): unknown[] =>
  sdk
    .takeSpans()
    .map(({ attributes }) => [attributes['spanwarden.guard.decision'], attributes['spanwarden.guard.rule']])

describe('a tool that has to be asked for', () => {
  test('runs when the answer is there, and its outcome is told', async () => {
    await rules({ askClasses: ['post'], tools: { post_message: 'post' } })
    expect(await use('post_message', async () => 'done')).toBe('done')
    const [admit] = sidecar.saidOf('admit')
    expect(admit).toMatchObject({ tool: 'post_message', class: 'post', summary: '{to:string(12)}' })
    expect(admit?.argumentsHmac).toMatch(/^[0-9a-f]{64}$/)
    await until(() => sidecar.saidOf('outcome').length === 1)
    expect(sidecar.saidOf('outcome')).toMatchObject([{ id: admit?.id, result: 'ok' }])
    expect(decisions()).toEqual([['allow', undefined]])
  })

  test('does not run when it is denied; its own failure is told by its class', async () => {
    await rules({ askTools: ['*'] })
    sidecar.state.answer = () => ({ code: 'RATE_LIMITED', rule: 'posts', message: '10 posts in 1 h', retryAfterMs: 7 })
    let runs = 0
    const work = async (): Promise<void> => void (runs += 1)
    await expect(use('post', work)).rejects.toBeInstanceOf(RateLimitedError)
    await expect(use('post', work)).rejects.toMatchObject({ code: 'RATE_LIMITED', rule: 'posts', retryAfterMs: 7 })
    expect(runs).toBe(0)
    expect(decisions()).toEqual([
      ['deny', 'RATE_LIMITED posts'],
      ['deny', 'RATE_LIMITED posts'],
    ])
    sidecar.state.answer = () => ({})
    await expect(use('post', () => Promise.reject(new RangeError(CANARY)))).rejects.toBeInstanceOf(RangeError)
    await until(() => sidecar.saidOf('outcome').length === 1)
    expect(sidecar.saidOf('outcome')).toMatchObject([{ result: 'RangeError' }])
  })

  test('is denied at once when it can not wait, and yields its items when it is a generator', async () => {
    await rules({ askTools: ['slow'] })
    let runs = 0
    expect(() => use('slow', () => (runs += 1), 'sync')).toThrow(GuardUnavailableError)
    expect(runs).toBe(0)
    expect(use('other', () => 5, 'sync')).toBe(5)
    const items: unknown[] = []
    const generator = use(
      'slow',
      async function* () {
        yield 1
        yield 2
      },
      'async generator',
    )
    for await (const item of generator as AsyncIterable<unknown>) items.push(item)
    expect(items).toEqual([1, 2])
  })
})

test('what nobody has limits for is called as it was: synchronously, with its own result', () => {
  const result = {}
  expect(use('free', () => result, 'sync')).toBe(result)
  expect(sidecar.saidOf('admit')).toEqual([])
})

test('a stopped tool, and a sidecar that goes away', async () => {
  sidecar.say({ type: 'stop', id: 's1', scope: 'tool', value: 'mail', reason: 'a person said so' })
  await until(() => sidecar.saidOf('stopped').length === 1)
  await expect(use('mail', async () => 1)).rejects.toBeInstanceOf(StoppedError)
  expect(await use('other', async () => 1)).toBe(1)
  sidecar.say({ type: 'resume', scope: 'tool', value: 'mail' })
  await rules({ askTools: ['mail'] })
  sidecar.state.answer = () => undefined
  const waiting = Promise.resolve(use('mail', async () => 1)).catch((error: unknown) => error)
  await until(() => sidecar.saidOf('admit').length === 1)
  await sidecar.kill()
  expect(await waiting).toBeInstanceOf(GuardUnavailableError)
  await expect(use('other', async () => 1)).rejects.toBeInstanceOf(GuardUnavailableError)
  await sidecar.start()
  await until(() => started.guard.hasLease)
  expect(await use('other', async () => 1)).toBe(1)
})

test('what the sidecar measures of a run: warned of on the span, stopped with the name of the rule, new when it is resumed', async () => {
  await rules({ loops: true, velocity: true, polling: ['status'], pollingMs: 60_000 })
  const run = trace.getTracer('test').startSpan('run')
  const value = run.spanContext().traceId
  let calls = 0
  const once = (name = 'search'): Promise<unknown> =>
    context.with(trace.setSpan(context.active(), run), async () =>
      use(name, async () => (calls += 1), 'async', { class: 'read' }),
    )
  await once()
  await once('status')
  await until(() => sidecar.saidOf('activity').length > 0)
  expect(sidecar.saidOf('activity').at(-1)).toMatchObject({ toolCalls: 1, scopes: { run: value, agent: 'tester' } })
  sidecar.say({ type: 'mark', run: value, level: 'warn', rule: 'cost' })
  sidecar.say({ type: 'stop', id: 'other', scope: 'tool', value: 'nothing', reason: 'behind the mark' })
  await until(() => sidecar.saidOf('stopped').length === 1)
  sdk.takeSpans()
  await once()
  await once()
  expect(
    sdk.takeSpans().map(({ attributes }) => [attributes['spanwarden.loop.level'], attributes['spanwarden.guard.rule']]),
  ).toEqual([
    ['warn', 'LOOP_STOPPED cost'],
    [undefined, undefined],
  ])
  sidecar.say({ type: 'stop', id: 'r1', scope: 'run', value, reason: 'loop: tool_calls (401 of 400 calls)' })
  await until(() => sidecar.saidOf('stopped').length === 2)
  await expect(once()).rejects.toMatchObject({ name: 'LoopStoppedError', code: 'LOOP_STOPPED', rule: 'tool_calls' })
  sidecar.say({ type: 'resume', scope: 'run', value })
  await until(() => started.guard.underWay.stopOf({ scopes: { agent: 'tester', run: value } }) === undefined)
  sidecar.said.length = 0
  await once()
  await until(() => sidecar.saidOf('activity').length > 0)
  expect(sidecar.saidOf('activity')).toMatchObject([{ toolCalls: 1 }])
})

test('a loop is warned of, stopped and told', async () => {
  await rules({ loops: true })
  const run = trace.getTracer('test').startSpan('run')
  const once = (): Promise<unknown> =>
    context.with(trace.setSpan(context.active(), run), async () =>
      use('search', async () => 'nothing', 'async', { class: 'read' }),
    )
  for (let i = 0; i < 4; i++) await once()
  const error = await once().catch((denied: unknown) => denied)
  expect(error).toBeInstanceOf(LoopStoppedError)
  expect(String(error)).not.toContain(CANARY)
  await until(() => sidecar.saidOf('loop').length === 2)
  expect(sidecar.saidOf('loop')).toMatchObject([
    { level: 'warn', rule: 'consecutive', tool: 'search' },
    { level: 'stop', rule: 'consecutive', scopes: { run: run.spanContext().traceId } },
  ])
  expect(decisions().at(-1)).toEqual(['deny', 'LOOP_STOPPED consecutive'])
  // It goes on: its model calls are denied as well, and by the same rule.
  await once().catch(() => undefined)
  const model = context.with(trace.setSpan(context.active(), run), () =>
    started.models.admit({ path: '/v1/chat/completions', provider: 'openai', body: { model: 'gpt-5-mini' } }),
  )
  await expect(model).rejects.toMatchObject({ code: 'LOOP_STOPPED', rule: 'consecutive' })
})
