import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { trace } from '@opentelemetry/api'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FAKE_RULES, startFakeSidecar } from '../../../test/support/fake-sidecar.ts'
import type { FakeSidecar } from '../../../test/support/fake-sidecar.ts'
import { until } from '../../../test/support/until.ts'
import { startGuard } from './start-guard.ts'
import type { StartedGuard } from './start-guard.ts'

/* An agent in shadow mode calls before it has heard a word of its sidecar: what would be denied is to be counted from the first call on. */

let folder: string
let sidecar: FakeSidecar
let started: StartedGuard
const nativeFetch = globalThis.fetch

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-guard-'))
  sidecar = await startFakeSidecar(join(folder, 'control.sock'))
  Object.assign(sidecar.state, { mode: 'shadow', rules: { ...FAKE_RULES, askClasses: ['post'] } })
})
afterEach(async () => {
  globalThis.fetch = nativeFetch
  started.guard.close()
  await sidecar[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

function start(): void {
  const settings = { mode: 'shadow', stateFolder: folder, endpoint: undefined, token: undefined, tenant: undefined }
  const guard = startGuard({ ...settings, mode: 'shadow' }, 'tester', [], (_where, error) => {
    throw error
  })
  if (guard === undefined) throw new Error('no guard was started')
  started = guard
}

const post = async (): Promise<unknown> => {
  const tool = { name: 'post_message', class: 'post', input: [], kind: 'async' } as const
  return await started.tools.open(tool, trace.getTracer('test').startSpan('tool'))?.run(async () => 'posted')
}
const body = { model: 'gpt-5-mini', max_completion_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }
const callModel = async (): Promise<unknown> => {
  const admitted = await started.models.admit({ path: '/v1/chat/completions', provider: 'openai', body })
  admitted?.attempt.end(5)
  return admitted?.attempt.decision.decision
}
const unseen = (): number => sidecar.saidOf('renew').reduce((sum, one) => sum + (one.unseen ?? 0), 0)

test('the first calls wait for the first word, and are counted as all others', async () => {
  start()
  expect(await Promise.all([callModel(), post()])).toEqual(['allow', 'posted'])
  expect(sidecar.saidOf('hold')).toHaveLength(1)
  expect(sidecar.saidOf('admit')).toMatchObject([{ goesOn: true }])
})

test('without a sidecar they are made at once, and told as unseen when there is one', async () => {
  await sidecar.kill()
  start()
  expect(await Promise.all([callModel(), post()])).toEqual(['warn', 'posted'])
  expect(await callModel()).toBe('warn')
  await sidecar.start()
  await until(() => unseen() > 0)
  expect(unseen()).toBe(3)
})

test('a sidecar that goes away is not waited for beyond the lease', async () => {
  sidecar.state.leaseMs = 300
  start()
  expect(await post()).toBe('posted')
  await sidecar.kill()
  await until(() => !started.guard.hasLease)
  const ask = vi.spyOn(started.guard.client, 'ask')
  expect(await Promise.all([callModel(), post()])).toEqual(['warn', 'posted'])
  expect(ask).not.toHaveBeenCalled()
})
