import { afterEach, expect, test } from 'vitest'
import { startTestSdk } from '../../test/support/instrumented.ts'
import { DENIAL_CODES } from '../limits/denial-code.ts'
import { runAgentCall } from './agent.ts'
import { denialError } from './guard/denial-error.ts'
import { startAgentRun } from './instrumentation/agent-run.ts'

const { sdk, takeSpans } = startTestSdk()
afterEach(() => void takeSpans())

const resultOf = async (error: unknown): Promise<unknown[]> => {
  await expect(
    runAgentCall(sdk, { name: 'a', attributes: {} }, async () => {
      throw error
    }),
  ).rejects.toBe(error)
  startAgentRun(sdk, { name: 'a', attributes: {} }).fail(error)
  return takeSpans().map(({ attributes }) => attributes['spanwarden.result'])
}

test.each(DENIAL_CODES)('a run that ends by %s', async (code) => {
  const denial = denialError({ code, message: '' })
  const isUndecided = ['GUARD_UNAVAILABLE', 'CLOCK_SKEW', 'RECOVERING'].includes(code)
  const result = isUndecided ? undefined : 'denied'
  expect(await resultOf(denial)).toEqual([result, result])
  expect(await resultOf(new Error('Connection error.', { cause: denial }))).toEqual([result, result])
})

test('another failure is none of a limit', async () => {
  expect(await resultOf(Object.assign(new Error('429'), { code: 'RATE_LIMITED' }))).toEqual([undefined, undefined])
})
