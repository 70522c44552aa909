import { expect, test } from 'vitest'
import { testContext } from '../../../../test/support/component-context.ts'
import { guardAgent, startGuard } from '../../../../test/support/running-guard.ts'

test('a budget that is renamed says that it begins anew; one that is added, or taken away, says nothing', async () => {
  const context = testContext('guard')
  const told = (): unknown[] => context.logged.flatMap(({ fields }) => ('gone' in fields ? [fields] : []))
  const budget = { limit_usd: 1e-7 }
  const run = async (budgets: object): Promise<unknown[]> => {
    const { socket, stop } = await startGuard({ budgets }, context)
    const { hold, client } = await guardAgent(socket, { process: `p${Object.keys(budgets).join('')}` })
    await hold(1)
    client.close()
    await stop()
    return told()
  }
  expect(await run({ daily: budget })).toEqual([])
  expect(await run({ daily: budget, hourly: { ...budget, window: 'hour' } })).toEqual([])
  expect(await run({ daily: budget })).toEqual([])
  expect(await run({ perday: budget })).toEqual([{ gone: ['daily', 'hourly'], added: ['perday'] }])
})

test('the newest holds are listed, and how many there are', async () => {
  const { http, host, context } = await startGuard({ budgets: { daily: { limit_usd: 5 } } })
  const endsAt = context.clock.now() + 1e7
  const account = { key: 'k', budget: 'daily', scope: 'agent' as const, value: 'a', window: 'day', cap: 5e9, endsAt }
  for (let i = 0; i < 120; i++) {
    context.clock.advance(1)
    host.books?.ledger.hold({ id: `h${i}`, amount: i, accounts: [account], process: 'p' })
  }
  const { holds, holds_total } = (await http.inject('/api/guard')).json()
  expect([holds.length, holds_total, holds[0].amount_usd]).toEqual([100, 120, 119e-9])
})
