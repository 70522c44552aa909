import { expect, test } from 'vitest'
import { accountsOf } from '../../../ledger/budget.ts'
import { Ledger } from '../../../ledger/ledger.ts'
import { NANO_USD_MAX } from '../../../ledger/nano-usd.ts'
import { CALL_COST_MAX } from '../../../limits/call-cost-max.ts'
import { settle } from './settle.ts'

test('an outcome that no call has is taken for what was held, and can be lowered by a person', () => {
  const ledger = new Ledger({ path: ':memory:', now: () => 1 })
  const budget = { name: 'day', scope: 'agent', window: 'day', limit: NANO_USD_MAX } as const
  const hold = (id: string, amount: number): void =>
    void ledger.hold({ id, amount, process: 'p', accounts: accountsOf([budget], { agent: 'a' }, 1) })
  const told = (id: string, held: number, outcome: { spent: number; unknown?: number }) => {
    hold(id, held)
    const settlement = settle(ledger, { type: 'settle', id, ...outcome }, held)
    const { committed, suspense } = ledger.accounts()[0] ?? {}
    return { ...settlement, committed, suspense }
  }
  expect(told('1', 7, { spent: NANO_USD_MAX })).toMatchObject({ isBooked: true, committed: 7, suspense: 7 })
  expect(told('2', 7, { spent: 1, unknown: NANO_USD_MAX })).toMatchObject({ committed: 14, suspense: 14 })
  expect(told('3', 7, { spent: CALL_COST_MAX })).toMatchObject({ committed: 14 + CALL_COST_MAX, suspense: 14 })
  // A slice may be larger than any call.
  const slice = 3 * CALL_COST_MAX
  expect(told('4', slice, { spent: slice })).toMatchObject({ overBound: 0, committed: 14 + CALL_COST_MAX + slice })
  // Told again it changes nothing.
  expect(told('1', 7, { spent: NANO_USD_MAX })).toMatchObject({ suspense: 14 })
  expect(ledger.problems()).toEqual([])
})
