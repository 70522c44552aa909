import { expect, test } from 'vitest'
import { testContext } from '../../../../test/support/component-context.ts'
import { guardConfig, guardSettings } from './guard-config.ts'
import { watchSpend } from './spend-watch.ts'

test('books that can not be read end nothing: what was booked is counted when they can', () => {
  const context = testContext('guard')
  const settings = guardSettings(guardConfig.parse({ budgets: { daily: { limit_usd: 5 } } }))
  const of = (committed: number) => [
    {
      key: 'k',
      budget: 'daily',
      scope: 'agent',
      value: 'a',
      window: 'day',
      endsAt: 1,
      cap: 5,
      held: 0,
      suspense: 0,
      committed,
    },
  ]
  let read = () => of(0)
  const end = watchSpend(() => read(), settings, context)
  read = () => {
    throw new RangeError('the value is too large')
  }
  context.clock.advance(5000)
  read = () => of(2_000_000_000)
  context.clock.advance(5000)
  expect(context.counters.get('agent_spend_usd_total{agent="a",scope="agent"}')).toBe(2)
  end()
})
