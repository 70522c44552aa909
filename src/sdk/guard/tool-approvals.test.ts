import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { trace } from '@opentelemetry/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FAKE_RULES, startFakeSidecar } from '../../../test/support/fake-sidecar.ts'
import type { FakeSidecar } from '../../../test/support/fake-sidecar.ts'
import { until } from '../../../test/support/until.ts'
import type { GuardRules } from '../../control/guard-messages.ts'
import { ApprovalDeniedError, StoppedError } from './denial-error.ts'
import { startGuard } from './start-guard.ts'
import type { StartedGuard } from './start-guard.ts'

/* Calls that wait for a person, seen from the agent: whoever does not want the answer any more says so, or a person would decide about nothing. */

let folder: string
let sidecar: FakeSidecar
let started: StartedGuard
const faults: unknown[] = []
const nativeFetch = globalThis.fetch

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-guard-'))
  sidecar = await startFakeSidecar(join(folder, 'control.sock'))
  Object.assign(sidecar.state, {
    leaseMs: 1000,
    rules: { ...FAKE_RULES, hasBudgets: false, askClasses: ['post'] },
    answer: () => undefined,
  })
  await startAgent('enforce')
})
afterEach(async () => {
  globalThis.fetch = nativeFetch
  started.guard.close()
  await sidecar[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
  if (faults.length > 0) throw new Error('the guard has failed', { cause: faults.splice(0).at(-1) })
})

async function startAgent(mode: 'enforce' | 'shadow'): Promise<void> {
  const settings = { mode, stateFolder: folder, endpoint: undefined, token: undefined, tenant: undefined }
  const guard = startGuard(settings, 'tester', [], (_where, error) => void faults.push(error))
  if (guard === undefined) throw new Error('no guard was started')
  started = guard
  await until(() => started.guard.hasLease)
}

let runs = 0
/** Resolves to the error of a call that was not made. */
function post(signal?: AbortSignal, input: unknown = []): Promise<unknown> {
  runs = 0
  const tool = { name: 'post_message', class: 'post', input, kind: 'async' } as const
  const checked = started.tools.open(tool, trace.getTracer('test').startSpan('tool'))
  const result = checked?.run(async () => void (runs += 1), signal)
  return Promise.resolve(result).catch((error: unknown) => {
    checked?.failed(error)
    return error
  })
}
const asked = async (): Promise<string> => {
  await until(() => sidecar.saidOf('admit').length === 1)
  return sidecar.saidOf('admit')[0]?.id ?? ''
}
const withdrawn = (id: string) => () =>
  sidecar.saidOf('outcome').some((one) => one.id === id && one.notExecuted === true && one.result === 'not_called')

test('a stop ends the wait: the call is stopped, its question withdrawn, and the stop confirmed', async () => {
  const error = post()
  const id = await asked()
  sidecar.say({ type: 'stop', id: 's1', scope: 'tool', value: 'post_message', reason: 'enough' })
  expect(await error).toBeInstanceOf(StoppedError)
  await until(withdrawn(id))
  await until(() => sidecar.saidOf('stopped').length === 1)
  // Too late: nothing is done with it.
  sidecar.say({ type: 'answer', id, isGranted: true })
  sidecar.say({ type: 'resume', scope: 'tool', value: 'post_message' })
  await until(() => started.guard.denialOf({ scopes: { agent: 'tester' }, tool: 'post_message' }) === undefined)
  expect(runs).toBe(0)
})

test('an answer that comes together with the stop is given back', async () => {
  const error = post()
  const id = await asked()
  sidecar.say({ type: 'stop', id: 's1', scope: 'agent', value: 'tester', reason: 'enough' })
  sidecar.say({ type: 'answer', id, isGranted: true })
  expect(await error).toBeInstanceOf(StoppedError)
  await until(withdrawn(id))
  expect(runs).toBe(0)
})

test('who aborts waits no longer: the reason of the signal, and the question withdrawn', async () => {
  const controller = new AbortController()
  const error = post(controller.signal)
  const id = await asked()
  controller.abort(new RangeError('the user went away'))
  expect(await error).toBe(controller.signal.reason)
  await until(withdrawn(id))
  expect(runs).toBe(0)
  expect(started.guard.underWay.size).toBe(0)
})

test('a signal that is aborted already is not waited with; one that is not changes nothing', async () => {
  expect(await post(AbortSignal.abort(new RangeError('before')))).toBeInstanceOf(RangeError)
  sidecar.state.answer = () => ({})
  expect(await post(new AbortController().signal)).toBeUndefined()
  expect(runs).toBe(1)
})

test('a lost connection: asked again under the same id, and made once', async () => {
  const result = post()
  const id = await asked()
  await sidecar.kill()
  sidecar.state.answer = () => ({})
  await sidecar.start()
  expect(await result).toBeUndefined()
  expect(sidecar.saidOf('admit').map((message) => message.id)).toEqual([id, id])
  expect(runs).toBe(1)
})

test('a sidecar that stays away: denied with the lease, and withdrawn before anything is asked when it is back', async () => {
  const error = post()
  const id = await asked()
  await sidecar.kill()
  expect(await error).toMatchObject({ code: 'GUARD_UNAVAILABLE' })
  sidecar.said.length = 0
  await sidecar.start()
  await until(withdrawn(id))
  expect(sidecar.saidOf('admit')).toEqual([])
})

test('in shadow mode of the agent no person is to be asked', async () => {
  started.guard.close()
  await startAgent('shadow')
  sidecar.state.answer = () => ({})
  await post()
  expect(sidecar.saidOf('admit')).toMatchObject([{ goesOn: true }])
  expect(runs).toBe(1)
})

interface Circle {
  amount: bigint
  self?: Circle
}
function circle(amount: bigint): Circle {
  const made: Circle = { amount }
  made.self = made
  return made
}
const paid = { to: 'alice', amount: 5 }
const amounts = new Map([['alice', 5]])
const looped = circle(5n)
const withFunction = Object.assign(circle(5n), { run: () => undefined })
const CHANGES: readonly (readonly [what: string, input: unknown, change: () => unknown])[] = [
  ['another value of the same form', paid, () => Object.assign(paid, { to: 'carol' })],
  ['another form', [paid], () => Object.assign(paid, { extra: [1, 2, 3] })],
  ['in a map', { amounts }, () => amounts.set('alice', 6)],
  ['in what JSON can not say', looped, () => (looped.amount = 6n)],
  ['in what can not be copied', withFunction, () => (withFunction.amount = 6n)],
]
test.each(CHANGES)('what was changed while a person thought is not done: %s', async (_, input, change) => {
  const error = post(undefined, input)
  const id = await asked()
  change()
  sidecar.say({ type: 'answer', id, isGranted: true })
  expect(await error).toBeInstanceOf(ApprovalDeniedError)
  expect(await error).toMatchObject({ rule: 'changed arguments' })
  const isTold = () => sidecar.saidOf('outcome').some((one) => one.id === id && one.notExecuted === true)
  await until(isTold)
  expect(runs).toBe(0)
  expect(started.guard.underWay.size).toBe(0)
})

/** Fulfils the question that waits, after the sidecar has told other rules. */
function answered(id: string, supervised: GuardRules['supervised']): void {
  sidecar.state.rules = { ...sidecar.state.rules, ...(supervised === undefined ? {} : { supervised }) }
  sidecar.welcome()
  sidecar.say({ type: 'answer', id, isGranted: true })
}
const nobody = { tools: [], classes: [] }
const posts = { tools: [], classes: ['post'] } as const

test.each([
  ['nobody was asked about it', nobody, nobody, 1],
  ['a person has approved it', posts, posts, 0],
  ['its supervision has begun meanwhile', nobody, { tools: ['post_message'], classes: [] }, 0],
  ['its supervision has ended meanwhile, and it still needed its person', posts, nobody, 0],
])('arguments are compared where a person was asked: %s', async (_, before, after, times) => {
  sidecar.state.rules = { ...sidecar.state.rules, supervised: before }
  sidecar.welcome()
  await until(() => isDeepStrictEqual(started.guard.rules?.supervised, before))
  const input = { to: 'alice' }
  const error = post(undefined, input)
  const id = await asked()
  input.to = 'carol'
  answered(id, after)
  await error
  expect(runs).toBe(times)
})

test('nothing of the arguments is read again where nobody was asked', async () => {
  sidecar.state.rules = { ...sidecar.state.rules, supervised: nobody }
  sidecar.welcome()
  await until(() => started.guard.rules?.supervised !== undefined)
  sidecar.state.answer = () => ({})
  let reads = 0
  const input = { toJSON: () => (reads += 1) }
  await post(undefined, input)
  expect([runs, reads]).toEqual([1, 1])
})

test('what is the same is done', async () => {
  sidecar.state.answer = () => ({})
  expect(await post(undefined, [circle(5n), { run: () => undefined }, amounts])).toBeUndefined()
  expect(runs).toBe(1)
})
