import { expect, test } from 'vitest'
import { bars, tightest } from './limits-api.ts'
import type { BudgetState } from './limits-api.ts'

const budget = (limit: number, committed: number, held: number): BudgetState => ({
  budget: `${limit} ${committed}`,
  scope: 'agent',
  value: 'a',
  ends_at: null,
  limit_usd: limit,
  committed_usd: committed,
  held_usd: held,
  suspense_usd: 0,
  left_usd: Math.max(0, limit - committed - held),
})

test('bars are shares of the limit, and never more than all of it', () => {
  expect(bars(budget(5, 1, 0.5))).toEqual({ spent: 20, held: 10 })
  expect(bars(budget(5, 4.99, 3))).toEqual({ spent: 100, held: 0 })
  expect(bars(budget(5, 4, 3))).toEqual({ spent: 80, held: 20 })
  expect(bars(budget(0, 0, 0))).toEqual({ spent: 100, held: 0 })
})

test('what is nearly spent comes first', () => {
  expect(tightest([budget(5, 1, 0), budget(5, 4, 0), budget(1, 0, 0)], 2).map((one) => one.budget)).toEqual([
    '5 4',
    '5 1',
  ])
})
