import { expect, test } from 'vitest'
import { CALL_COST_MAX } from '../../limits/call-cost-max.ts'
import { ModelAttempt } from './model-attempt.ts'

function ended(cost: number | undefined) {
  const told: object[] = []
  const held = { amount: 100, settle: (actual: number | undefined) => void told.push({ settled: actual }) }
  const attempt = new ModelAttempt({ decision: 'allow' }, held, {
    exceeded: (excess) => void told.push({ excess }),
    spent: (spent) => void told.push({ spent }),
  })
  attempt.end(cost)
  return told
}

test('what no call costs is spent as far as it was held, and its model is told of', () => {
  for (const cost of [1e15 * 2500, CALL_COST_MAX + 1, Number.MAX_SAFE_INTEGER + 1, Infinity, Number.NaN, -1])
    expect(ended(cost)).toEqual([{ settled: undefined }, { excess: CALL_COST_MAX - 100 }, { spent: 100 }])
  expect(ended(CALL_COST_MAX)).toMatchObject([{ settled: CALL_COST_MAX }, { excess: CALL_COST_MAX - 100 }, {}])
  expect(ended(undefined)).toEqual([{ settled: undefined }, { spent: 100 }])
  expect(ended(40)).toEqual([{ settled: 40 }, { spent: 40 }])
})
