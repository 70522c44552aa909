import { expect, test } from 'vitest'
import { testContext } from '../../../../test/support/component-context.ts'
import { guardConfig, guardSettings } from './guard-config.ts'
import { watchSpend } from './spend-watch.ts'

test('what is booked is counted once, by agent; what was booked before the start is not', () => {
  const context = testContext('guard')
  const settings = guardSettings(
    guardConfig.parse({ budgets: { daily: { limit_usd: 5 }, hourly: { limit_usd: 1, window: 'hour' } } }),
  )
  const of = (budget: string, agent: string, usd: number) => ({ budget, scope: 'agent', agent, nano: usd * 1e9 })
  let booked = [of('daily', 'a', 7), of('hourly', 'a', 7)]
  const end = watchSpend(() => booked, settings, context)
  const counted = (agent: string) => context.counters.get(`agent_spend_usd_total{agent="${agent}",scope="agent"}`)
  booked = [of('daily', 'a', 9), of('hourly', 'a', 9), of('daily', 'b', 1)]
  context.clock.advance(5000)
  expect([counted('a'), counted('b')]).toEqual([2, 1])
  // The ledger was opened anew: its sums begin at nothing.
  booked = [of('daily', 'a', 1)]
  context.clock.advance(5000)
  booked = [of('daily', 'a', 4)]
  context.clock.advance(5000)
  expect([counted('a'), counted('b')]).toEqual([5, 1])
  end()
})
