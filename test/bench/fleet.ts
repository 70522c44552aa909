/**
 * How a fleet spends one cap, and how long the last tenth of it takes: sidecars over one Redis, calls that are small against the cap.
 * `node test/bench/fleet.ts [sidecars] [calls at once] [calls that the cap is] [lease, in s]`
 */
import { availableParallelism, loadavg } from 'node:os'
import { startFleetSidecar } from '../support/fleet-sidecar.ts'
import { startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

const [sidecars = 3, atOnce = 8, callsOfCap = 2000, leaseSeconds = 15] = process.argv.slice(2).map(Number)
const CALL = 1_000_000
const cap = callsOfCap * CALL
const budgets = { all: { scope: 'fleet', window: 'run', limit_usd: cap / 1e9 } }
await using redis = await startRedis()
const nodes = await Promise.all(
  Array.from({ length: sidecars }, () =>
    startFleetSidecar({
      budgets,
      lease: `${leaseSeconds}s`,
      max_wait: '30s',
      fleet: { url: redis.url, new_bank: 'operator' },
    }),
  ),
)
await until(() => nodes.every(({ fleet }) => fleet.known() !== undefined))
await nodes[0]?.fleet.open('a bench', 'it is new')
for (const node of nodes) await node.fleet.renew()
let spent = 0
let held = 0
const reached = new Map<number, number>()
const startedAt = performance.now()
await Promise.all(
  nodes.flatMap((node) =>
    Array.from({ length: atOnce }, async () => {
      for (;;) {
        const answer = await node.hold(CALL, 30_000)
        if (!answer.isGranted) {
          if (answer.code === 'BUDGET_EXHAUSTED') return
          held += 1
          continue
        }
        // What it costs is known later, and is half of what it could have cost at most.
        const cost = CALL / 2
        node.settle(answer.id, cost)
        spent += cost
        const percent = Math.floor((spent / cap) * 100)
        if (!reached.has(percent)) reached.set(percent, performance.now() - startedAt)
      }
    }),
  ),
)
const at = (percent: number): string => `${percent} % after ${Math.round(reached.get(percent) ?? -1)} ms`
const commands = /cmdstat_evalsha:calls=(\d+)/.exec(await redis.command('INFO', 'commandstats'))?.[1]
console.log(
  `${sidecars} sidecars, ${atOnce} calls at once in each, a cap of ${callsOfCap} calls: ${((spent / cap) * 100).toFixed(2)} % spent, ${[50, 90, 95, 99].map(at).join(', ')}, ` +
    `all after ${Math.round(performance.now() - startedAt)} ms; ${commands} questions to Redis, ${held} calls denied as held; load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} processors`,
)
for (const node of nodes) await node.stop()
