import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { rejectionOf, startGuardedSdk } from '../../../test/support/guarded-sdk.ts'
import type { GuardedSdk } from '../../../test/support/guarded-sdk.ts'
import { fieldsOf } from '../instrumentation/fields.ts'
import { runQuery } from '../instrumentation/claude-agent-sdk/run-query.ts'
import { StoppedError, UnknownPriceError } from './denial-error.ts'

/** The package brings 200 MB along; this is how its `query` behaves: messages until it is aborted. */
let started = 0
async function* queryOf({ options }: Readonly<Record<string, unknown>>): AsyncGenerator<object> {
  started += 1
  const { abortController } = fieldsOf(options)
  if (!(abortController instanceof AbortController)) throw new TypeError('nothing can end it')
  const { signal } = abortController
  yield { type: 'system', subtype: 'init' }
  await new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('aborted', { cause: signal.reason }))),
  )
}

let guarded: GuardedSdk
beforeAll(async () => {
  guarded = await startGuardedSdk([])
})
afterEach(async () => {
  started = 0
  await guarded.reset('secret')
})
afterAll(() => guarded[Symbol.asyncDispose]())

const ask = async (): Promise<void> => {
  const query = runQuery({ prompt: 'secret' }, queryOf, guarded.hooked.sdk)
  // oxlint-disable-next-line typescript/consistent-type-assertions -- as the library says
  for await (const _ of query as AsyncGenerator<object>) continue
}

test('Claude Code is not started where a budget is set', async () => {
  expect(await rejectionOf(ask)).toBeInstanceOf(UnknownPriceError)
  expect(started).toBe(0)
  expect(guarded.started.guard.underWay.size).toBe(0)
})

test('it is ended by a stop, and not started again', async () => {
  await guarded.rules({ hasBudgets: false })
  const under = rejectionOf(ask)
  expect(guarded.started.guard.underWay.size).toBe(1)
  guarded.stop('s1')
  expect(await guarded.stopped('s1')).toBe(1)
  expect(Reflect.get(Object(await under), 'cause')).toBeInstanceOf(StoppedError)
  expect(await rejectionOf(ask)).toBeInstanceOf(StoppedError)
  expect(started).toBe(1)
  await guarded.resume()
})
