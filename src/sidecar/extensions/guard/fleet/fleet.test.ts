import { afterEach, describe, expect, test } from 'vitest'
import { startFleetSidecar } from '../../../../../test/support/fleet-sidecar.ts'
import type { FleetSidecar } from '../../../../../test/support/fleet-sidecar.ts'
import { findRedis, startBlackhole, startRedis } from '../../../../../test/support/redis-server.ts'
import type { RedisServer } from '../../../../../test/support/redis-server.ts'
import { until } from '../../../../../test/support/until.ts'

const undo: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

const CAP = 1_000_000
const DAILY = {
  budgets: { daily: { scope: 'fleet', window: 'run', limit_usd: CAP / 1e9 } },
  lease: '1s',
  max_wait: '5s',
}

async function redisServer(settings?: readonly string[]): Promise<RedisServer> {
  const redis = await startRedis(settings)
  undo.push(() => redis.kill())
  return redis
}

async function sidecar(url: string, more: object = {}, folder?: string): Promise<FleetSidecar> {
  const { fleet = {}, ...config } = more as { fleet?: object }
  const fleetConfig = { url, command_timeout: '300ms', ...fleet }
  const made = await startFleetSidecar({ ...DAILY, ...config, fleet: fleetConfig }, folder)
  let isStopped = false
  const stop = async (): Promise<void> => {
    if (isStopped) return
    isStopped = true
    await made.stop()
  }
  undo.push(stop)
  return {
    ...made,
    stop,
    get fleet() {
      return made.fleet
    },
  }
}

/** Calls until one is denied: what a model server would have seen. `isPatient`: asks again while others hold the rest, which they can be slow to spend. */
async function spendAll(
  one: FleetSidecar,
  amount: number,
  isPatient = false,
): Promise<{ readonly spent: number; readonly code: string }> {
  let spent = 0
  for (;;) {
    const answer = await one.hold(amount)
    if (isPatient && answer.code === 'BUDGET_HELD') continue
    if (!answer.isGranted) return { spent, code: answer.code ?? '' }
    spent += amount
    one.settle(answer.id, amount)
  }
}

/** As by SIGKILL: nothing is given back. */
async function killed(one: FleetSidecar): Promise<void> {
  const { fleet } = one
  fleet.end()
  fleet.close = () => Promise.resolve()
  await one.stop()
}

