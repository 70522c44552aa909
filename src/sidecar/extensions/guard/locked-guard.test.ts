import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { testContext } from '../../../../test/support/component-context.ts'
import { DAILY, guardAgent, startGuard, undo } from '../../../../test/support/running-guard.ts'
import { until } from '../../../../test/support/until.ts'
import { systemClock } from '../../system-clock.ts'

type Running = Awaited<ReturnType<typeof startGuard>>

const post = (http: Running['http'], what: string, payload: object) =>
  http.inject({ method: 'POST', url: `/api/guard/${what}`, payload })

/** What another process does to the ledger of the guard. */
function locked({ context }: Pick<Running, 'context'>): DatabaseSync {
  const other = new DatabaseSync(join(context.stateFolder, 'ledger.db'))
  undo.push(() => (other.isOpen ? other.close() : undefined))
  other.exec('BEGIN IMMEDIATE')
  return other
}
const STOP = { scope: 'agent', value: 'support', person: 'Ada', reason: 'posts nonsense' }

test('what agents say while the ledger is locked is in the books when it is not; they are answered then, and lose nothing', async () => {
  const running = await startGuard(DAILY, undefined, systemClock)
  const one = await guardAgent(running.socket)
  expect(await one.hold(60)).toMatchObject({ isGranted: true })
  const other = locked(running)
  one.settle(1, 50)
  let answered = 0
  const asked = one.hold(50).finally(() => answered++)
  await until(() => running.extension.problem?.()?.includes('holds a lock on ledger.db') === true)
  // The sidecar goes on: it answers others, and waits for nobody.
  expect((await running.http.inject('/api/guard')).statusCode).toBe(200)
  expect([answered, one.seen.lost]).toEqual([0, []])
  other.exec('ROLLBACK')
  expect(await asked).toMatchObject({ isGranted: true })
  expect(running.host.books?.ledger.account('daily/agent/support/' + today())).toMatchObject({
    committed: 50,
    held: 50,
  })
  expect(running.extension.problem?.()).toBeUndefined()
})

test('nothing is taken from agents that could not renew while the ledger was locked', async () => {
  const running = await startGuard(DAILY)
  const { clock } = running.context
  const one = await guardAgent(running.socket)
  await one.hold(60)
  await one.client.flush(5000)
  const other = locked(running)
  one.client.tell({ type: 'spend', id: 'p1-1', step: 1, amount: 5 })
  await until(() => {
    clock.advance(50)
    return running.extension.problem?.() !== undefined
  })
  clock.advance(40_000)
  other.exec('ROLLBACK')
  clock.advance(5000)
  expect(running.host.books?.ledger.holds()).toMatchObject([{ amount: 55, state: 'open' }])
  // It is not that nobody ever is.
  clock.advance(40_000)
  expect(running.host.books?.ledger.holds()).toMatchObject([{ state: 'suspense' }])
})

test('a stop is in force and confirmed while the ledger is locked, outlives a restart, and is written when it can be', async () => {
  const running = await startGuard(DAILY)
  const file = join(running.context.stateFolder, 'stops.json')
  const one = await guardAgent(running.socket)
  const other = locked(running)
  const said = await post(running.http, 'stop', { ...STOP, wait_ms: 5000 })
  expect(said.json()).toMatchObject({ isConfirmed: true, kept: 'file', processes: [{ state: 'confirmed' }] })
  expect(one.seen.stops).toHaveLength(1)
  expect(existsSync(file)).toBe(true)
  const resume = { ...STOP, reason: 'mended' }
  expect((await post(running.http, 'resume', resume)).statusCode).toBe(503)
  // Killed here: what the file says is all that is left.
  const text = readFileSync(file)
  other.exec('ROLLBACK')
  running.context.clock.advance(500)
  expect(existsSync(file)).toBe(false)
  expect((await running.http.inject('/api/guard/stops')).json()).toMatchObject({ confirmations: [{ kept: 'ledger' }] })
  expect((await post(running.http, 'resume', resume)).json()).toEqual({ resumed: true })
  await running.stop()
  writeFileSync(file, text)
  const again = await startGuard(DAILY, running.context)
  expect(again.host.books?.stops.all()).toMatchObject([{ scope: 'agent', value: 'support', person: 'Ada' }])
  again.context.clock.advance(500)
  expect(existsSync(file)).toBe(false)
  expect(again.host.books?.stops.isStopped('agent', 'support')).toBe(true)
})

test('what is stopped and can not be read stops all', async () => {
  const context = testContext('guard')
  writeFileSync(join(context.stateFolder, 'stops.json'), '[{"scope":"agent"')
  const { host } = await startGuard(DAILY, context)
  expect(host.books?.stops.isStopped('fleet', 'fleet')).toBe(true)
})

const today = (): string => new Date().toISOString().slice(0, 10)
