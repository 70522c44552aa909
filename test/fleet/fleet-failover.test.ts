import { afterEach, describe, expect, test } from 'vitest'
import { startFleetSidecar } from '../support/fleet-sidecar.ts'
import type { FleetSidecar } from '../support/fleet-sidecar.ts'
import { findRedis, startBlackhole, startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

const undo: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

const CAP = 1_000_000
const CALL = 2000
const IN_MEMORY = ['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0']

/** A primary with a replica, and an address that leads to one of them, as a proxy or a managed endpoint does. */
async function pair() {
  const primary = await startRedis(IN_MEMORY)
  undo.push(() => primary.kill())
  const replica = await startRedis([...IN_MEMORY, '--replicaof', `127.0.0.1 ${primary.port}`])
  undo.push(() => replica.kill())
  await until(async () => (await replica.command('INFO', 'replication')).includes('master_link_status:up'))
  const address = await startBlackhole(primary.port)
  undo.push(() => address[Symbol.asyncDispose]())
  return { primary, replica, address }
}

async function sidecar(url: string, fleet: object = {}): Promise<FleetSidecar> {
  const made = await startFleetSidecar({
    budgets: { daily: { scope: 'fleet', window: 'run', limit_usd: CAP / 1e9 } },
    lease: '1s',
    max_wait: '3s',
    fleet: { url, command_timeout: '300ms', ...fleet },
  })
  undo.push(made.stop)
  await made.isOpen()
  return made
}

/** What was spent until the first call that is denied. */
async function spend(one: FleetSidecar, calls = Infinity): Promise<{ spent: number; code: string }> {
  for (let spent = 0; ; spent += CALL) {
    if (spent >= calls * CALL) return { spent, code: '' }
    const { id, isGranted, code = '' } = await one.hold(CALL, 1000)
    if (!isGranted) return { spent, code }
    one.settle(id, CALL)
  }
}

const promoted = (server: RedisServer): Promise<string> => server.command('REPLICAOF', 'NO', 'ONE')

describe.skipIf(findRedis() === undefined)('a failover', () => {
  test('that loses the last writes is noticed: the cap and the stops hold, and it goes on by itself', async () => {
    const { primary, replica, address } = await pair()
    // Nobody waits for replicas, so there is something to lose.
    const all = [await sidecar(address.url, { wait_replicas: 0 }), await sidecar(address.url, { wait_replicas: 0 })]
    let spent = 0
    for (const one of all) spent += (await spend(one, 60)).spent
    // From here on the replica has nothing of what is written.
    await promoted(replica)
    for (const one of all) spent += (await spend(one, 100)).spent
    expect(spent).toBe(640_000)
    const stop = { scope: 'agent', value: 'other', reason: 'a test' } as const
    await all[0]?.host.kill.stop(stop, 'Ada', 0)
    await until(() => all[1]?.host.books?.stops.isStopped('agent', 'other') === true)
    address.redirect(replica.port)
    await primary.kill()
    const newcomer = await sidecar(address.url, { wait_replicas: 0 })
    await until(() => newcomer.host.books?.stops.isStopped('agent', 'other') === true)
    for (const one of all) await one.isOpen()
    for (const one of await Promise.all([...all, newcomer].map((each) => spend(each)))) {
      spent += one.spent
      expect(one.code).toBe('BUDGET_EXHAUSTED')
    }
    expect(spent).toBeLessThanOrEqual(CAP)
    expect(spent).toBeGreaterThan(CAP * 0.9)
  })

  test('that leaves a primary behind: nothing is drawn there, also not by who comes later', async () => {
    const { primary, replica, address } = await pair()
    const one = await sidecar(address.url)
    expect((await spend(one, 1)).spent).toBe(CALL)
    await until(async () => (await primary.command('HGET', '{spanwarden}:bank', 'replicas')).includes('1'))
    await promoted(replica)
    const rest = await spend(one)
    expect(rest.spent).toBeLessThan(CAP * 0.05)
    expect((await one.hold(CALL, 0)).message).toContain('fewer than 1 replicas of Redis have what was granted')
    const late = await sidecar(address.url)
    expect((await spend(late)).spent).toBe(0)
    // The address leads to the new primary again.
    address.redirect(replica.port)
    await primary.kill()
    await until(async () => (await late.hold(CALL)).isGranted)
  })

  test('in good order: a primary that has become a replica is left for the other', async () => {
    const { primary, replica, address } = await pair()
    const one = await sidecar(address.url)
    expect((await spend(one, 1)).spent).toBe(CALL)
    await promoted(replica)
    await primary.command('REPLICAOF', '127.0.0.1', String(replica.port))
    await until(() => one.fleet.away?.includes('it is a replica') === true)
    address.redirect(replica.port)
    await until(() => one.fleet.away === undefined)
    await one.isOpen()
    const { spent, code } = await spend(one)
    expect(code).toBe('BUDGET_EXHAUSTED')
    expect(spent).toBeGreaterThan(CAP * 0.9)
  })

  test('by Sentinel is nothing that is spoken, and is said at the start', async () => {
    const sentinel = await startRedis(['--sentinel'])
    undo.push(() => sentinel.kill())
    await expect(sidecar(sentinel.url)).rejects.toThrow(/is a Sentinel, which is not spoken: name an address/)
  })
})