describe.skipIf(findRedis() === undefined)('budgets of a fleet', () => {
  test('two sidecars spend one cap, all of it and no more', async () => {
    const { url } = await redisServer()
    const all = [await sidecar(url), await sidecar(url), await sidecar(url)]
    for (const one of all) await one.isOpen()
    const results = await Promise.all(all.map((one) => spendAll(one, 5000, true)))
    const spent = results.reduce((sum, one) => sum + one.spent, 0)
    expect(spent).toBeLessThanOrEqual(CAP)
    expect(spent).toBeGreaterThan(CAP * 0.9)
    expect(results.map(({ code }) => code)).toEqual(['BUDGET_EXHAUSTED', 'BUDGET_EXHAUSTED', 'BUDGET_EXHAUSTED'])
  })

  test('without Redis a sidecar spends what it has drawn, then denies and says why; with Redis it goes on by itself', async () => {
    const redis = await redisServer(['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'])
    const one = await sidecar(redis.url)
    await one.isOpen()
    const first = await one.hold(2000)
    one.settle(first.id, 2000)
    await redis.kill()
    await until(() => one.fleet.away !== undefined)
    expect(one.problem()).toEqual({
      code: 'fleet_unavailable',
      message: expect.stringMatching(/^the bank of the fleet is away .*It goes on by itself when Redis is back/),
    })
    expect(one.context.gauges.get('agent_fleet_connected')?.()).toBe(0)
    const { spent, code } = await spendAll(one, 2000)
    expect(code).toBe('GUARD_UNAVAILABLE')
    expect(spent).toBeGreaterThan(0)
    expect(spent).toBeLessThan(CAP * 0.05)
    await until(() => one.fleet.away?.includes('ECONNREFUSED') === true)
    const denied = await one.hold(2000)
    expect(denied.message).toContain("Redis can't be reached (ECONNREFUSED)")
    await redis.restart()
    await until(async () => (await one.hold(2000)).isGranted)
    expect(one.problem().message).toBeUndefined()
    expect(one.context.gauges.get('agent_fleet_connected')?.()).toBe(1)
  })

  test('a Redis that hangs, or whose packets are lost, is away after the time for a command', async () => {
    const redis = await redisServer()
    await using hole = await startBlackhole(redis.port)
    const [one, other] = [await sidecar(redis.url), await sidecar(hole.url)]
    for (const each of [one, other]) await each.isOpen()
    redis.pause()
    undo.push(() => redis.goOn())
    expect((await spendAll(one, 2000)).code).toBe('GUARD_UNAVAILABLE')
    redis.goOn()
    await until(async () => (await one.hold(2000)).isGranted)
    hole.lose()
    expect((await spendAll(other, 2000)).code).toBe('GUARD_UNAVAILABLE')
    expect((await one.hold(2000)).isGranted).toBe(true)
    hole.pass()
    await until(async () => (await other.hold(2000)).isGranted)
  })

  test('Redis forgets everything: the cap holds, and it goes on by itself', async () => {
    const redis = await redisServer()
    const all = [await sidecar(redis.url), await sidecar(redis.url)]
    for (const one of all) await one.isOpen()
    let spent = 0
    const spend = async (one: FleetSidecar | undefined, calls: number): Promise<void> => {
      for (let i = 0; i < calls; i++) {
        const answer = await one?.hold(5000)
        if (answer?.isGranted !== true) return
        spent += 5000
        one?.settle(answer.id, 5000)
      }
    }
    await spend(all[0], 80)
    await spend(all[1], 40)
    expect(spent).toBe(600_000)
    await redis.command('FLUSHALL')
    const newcomer = await sidecar(redis.url)
    expect(await newcomer.hold(5000)).toMatchObject({ isGranted: false, code: 'RECOVERING' })
    for (const one of [...all, newcomer]) await one.isOpen()
    const rest = await Promise.all([...all, newcomer].map((one) => spendAll(one, 5000)))
    for (const one of rest) spent += one.spent
    expect(spent).toBeLessThanOrEqual(CAP)
    expect(spent).toBeGreaterThan(CAP * 0.9)
  })

  test('a sidecar that was killed finds its slice again; a ledger that is gone counts as spent', async () => {
    const { url } = await redisServer()
    const one = await sidecar(url, { fleet: { slice_percent: 10 } })
    await one.isOpen()
    const { id } = await one.hold(1000)
    one.settle(id, 1000)
    await until(() => one.fleet.state.drawn.length === 1)
    const [{ drawn = 0 } = {}] = one.fleet.state.drawn
    expect(drawn).toBeGreaterThan(50_000)
    await killed(one)
    const again = await sidecar(url, { fleet: { slice_percent: 10 } }, one.folder)
    await again.isOpen()
    expect(again.fleet.state.drawn).toMatchObject([{ drawn, total: drawn }])
    await killed(again)
    const fresh = await sidecar(url, { fleet: { slice_percent: 10 } })
    await fresh.isOpen()
    const { spent } = await spendAll(fresh, 10_000)
    expect(spent).toBeLessThanOrEqual(CAP - drawn)
    expect(spent).toBeGreaterThan((CAP - drawn) * 0.9)
  })

  test('what a sidecar does not need goes back when it stops', async () => {
    const { url } = await redisServer()
    const one = await sidecar(url, { fleet: { slice_percent: 50 } })
    await one.isOpen()
    one.settle((await one.hold(100_000)).id, 100_000)
    await one.stop()
    const other = await sidecar(url)
    await other.isOpen()
    expect((await other.hold(900_000)).isGranted).toBe(true)
    expect(await other.hold(1, 100)).toMatchObject({ code: 'BUDGET_HELD' })
  })

  test('what is too little for a call in each of two sidecars is enough for one of them', async () => {
    const { url } = await redisServer()
    // No renewal of the lease comes in between.
    const more = { lease: '60s', fleet: { new_bank: 'operator' } }
    const all = [await sidecar(url, more), await sidecar(url, more)]
    for (const one of all) await until(() => one.fleet.known() !== undefined)
    await all[0]?.fleet.open('Ada', 'the first day')
    await all[1]?.fleet.renew()
    for (const one of all) one.settle((await one.hold(450_000)).id, 400_000)
    const results = await Promise.all(
      all.map(async (one) => {
        const answer = await one.hold(160_000, 5000)
        if (answer.isGranted) one.settle(answer.id, 160_000)
        return answer.code ?? 'granted'
      }),
    )
    expect(results.toSorted()).toEqual(['BUDGET_EXHAUSTED', 'granted'])
  })

  test('budgets of sessions and runs stay those of each sidecar', async () => {
    const { url } = await redisServer()
    const budgets = { own: { scope: 'agent', limit_usd: CAP / 1e9 } }
    const fleet = { scopes: ['fleet'] }
    const all = [await sidecar(url, { budgets, fleet }), await sidecar(url, { budgets, fleet })]
    for (const one of all) expect((await one.hold(CAP)).isGranted).toBe(true)
  })
})

