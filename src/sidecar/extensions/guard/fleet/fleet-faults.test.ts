import { randomInt } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startFleetSidecar } from '../../../../../test/support/fleet-sidecar.ts'
import type { FleetSidecar } from '../../../../../test/support/fleet-sidecar.ts'
import { findRedis, startBlackhole, startRedis } from '../../../../../test/support/redis-server.ts'

/** Longer by hand: FLEET_FAULTS_MS=600000 vitest run … */
const DURATION_MS = Number(process.env['FLEET_FAULTS_MS'] ?? 12_000)
const CAP = 20_000_000
const CALL = 20_000

/** Whatever happens to Redis, to the network and to sidecars: the books of the model server never show more than the cap, and nearly all of it can be used. */
test.skipIf(findRedis() === undefined)(
  'the cap holds under faults',
  async () => {
    // Every write is on disk before it is answered: what `kill` loses is not known to anybody.
    const settings = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always']
    await using redis = await startRedis(settings)
    await using hole = await startBlackhole(redis.port)
    const start = (url: string, folder?: string): Promise<FleetSidecar> =>
      startFleetSidecar(
        {
          budgets: { all: { scope: 'fleet', window: 'run', limit_usd: CAP / 1e9 } },
          lease: '1s',
          max_wait: '2s',
          fleet: { url, command_timeout: '200ms' },
        },
        folder,
      )
    const nodes = [await start(redis.url), await start(redis.url), await start(hole.url)]
    // What a model server would have been paid: a call counts from when it may be made.
    let paid = 0
    const over = new AbortController()
    const call = async (i: number): Promise<'made' | 'denied' | 'spent'> => {
      const node = nodes[i]
      const answer = await node?.hold(CALL, 500)
      if (answer?.isGranted !== true) return answer?.code === 'BUDGET_EXHAUSTED' ? 'spent' : 'denied'
      const cost = randomInt(CALL / 2, CALL + 1)
      paid += cost
      node?.settle(answer.id, cost)
      return 'made'
    }
    const work = nodes.map(async (_, i) => {
      while (!over.signal.aborted) if ((await call(i)) !== 'made') await after(20)
    })
    const faults = [
      async () => {
        redis.pause()
        await after(randomInt(50, 600))
        redis.goOn()
      },
      () => redis.restart(),
      async () => void (await redis.command('FLUSHALL').catch(() => '')),
      async () => {
        hole.lose()
        await after(randomInt(50, 1500))
        hole.pass()
      },
      // As by SIGKILL, and started again with its ledger.
      async () => {
        const i = randomInt(nodes.length)
        const [node] = [nodes[i]]
        if (node === undefined) return
        const { fleet } = node
        fleet.end()
        fleet.close = () => Promise.resolve()
        await node.stop()
        nodes[i] = await start(i === 2 ? hole.url : redis.url, node.folder)
      },
    ]
    const counts = faults.map(() => 0)
    for (const endMs = performance.now() + DURATION_MS; performance.now() < endMs;) {
      await after(randomInt(100, 900))
      const which = randomInt(faults.length)
      counts[which] = (counts[which] ?? 0) + 1
      await faults[which]?.()
      expect(paid).toBeLessThanOrEqual(CAP)
    }
    // Quiet again: the rest can be spent without a person.
    over.abort()
    await Promise.all(work)
    for (const node of nodes) await node.isOpen()
    for (let spent = 0; spent < nodes.length;) {
      const results = await Promise.all(nodes.map((_, i) => call(i)))
      spent = results.filter((one) => one === 'spent').length
    }
    for (const node of nodes) await node.stop()
    expect(paid).toBeLessThanOrEqual(CAP)
    expect(paid).toBeGreaterThan(CAP * 0.9)
  },
  DURATION_MS + 120_000,
)
