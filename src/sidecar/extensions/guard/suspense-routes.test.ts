import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { testContext } from '../../../../test/support/component-context.ts'
import type { ServiceName } from '../../component.ts'
import { Services } from '../../services.ts'
import { guard } from '../guard.ts'
import { guardHost } from './guard-host.ts'
import { processHandle } from './process-handle.ts'

test('a named person lowers what is in suspense, once, to no more than it was; the word is in the audit log', async () => {
  const context = testContext('guard')
  const http = fastify()
  const services = new Services(() => context)
  const service = <T>(name: ServiceName<T>): T => services.get(name)
  const config = guard.config.parse({ budgets: { daily: { limit_usd: 1e-7 } } })
  const extension = guard.create(config, { ...context, http, service, readySinceMs: () => 0 })
  await extension.start?.()
  const ledger = service(guardHost).books?.ledger
  const account = {
    key: 'daily',
    budget: 'daily',
    scope: 'agent' as const,
    value: 'a',
    window: 'day',
    cap: 100,
    endsAt: context.clock.now() + 1e6,
  }
  ledger?.hold({ id: 'h1', amount: 60, accounts: [account], process: 'gone', model: 'm' })
  ledger?.hold({ id: 'h2', amount: 10, accounts: [account], process: 'gone', model: 'm' })
  ledger?.settle('h2', { spent: 10 })
  expect((await http.inject('/api/guard/suspense')).json()).toEqual({ total: 0, holds: [] })
  expect(ledger?.expire()).toEqual(['h1'])
  expect((await http.inject('/api/guard/suspense')).json()).toMatchObject({
    total: 1,
    holds: [{ hold: 'h1', amount_usd: 6e-8, process: processHandle('gone'), kind: 'call', model: 'm' }],
  })
  const release = async (payload: object) => {
    const { statusCode } = await http.inject({ method: 'POST', url: '/api/guard/suspense', payload })
    return statusCode
  }
  const said = { person: 'Ada', reason: 'by the bill' }
  expect(await release({ hold: 'h1', spent_usd: 2e-8 })).toBe(400)
  expect(await release({ hold: 'h1', spent_usd: 7e-8, ...said })).toBe(409)
  expect(await release({ hold: 'h2', ...said })).toBe(409)
  expect(await release({ hold: 'h1', spent_usd: 2e-8, ...said })).toBe(200)
  expect(await release({ hold: 'h1', spent_usd: 1e-8, ...said })).toBe(409)
  ledger?.hold({ id: 's1', amount: 30, accounts: [account], process: 'gone', model: 'slice:30' })
  expect(ledger?.expire()).toEqual(['s1'])
  expect((await http.inject('/api/guard/suspense')).json()).toMatchObject({
    holds: [{ hold: 's1', kind: 'slice', model: null }],
  })
  expect(await release({ hold: 's1', ...said })).toBe(200)
  expect(ledger?.account('daily')).toMatchObject({ committed: 30, held: 0, suspense: 0 })
  expect(ledger?.problems()).toEqual([])
  await extension.stop?.()
  services.close()
  await http.close()
  const lines = readFileSync(join(context.stateFolder, 'audit', 'audit.jsonl'), 'utf8')
    .trim()
    .split('\n')
  expect(lines).toHaveLength(2)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    event: 'action',
    action: 'suspense',
    scope: 'hold:h1 from 60 to 20 nano-USD',
    by: 'Ada',
    reason: 'by the bill',
  })
})