describe.skipIf(findRedis() === undefined)('limits of calls in a fleet', () => {
  const RATES = { rates: { posts: { class: 'post', scope: 'fleet', limit: 10, window: '1h' } } }
  const posts = async (one: FleetSidecar | undefined, calls: number) => {
    const codes: string[] = []
    for (let i = 0; i < calls; i++) {
      const answer = await one?.admit('post', 'post')
      codes.push(answer?.isGranted === true ? 'ok' : (answer?.code ?? ''))
    }
    return codes
  }
  const count = (codes: readonly string[], code: string): number => codes.filter((one) => one === code).length

  test('ten posts an hour are ten of all sidecars, whatever Redis forgets', async () => {
    const redis = await redisServer()
    const all = [await sidecar(redis.url, RATES), await sidecar(redis.url, RATES)]
    for (const one of all) await one.isOpen()
    expect(count(await posts(all[0], 4), 'ok')).toBe(4)
    expect(count(await posts(all[1], 3), 'ok')).toBe(3)
    await redis.command('FLUSHALL')
    await until(async () => (await posts(all[0], 1))[0] === 'ok')
    // The first that were asked for may have been told to the new bank before they were denied, and are taken back behind that.
    const after = [...(await posts(all[0], 5)), ...(await posts(all[1], 5))]
    expect(count(after, 'ok')).toBe(2)
    expect(count(after, 'RATE_LIMITED')).toBe(8)
  })

  test('a call that was not made is given back; without Redis nobody posts', async () => {
    const redis = await redisServer()
    const one = await sidecar(redis.url, RATES)
    await one.isOpen()
    for (const id of ['x', 'y']) expect((await one.admit('post', 'post', id)).isGranted).toBe(true)
    expect(count(await posts(one, 10), 'ok')).toBe(8)
    one.outcome('x', true)
    await until(async () => (await posts(one, 1))[0] === 'ok')
    one.outcome('y', true)
    await redis.kill()
    expect(await one.admit('post', 'post')).toMatchObject({ isGranted: false, code: 'GUARD_UNAVAILABLE' })
    // What has no limit of the fleet goes on for a lease, what only reads for longer.
    await until(() => one.fleet.unheard !== undefined)
    expect(await one.admit('write', 'write')).toMatchObject({ isGranted: false, code: 'GUARD_UNAVAILABLE' })
    expect(await one.admit('look', 'read')).toMatchObject({ isGranted: true })
  })
})

describe.skipIf(findRedis() === undefined)('stops of a fleet', () => {
  const isStopped = (one: FleetSidecar, value: string): boolean =>
    one.host.books?.stops.isStopped('agent', value) === true
  const order = { scope: 'agent', value: 'support', reason: 'a test' } as const

  test('a stop and a resume reach all; a stop outlives Redis', async () => {
    const redis = await redisServer()
    const [one, other] = [await sidecar(redis.url), await sidecar(redis.url)]
    for (const each of [one, other]) await each.isOpen()
    await one.host.kill.stop(order, 'Ada', 0)
    await until(() => isStopped(other, 'support'))
    expect(await other.hold(10)).toMatchObject({ isGranted: false, code: 'STOPPED' })
    await redis.command('FLUSHALL')
    const late = await sidecar(redis.url)
    await until(() => isStopped(late, 'support'))
    await until(() => late.fleet.known() !== undefined)
    expect(await late.host.kill.resume({ ...order, person: 'Ada' })).toBe(true)
    await until(() => !isStopped(one, 'support') && !isStopped(other, 'support'))
    expect((await other.hold(10)).code).not.toBe('STOPPED')
  })

  test('what was ordered while Redis was away goes out when it is back', async () => {
    const redis = await redisServer()
    await using hole = await startBlackhole(redis.port)
    const [one, cut] = [await sidecar(redis.url), await sidecar(hole.url)]
    for (const each of [one, cut]) await each.isOpen()
    hole.lose()
    await until(() => cut.fleet.away !== undefined)
    await cut.host.kill.stop(order, 'Ada', 0)
    await one.host.kill.stop({ ...order, value: 'other' }, 'Bob', 0)
    hole.pass()
    await until(() => isStopped(one, 'support') && isStopped(cut, 'other'))
    expect(await one.hold(10)).toMatchObject({ code: 'STOPPED' })
  })
})

describe.skipIf(findRedis() === undefined)('at the start', () => {
  test('a Redis that would forget is refused, one that is away is not', async () => {
    const redis = await redisServer(['--save', '', '--maxmemory-policy', 'volatile-ttl'])
    await expect(sidecar(redis.url)).rejects.toThrow('maxmemory-policy volatile-ttl')
    await redis.kill()
    const one = await sidecar(redis.url)
    expect(await one.hold(10)).toMatchObject({ isGranted: false, code: 'GUARD_UNAVAILABLE' })
    expect((await one.http.inject('/api/guard/fleet')).json()).toMatchObject({
      away: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('an empty Redis waits for a person where that was said', async () => {
    const redis = await redisServer()
    const one = await sidecar(redis.url, { fleet: { new_bank: 'operator' } })
    await until(() => one.fleet.known() !== undefined)
    expect(await one.hold(10)).toMatchObject({ code: 'RECOVERING' })
    const payload = { person: 'Ada', reason: 'the first day' }
    const opened = await one.http.inject({ method: 'POST', url: '/api/guard/fleet/open', payload })
    expect(opened.json()).toEqual({ opened_without: [] })
    expect((await one.hold(10)).isGranted).toBe(true)
  })
})
